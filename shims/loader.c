/* SPDX-License-Identifier: BSD-2-Clause */
/* What loader.S reads and calls. */
#include "shims/loader.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>

#define HIDDEN __attribute__((visibility("hidden")))

void *hms_loader_dlopen HIDDEN;
void *hms_loader_dlmopen HIDDEN;
int hms_loader_mask HIDDEN = ~0;

void hms_loader_resolve(void) HIDDEN;

/* The chain must never end in a null jump: then the call simply fails. */
static void *no_loader(void)
{
	return NULL;
}

void hms_loader_resolve(void)
{
	int saved = errno;
	void *next = dlsym(RTLD_NEXT, "dlopen");
	void *mnext = dlsym(RTLD_NEXT, "dlmopen");

	hms_loader_dlopen = next ? next : (void *)no_loader;
	hms_loader_dlmopen = mnext ? mnext : (void *)no_loader;
	errno = saved;
}

void hms_loader_clear_deepbind(void)
{
	hms_loader_mask = ~RTLD_DEEPBIND;
}
