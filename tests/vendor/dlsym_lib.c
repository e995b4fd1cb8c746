/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Libraries for dlsym.c.  OVER: adds to what the next library of that name
 * says, and can load what only its own RUNPATH leads to.  Else: the last.
 */
#include <dlfcn.h>
#include <stddef.h>

int over(int depth);
void *load_hidden(void);
extern int last_one;
extern int *needed;

#ifdef OVER

/* So that the linker keeps the last one. */
int *needed = &last_one;

int over(int depth)
{
	/* Not kept: a hook may answer the second time otherwise. */
	int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "over");

	if (depth > 3)
		return -1000;
	return next ? 1 + next(depth + 1) : -1;
}

void *load_hidden(void)
{
	return dlopen("libdlsym_by_runpath.so", RTLD_NOW);
}

#else

int last_one;

int over(int depth)
{
	return 40;
}

#endif
