/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of code: which function, inlined or not, and which line of which file
 * is at an address of a program or library.  By libdw of elfutils, from DWARF
 * and symbol tables of the file, or of its separate debug file: by build-id
 * below /usr/lib/debug/.build-id, or by .gnu_debuglink (gdb(1), "Separate
 * Debug Files"); from a debuginfod server only where DEBUGINFOD_URLS names
 * one.
 *
 * Addresses are as the file counts.  Not thread-safe.
 */
#ifndef HMS_TOOLS_SYMBOLS_SYMBOLS_H
#define HMS_TOOLS_SYMBOLS_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/render.h"

struct tool_module;

/*
 * The file of that path; with a build-id, only if it still is that build, or
 * else the debug file of that build.  Never NULL but without memory; what
 * cannot be read has no names.
 */
struct tool_module *tool_module_open(
	const char *path, const unsigned char *build_id, size_t len);
void tool_module_close(struct tool_module *module);
/*
 * What is at an address; for a return address the caller takes one off, since
 * the call before it may be a function's last instruction.  Names are as rules
 * have them (engine/site/demangle.h).  Texts of *out live as long as the
 * module.
 */
void tool_module_name(
	struct tool_module *module, uint64_t address, struct hms_names *out);

/*
 * Each function's symbol, from the tables that the library reads
 * (engine/site/symbols.h), .symtab or the debug file's, and .dynsym; a name
 * may come twice.  How many; -errno if the file cannot be read.
 */
long tool_functions(const char *path,
	void (*each)(void *arg, const char *symbol), void *arg);

/* A namer of a report's frames, with what it knows kept until it ends. */
struct hms_namer *tool_namer_open(void);
void tool_namer_close(struct hms_namer *namer);

#endif
