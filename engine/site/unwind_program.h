/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A look at the programs of unwind tables before libunwind runs them: version
 * 1.6 takes the number of DW_CFA_register's second register as it is, and reads
 * its own stack with it, wherever that leads.
 */
#ifndef HMS_ENGINE_SITE_UNWIND_PROGRAM_H
#define HMS_ENGINE_SITE_UNWIND_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

/* Reads the aligned word at addr of the process; false: it is not there. */
typedef bool site_word_fn(uintptr_t addr, uint64_t *word);

/*
 * Do the instructions at [start, end) (DWARF 5, 6.4.2) end where they should,
 * and name only registers that libunwind knows?  False too for those that no
 * compiler writes.  Touches nothing but by the function.
 */
bool site_program_sound(uintptr_t start, uintptr_t end, site_word_fn *word);

#endif
