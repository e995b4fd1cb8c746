/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dlsym.S on an architecture that this machine only emulates: what it jumps to,
 * two libraries of which one asks for the next, and a program, by part.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#if defined(PICK)
struct picked {
	void *result;
	long decided;
};

void *hms_dlsym_next __attribute__((visibility("hidden")));
void hms_dlsym_resolve(void) __attribute__((visibility("hidden")));
struct picked hms_dlsym_pick(void *handle, const char *name)
	__attribute__((visibility("hidden")));

static int answer(void)
{
	return 42;
}

void hms_dlsym_resolve(void)
{
	hms_dlsym_next = dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.34");
	if (!hms_dlsym_next)
		hms_dlsym_next = dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.17");
}

struct picked hms_dlsym_pick(void *handle, const char *name)
{
	struct picked none = { NULL, 0 }, ours = { (void *)answer, 1 };

	return strcmp(name, "cuAnswer") ? none : ours;
}
#elif defined(LAST)
int number(void)
{
	return 7;
}
#elif defined(OVER)
int number(void)
{
	int (*next)(void) = (int (*)(void))dlsym(RTLD_NEXT, "number");

	return next ? 10 * next() : -1;
}
#else
int number(void);

int main(void)
{
	int (*answer)(void) = (int (*)(void))dlsym(RTLD_DEFAULT, "cuAnswer");

	printf("%d %d %d %d\n", number(), answer ? answer() : 0,
		dlsym(RTLD_DEFAULT, "cuOther") == NULL,
		dlsym(RTLD_DEFAULT, "puts") != NULL);
	return 0;
}
#endif
