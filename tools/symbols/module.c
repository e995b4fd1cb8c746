/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/symbols/symbols.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/site/demangle.h"

#define MOST_NAME 4096 /* bytes of a demangled name */

struct text {
	struct text *next;
	char bytes[];
};

struct tool_module {
	Dwfl *dwfl; /* NULL: nothing can be read */
	Dwfl_Module *file;
	bool changed;
	struct text *texts; /* that names were made of */
};

static const Dwfl_Callbacks callbacks = {
	.find_elf = dwfl_build_id_find_elf,
	.find_debuginfo = dwfl_standard_find_debuginfo,
	.section_address = dwfl_offline_section_address,
};

static void forget(struct tool_module *module)
{
	if (module->dwfl)
		dwfl_end(module->dwfl);
	module->dwfl = NULL;
	module->file = NULL;
}

/* Addresses are the file's own: it is reported as if loaded there. */
static bool read_file(struct tool_module *module, const char *path)
{
	module->dwfl = dwfl_begin(&callbacks);
	if (!module->dwfl)
		return false;
	dwfl_report_begin(module->dwfl);
	module->file = dwfl_report_elf(module->dwfl, path, path, -1, 0, true);
	if (!module->file || dwfl_report_end(module->dwfl, NULL, NULL)) {
		forget(module);
		return false;
	}
	return true;
}

static bool is_build(
	struct tool_module *module, const unsigned char *build_id, size_t len)
{
	const unsigned char *own;
	GElf_Addr where;
	int n = dwfl_module_build_id(module->file, &own, &where);

	return n == (int)len && !memcmp(own, build_id, len);
}

static bool read_debug_file(
	struct tool_module *module, const unsigned char *build_id, size_t len)
{
	char path[128];
	int n = snprintf(path, sizeof(path), "/usr/lib/debug/.build-id/%02x/",
		build_id[0]);

	for (size_t i = 1; i < len && i < 32; i++)
		n += snprintf(path + n, sizeof(path) - (size_t)n, "%02x",
			build_id[i]);
	snprintf(path + n, sizeof(path) - (size_t)n, ".debug");
	if (access(path, R_OK) || !read_file(module, path))
		return false;
	if (is_build(module, build_id, len))
		return true;
	forget(module);
	return false;
}

struct tool_module *tool_module_open(
	const char *path, const unsigned char *build_id, size_t len)
{
	struct tool_module *module = calloc(1, sizeof(*module));
	bool there;

	if (!module)
		return NULL;
	there = read_file(module, path);
	if (!len || (there && is_build(module, build_id, len)))
		return module;
	forget(module);
	if (!read_debug_file(module, build_id, len))
		module->changed = there;
	return module;
}

void tool_module_close(struct tool_module *module)
{
	struct text *next;

	if (!module)
		return;
	forget(module);
	for (struct text *t = module->texts; t; t = next) {
		next = t->next;
		free(t);
	}
	free(module);
}

static const char *keep(struct tool_module *module, const char *text)
{
	size_t size = strlen(text) + 1;
	struct text *copy = malloc(sizeof(*copy) + size);

	if (!copy)
		return "";
	memcpy(copy->bytes, text, size);
	copy->next = module->texts;
	module->texts = copy;
	return copy->bytes;
}

static const char *readable(struct tool_module *module, const char *symbol)
{
	char buf[MOST_NAME];

	return keep(
		module, hms_demangle(symbol, buf, sizeof(buf)) ? buf : symbol);
}

/* "" if no symbol is there. */
static const char *symbol_at(struct tool_module *module, uint64_t address)
{
	GElf_Off offset;
	GElf_Sym symbol;
	const char *name = dwfl_module_addrinfo(
		module->file, address, &offset, &symbol, NULL, NULL, NULL);
	char bare[MOST_NAME];
	size_t len;

	if (!name || !*name || (symbol.st_size && offset >= symbol.st_size))
		return "";
	/* Without ".isra.0" and "@@V1", as rules have it. */
	len = 1 + strcspn(name + 1, ".@");
	if (len >= sizeof(bare))
		return "";
	memcpy(bare, name, len);
	bare[len] = 0;
	return readable(module, bare);
}

