/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tool's sub-commands.  A tool is a program of its own: unlike the
 * library it may allocate, print and exit.
 */
#ifndef HMS_TOOLS_CMD_H
#define HMS_TOOLS_CMD_H

#define HMS_CMD(name, arguments, summary)                                      \
	int hms_cmd_##name(int argc, char **argv);
#include "tools/hms.def"
#undef HMS_CMD

/* Prints "usage: hms NAME ARGUMENTS" to standard error; EX_USAGE. */
int hms_usage(const char *name);
/* Prints "hms NAME: MESSAGE" to standard error, whatever the log level. */
void hms_complain(const char *name, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
