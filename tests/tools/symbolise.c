/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * symbolise FILE: for each address on standard input, hexadecimal, what is
 * there, as llvm-symbolizer prints it: a function and a line of its own for
 * file and line, the innermost first, then an empty line.
 * symbolise -d: each line of standard input as rules have that symbol.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/site/demangle.h"
#include "tools/symbols/symbols.h"

static void demangle(const char *line)
{
	char name[4096];

	puts(hms_demangle(line, name, sizeof(name)) ? name : line);
}

static void print(struct tool_module *module, uint64_t address)
{
	struct hms_names names;

	tool_module_name(module, address, &names);
	if (!names.n)
		puts("??\n??:0");
	for (unsigned i = 0; i < names.n; i++)
		printf("%s\n%s:%u\n",
			names.at[i].function[0] ? names.at[i].function : "??",
			names.at[i].file[0] ? names.at[i].file : "??",
			names.at[i].line);
	puts("");
}

int main(int argc, char **argv)
{
	struct tool_module *module = NULL;
	char line[8192];

	if (argc != 2)
		return 64;
	if (strcmp(argv[1], "-d"))
		module = tool_module_open(argv[1], NULL, 0);
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = 0;
		if (module)
			print(module, strtoull(line, NULL, 16));
		else
			demangle(line);
	}
	tool_module_close(module);
	return 0;
}
