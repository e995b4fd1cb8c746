/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * With -DBY_NAME a program finds the functions of a vendor's library by
 * dlopen(3) and dlsym(3), or by the library's own resolver, if PLACE_BY is
 * "resolver"; else it is linked with it.
 */
#ifndef TESTS_VENDOR_BY_NAME_H
#define TESTS_VENDOR_BY_NAME_H

#ifdef BY_NAME
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static inline void *by_name(
	const char *library, const char *resolver, const char *name)
{
	static void *handle;
	const char *way = getenv("PLACE_BY");
	int (*resolve)(const char *, void **, int, uint64_t, void *);
	void *found = NULL;

	if (!handle)
		handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		exit(77);
	if (!way || strcmp(way, "resolver") != 0)
		return dlsym(handle, name);
	*(void **)&resolve = dlsym(handle, resolver);
	if (resolve(name, &found, 60000, 0, NULL))
		found = dlsym(handle, name);
	return found;
}
#endif

#endif
