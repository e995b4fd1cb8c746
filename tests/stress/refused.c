/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All memory of a strict place is used up; then threads begin, and ask for
 * some.  They may be refused, even be refused to begin, but nothing may crash:
 * catches caches of threads that there was no memory for.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static void *ask(void *unused)
{
	for (size_t n = 1; n < 100000; n *= 3)
		free(malloc(n));
	return NULL;
}

int main(void)
{
	pthread_t thread;
	size_t taken = 0;

	while (malloc(60000))
		taken++;
	while (malloc(100))
		taken++;
	for (int i = 0; i < 3; i++)
		if (!pthread_create(&thread, NULL, ask, NULL))
			pthread_join(thread, NULL);
	puts(taken ? "some, then no more" : "none");
	return 0;
}
