/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What kind of program is this, and can HMS be loaded into it?  Looks at the
 * file only; nothing is run.
 */
#ifndef HMS_TOOLS_PROGRAM_H
#define HMS_TOOLS_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

/* What is in the way, or worth knowing. */
enum hms_obstacle {
	HMS_STATIC = 1 << 0, /* no loader runs, nothing is preloaded */
	HMS_PRIVILEGED = 1 << 1, /* the loader ignores LD_PRELOAD */
	HMS_OTHER_LIBC = 1 << 2, /* musl, bionic, ... */
	HMS_OTHER_MACHINE = 1 << 3, /* another architecture or word size */
	HMS_OWN_MALLOC = 1 << 4, /* its own malloc comes before ours */
	HMS_BUNDLED = 1 << 5, /* an allocator under other names */
	HMS_NOT_A_PROGRAM = 1 << 6,
};

/* With any of these HMS is not in the process at all. */
#define HMS_UNREACHABLE                                                        \
	(HMS_STATIC | HMS_PRIVILEGED | HMS_OTHER_LIBC | HMS_OTHER_MACHINE |    \
		HMS_NOT_A_PROGRAM)

/*
 * Finds a program as execvp(3) does, without running it.  0; -ENOENT,
 * -EACCES; -ENAMETOOLONG.
 */
int hms_program_find(const char *name, char *path, size_t size);

/*
 * Looks at the file, and at the interpreter of a script instead of the
 * script (the shell for text without #!, as execvp(3)).  Says one sentence per
 * obstacle, whole, without a full stop. A set of enum hms_obstacle; -errno if
 * it cannot be read, which is no reason not to run it.
 */
int hms_program_look(const char *path,
	void (*say)(enum hms_obstacle what, const char *sentence));

#endif
