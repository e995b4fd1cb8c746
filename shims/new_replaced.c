/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loader has bound these names as the program's own calls are bound, so
 * their addresses say whose they are.  Apart from new.c, where the compiler
 * would take its own definitions for granted.
 */
#include "shims/new.h"

#include <stddef.h>

#define HIDDEN __attribute__((visibility("hidden")))

/* Our object's first and last address; ld(1) defines them. */
extern const char __ehdr_start[] HIDDEN, _end[] HIDDEN;

extern const char _Znwm[], _Znam[], _ZdlPv[], _ZdaPv[];
extern const char _ZnwmSt11align_val_t[], _ZdlPvSt11align_val_t[];

bool hms_new_replaced(void)
{
	const char *const bound[] = { _Znwm, _Znam, _ZdlPv, _ZdaPv,
		_ZnwmSt11align_val_t, _ZdlPvSt11align_val_t };

	for (size_t i = 0; i < sizeof(bound) / sizeof(*bound); i++)
		if (bound[i] < __ehdr_start || bound[i] >= _end)
			return true;
	return false;
}
