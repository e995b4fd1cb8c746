/* SPDX-License-Identifier: BSD-2-Clause */
/* What the rules about callers match in a program that is not run. */
#ifndef HMS_TOOLS_CHECK_PROGRAM_H
#define HMS_TOOLS_CHECK_PROGRAM_H

#include "config/policy.h"

/*
 * Prints, for each `from` and `via`, the modules or functions of the program,
 * and of the libraries that are loaded with it, that match; or the nearest
 * ones.  program: as given to a shell, looked for in PATH.  EX_OK, whatever
 * matches; EX_NOINPUT, EX_DATAERR or EX_OSERR after saying what is wrong.
 */
int tool_check_program(const struct hms_policy *policy, const char *program);

#endif
