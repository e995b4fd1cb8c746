/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What code belongs to: the program, its libraries, what it dlopens.
 *
 * A record is one file mapped at one place.  Records are never freed: code
 * that comes back to where it was finds its record again, so dlopen and
 * dlclose in a loop make no new ones.  What comes back has the same name, and
 * the same build-id; without one, the same layout and exported names.
 */
#ifndef HMS_ENGINE_SITE_MODULE_H
#define HMS_ENGINE_SITE_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of a module that tell it from another one at the same place. */
#define SITE_PRINT 64

/* Addresses [start, end) of functions that some patterns match. */
struct site_range {
	uintptr_t start, end;
	uint64_t patterns;
};

struct site_module {
	struct site_module *next;
	uintptr_t start, end; /* as _dl_find_object() says */
	const void *unwind; /* its PT_GNU_EH_FRAME */
	uintptr_t base; /* what to take from an address to get the file's */
	/* Loaded with the program: it cannot go, and is not looked up again. */
	bool permanent;
	/* What stands at print must be what stood there; len 0: nothing. */
	const unsigned char *print;
	size_t print_len;
	unsigned char print_copy[SITE_PRINT];
	/* The same of the table of exported names; NULL: it has a build-id. */
	const unsigned char *names;
	unsigned char names_copy[48];
	unsigned char build_id[32];
	unsigned build_id_len; /* bytes; 0: it has none */
	uint64_t identity; /* of build-id, or path: the same in every process */
	const char *name; /* the loader's; "" is the program */
	const char *path;
	bool runtime; /* allocates on behalf of others: C, C++ */
	bool matched; /* patterns and ranges are known */
	uint64_t patterns; /* that all its code matches */
	struct site_range *ranges; /* and those that some of it does */
	unsigned nranges;
	struct site_hint *hints; /* by address; engine/site/hint.h */
	unsigned nhints, hints_room;
};

struct hms_arena;

/* glibc has _dl_find_object(), 2.35 and later. */
bool site_modules_known(void);
/*
 * Whose code is at addr?  A new record is made if need be, in the arena.
 * NULL: no module's, such as a JIT's, or no memory.  The caller holds the
 * lock of sites.
 */
struct site_module *site_module_find(uintptr_t addr, struct hms_arena *arena);
/* Is the module's code, at addr, still the code that it was?  Wait-free. */
bool site_module_stays(const struct site_module *module, uintptr_t addr);
/* Is there no module at addr?  Wait-free. */
bool site_module_none(uintptr_t addr);
/*
 * The path of the module at addr, NULL if there is none.  Wait-free but with
 * a glibc before 2.35.  Valid until the module goes.
 */
const char *site_module_path(uintptr_t addr);
/*
 * Marks what was loaded with the program.  Called once, when the program's
 * own libraries are loaded.
 */
void site_modules_start(void);

/* By its name, a library that allocates on behalf of others: C, C++. */
bool site_module_is_runtime(const char *path);

#endif
