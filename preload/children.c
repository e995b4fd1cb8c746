/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * HMS_CHILDREN=drop: what this program executes runs without HMS.  Our own
 * entry leaves LD_PRELOAD, others stay.  The strings are shortened where they
 * stand: setenv would allocate, and the program may hold pointers to them.
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

#include "preload/preload.h"

#define SEPARATORS ": " /* ld.so(8) */

static bool is_ours(const char *entry, size_t len)
{
	static const char name[] = "libhms_preload";
	size_t start = len;

	while (start > 0 && entry[start - 1] != '/')
		start--;
	return len - start >= strlen(name) &&
	       !strncmp(entry + start, name, strlen(name));
}

void hms_children_drop(char **environment)
{
	static const char variable[] = "LD_PRELOAD=";

	for (; *environment; environment++) {
		char *first, *from, *to;

		if (strncmp(*environment, variable, strlen(variable)))
			continue;
		first = from = to = *environment + strlen(variable);
		while (*from) {
			size_t len = strcspn(from, SEPARATORS);
			size_t skip = strspn(from + len, SEPARATORS);

			if (!is_ours(from, len)) {
				memmove(to, from, len + skip);
				to += len + skip;
			}
			from += len + skip;
		}
		/* We may have been the last of several. */
		while (to > first && strchr(SEPARATORS, to[-1]))
			to--;
		*to = 0;
	}
}
