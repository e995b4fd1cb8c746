/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/cmd.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/text.h"

struct command {
	const char *name;
	const char *arguments;
	const char *summary;
	int (*run)(int argc, char **argv);
};

static const struct command commands[] = {
#define HMS_CMD(name, arguments, summary)                                      \
	{ #name, arguments, summary, hms_cmd_##name },
#include "tools/hms.def"
#undef HMS_CMD
};

#define NCOMMANDS (sizeof(commands) / sizeof(commands[0]))

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < NCOMMANDS; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

void hms_complain(const char *name, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "hms %s: ", name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

int hms_usage(const char *name)
{
	const struct command *command = find_command(name);

	fprintf(stderr, "usage: hms %s %s\n", name,
		command ? command->arguments : "");
	return EX_USAGE;
}

static int unknown(const char *name)
{
	const char *names[NCOMMANDS + 1], *near;

	for (size_t i = 0; i < NCOMMANDS; i++)
		names[i] = commands[i].name;
	names[NCOMMANDS] = "help";
	near = hms_text_nearest(name, names, NCOMMANDS + 1);
	fprintf(stderr, "hms: no such command: %s", name);
	if (near)
		fprintf(stderr, " (did you mean %s?)", near);
	fputs("\nhms: `hms help` lists them\n", stderr);
	return EX_USAGE;
}

static void print_help(FILE *out)
{
	fputs("usage: hms COMMAND [ARGUMENT...]\n\n"
	      "An unmodified program's memory goes to the memory that rules "
	      "name.\n\n",
		out);
	for (size_t i = 0; i < NCOMMANDS; i++)
		fprintf(out, "  %-8s %s\n", commands[i].name,
			commands[i].summary);
	fputs("  help     this list, or the arguments of one command\n\n"
	      "Manual pages: hms(1), hms-policy(5), libhms_preload(7)\n",
		out);
}

static int help(const char *name)
{
	const struct command *command;

	if (!name) {
		print_help(stdout);
		return EX_OK;
	}
	command = find_command(name);
	if (!command)
		return unknown(name);
	printf("usage: hms %s %s\n\n%s\n", command->name, command->arguments,
		command->summary);
	return EX_OK;
}

/* Output that did not arrive (a full disk) must not look like success. */
static int finish(int status)
{
	if ((fflush(stdout) || ferror(stdout)) && status == EX_OK) {
		perror("hms: standard output");
		return EX_IOERR;
	}
	return status;
}

int main(int argc, char **argv)
{
	const struct command *command;
	const char *name = argc > 1 ? argv[1] : NULL;

	if (!name) {
		print_help(stderr);
		return EX_USAGE;
	}
	if (!strcmp(name, "help") || !strcmp(name, "--help") ||
		!strcmp(name, "-h"))
		return finish(help(argc > 2 ? argv[2] : NULL));
	if (!strcmp(name, "--version")) {
		puts("hms " PACKAGE_VERSION);
		return finish(EX_OK);
	}
	command = find_command(name);
	if (!command)
		return unknown(name);
	if (argc > 2 && !strcmp(argv[2], "--help"))
		return finish(help(name));
	return finish(command->run(argc - 1, argv + 1));
}
