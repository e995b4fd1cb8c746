/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which functions of a module do patterns of rules match?
 *
 * A module's symbols are read once, when the first of its return addresses
 * is met: .symtab, or that of the separate debug file, and .dynsym.  Only the
 * addresses of functions that match are kept.  A name matches as it stands in
 * the table, without what the compiler added (".isra.0"), or demangled.
 */
#ifndef HMS_ENGINE_SITE_SYMBOLS_H
#define HMS_ENGINE_SITE_SYMBOLS_H

#include "config/policy.h"
#include "engine/site/module.h"

/* Of functions whose business is to allocate for others: g_malloc. */
#define SITE_SYMBOLS_WRAPPER (UINT64_C(1) << HMS_PATTERNS)

/* Those that some module read so far matches; written under the lock. */
extern uint64_t site_patterns_met __attribute__((visibility("hidden")));

struct hms_arena;

/* Fills module->patterns and ->ranges; what cannot be read matches nothing. */
void site_symbols_read(struct site_module *module,
	const struct hms_pattern *patterns, unsigned n,
	struct hms_arena *arena);
/*
 * The patterns that code at addr matches; [start, end) is the function as
 * unwind tables know it, or 0.
 */
uint64_t site_symbols_match(const struct site_module *module, uintptr_t addr,
	uintptr_t start, uintptr_t end, const struct hms_pattern *patterns,
	unsigned n);

/*
 * Does a glob match this symbol?  For tools and tests.  name: as in the
 * symbol table.
 */
bool hms_symbol_matches(const char *glob, const char *name);

#endif