static const char *name_of(struct tool_module *module, Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	const char *name = NULL;

	if (dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute) ||
		dwarf_attr_integrate(die, DW_AT_MIPS_linkage_name, &attribute))
		name = dwarf_formstring(&attribute);
	if (!name)
		name = dwarf_diename(die);
	return name ? readable(module, name) : "";
}

/* Where an inlined function was called: a line of the function around it. */
static void call_of(struct tool_module *module, Dwarf_Die *cu, Dwarf_Die *die,
	const char **file, unsigned *line)
{
	Dwarf_Attribute attribute;
	Dwarf_Word number;
	Dwarf_Files *files;
	const char *path;
	size_t n;

	*file = "";
	*line = 0;
	if (dwarf_formudata(
		    dwarf_attr(die, DW_AT_call_line, &attribute), &number) == 0)
		*line = (unsigned)number;
	if (dwarf_formudata(dwarf_attr(die, DW_AT_call_file, &attribute),
		    &number) == 0 &&
		!dwarf_getsrcfiles(cu, &files, &n) && number < n) {
		path = dwarf_filesrc(files, number, NULL, NULL);
		*file = path ? keep(module, path) : "";
	}
}

static void line_of(struct tool_module *module, uint64_t address,
	const char **file, unsigned *line)
{
	Dwfl_Line *found = dwfl_module_getsrc(module->file, address);
	const char *path = NULL;
	int number = 0;

	if (found)
		path = dwfl_lineinfo(found, NULL, &number, NULL, NULL, NULL);
	*file = path ? keep(module, path) : "";
	*line = path && number > 0 ? (unsigned)number : 0;
}

/*
 * The innermost scope's parents as they stand in the file: dwarf_getscopes()
 * itself goes on from an inlined function to where that was written.
 */
static int scopes_at(Dwarf_Die *cu, uint64_t address, Dwarf_Die **out)
{
	Dwarf_Die *inner;
	int n = dwarf_getscopes(cu, address, &inner);

	if (n <= 0)
		return 0;
	n = dwarf_getscopes_die(&inner[0], out);
	free(inner);
	return n > 0 ? n : 0;
}

static void add(struct hms_names *out, const char *function, const char *file,
	unsigned line, bool inlined)
{
	if (out->n < HMS_NAMED_MOST)
		out->at[out->n++] =
			(struct hms_named){ function, file, line, inlined };
}

static void name_by_dwarf(
	struct tool_module *module, uint64_t address, struct hms_names *out)
{
	Dwarf_Addr bias;
	Dwarf_Die *cu = dwfl_module_addrdie(module->file, address, &bias);
	Dwarf_Die *scopes = NULL;
	const char *file;
	unsigned line;
	int n = cu ? scopes_at(cu, address - bias, &scopes) : 0;

	line_of(module, address, &file, &line);
	for (int i = 0; i < n; i++) {
		int tag = dwarf_tag(&scopes[i]);

		if (tag != DW_TAG_inlined_subroutine &&
			tag != DW_TAG_subprogram)
			continue;
		add(out, name_of(module, &scopes[i]), file, line,
			tag == DW_TAG_inlined_subroutine);
		if (tag == DW_TAG_subprogram)
			break;
		call_of(module, cu, &scopes[i], &file, &line);
	}
	free(scopes);
	if (!out->n && file[0])
		add(out, symbol_at(module, address), file, line, false);
}

void tool_module_name(
	struct tool_module *module, uint64_t address, struct hms_names *out)
{
	const char *symbol;

	out->n = 0;
	out->changed = module->changed;
	if (!module->file)
		return;
	name_by_dwarf(module, address, out);
	if (out->n)
		return;
	symbol = symbol_at(module, address);
	if (symbol[0])
		add(out, symbol, "", 0, false);
}
