/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hints: a digit of 4 bits per frame, made of the name of its function.  The
 * ID of a site changes with every build; its hint says which site of another
 * build it may have been.
 *
 * A digit is FNV-1a (engine/site/hash.h) of the symbol without what a compiler
 * or a linker adds (".isra.0", "@@V1"), folded to 1..15; of a module's base
 * name without digits, dots and dashes where there is no symbol; 0 stands for
 * no frame.
 */
#ifndef HMS_ENGINE_SITE_HINT_H
#define HMS_ENGINE_SITE_HINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/site/module.h"

#define SITE_HINT_DIGITS 8

/* A function of a module: 8 bytes, because there are 10^5 of them. */
struct site_hint {
	uint32_t start; /* bytes from module->start */
	uint32_t size : 28; /* bytes; 0: not known */
	uint32_t digit : 4;
};

/*
 * Set once, before the first return address is looked up; otherwise names of
 * functions are not kept, and all hints are 0.
 */
extern bool site_hints_wanted __attribute__((visibility("hidden")));

/* Pure functions. */
unsigned site_hint_of_symbol(const char *name);
unsigned site_hint_of_module(const char *path);
/* Digit number i, the nearest frame's first, in its place; i may be any. */
static inline uint32_t site_hint_place(unsigned digit, unsigned i)
{
	return i < SITE_HINT_DIGITS
		       ? (uint32_t)digit << 4 * (SITE_HINT_DIGITS - 1 - i)
		       : 0;
}

struct hms_arena;

/*
 * Filling a module's table, under the lock of sites: room for n more, each
 * function, then once the end.  Without memory functions are left out.
 */
void site_hints_room(
	struct site_module *module, size_t n, struct hms_arena *arena);
void site_hints_add(struct site_module *module, const char *name,
	uintptr_t start, size_t size);
void site_hints_sort(struct site_module *module);
/*
 * The digit for code at addr; [start, end) is the function as unwind tables
 * know it, or 0.  0 if hints are not wanted.
 */
unsigned site_hint_at(const struct site_module *module, uintptr_t addr,
	uintptr_t start, uintptr_t end);

#endif
