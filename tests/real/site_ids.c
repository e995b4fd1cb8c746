/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls from a few sites; see sites.sh.  Without an argument it prints which
 * site each call is from; with one, the very same calls go to malloc instead.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/site/walk.h"
#include "tests/real/site_ids.h"

#define NOINLINE __attribute__((noinline))

static __thread const char *label;
static volatile int keep;

static NOINLINE void *tell(size_t n)
{
	struct hms_stack stack = { 0 };

	hms_walk(__builtin_return_address(0), false, &stack);
	printf("%s %016llx\n", label, (unsigned long long)stack.site);
	return malloc(n);
}

static make_t *hook = tell;

static NOINLINE void *function(void)
{
	void *block = hook(100);

	keep++;
	return block;
}

static NOINLINE void *other(void)
{
	void *block = hook(100);

	keep += 2;
	return block;
}

static void *in_thread(void *unused)
{
	label = "thread";
	free(function());
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	if (argc > 1)
		hook = malloc;
	else if (hms_sites_start(NULL, 0))
		return 1;
	label = "once";
	free(function());
	label = "thrice";
	for (int i = 0; i < 3; i++)
		free(function());
	label = "other";
	for (int i = 0; i < 5; i++)
		free(other());
	label = "library";
	for (int i = 0; i < 7; i++)
		free(site_ids_make(hook, 100));
	for (int i = 0; i < 2; i++) {
		if (pthread_create(&thread, NULL, in_thread, NULL))
			return 1;
		pthread_join(thread, NULL);
	}
	return 0;
}
