/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What plugins.c loads.  Allocates in its constructor, frees in its
 * destructor, and passes blocks to and from its host.
 */
#include <stdlib.h>
#include <string.h>

struct plugin_calls {
	void *(*make)(size_t n);
	void *(*grow)(void *p, size_t n);
	void (*drop)(void *p);
	char *(*copy)(const char *s);
};
extern const struct plugin_calls plugin_calls;

static char *own;
static __thread char *per_thread;

__attribute__((constructor)) static void start(void)
{
	own = calloc(1, 5000);
}

__attribute__((destructor)) static void end(void)
{
	free(own);
}

static void *make(size_t n)
{
	free(per_thread);
	per_thread = malloc(100);
	return malloc(n);
}

static void *grow(void *p, size_t n)
{
	return realloc(p, n);
}

static void drop(void *p)
{
	free(per_thread);
	per_thread = NULL;
	free(p);
}

static char *copy(const char *s)
{
	char *p = malloc(strlen(s) + 8);

	return strcat(strcpy(p, "copied "), s);
}

__attribute__((visibility("default")))
const struct plugin_calls plugin_calls = { make, grow, drop, copy };
