/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the loader loads with a program.
 *
 * The loader itself is asked, `ld.so --list` (ld.so(8)), or, if a library is
 * missing, as ldd(1) asks it, which then goes on: only it knows all of RPATH,
 * RUNPATH, LD_LIBRARY_PATH, its cache and its folders for kinds of processors.
 * It maps the files, and runs nothing of them: no constructor, and, since it
 * relocates nothing then, no resolver of an indirect function. It is the loader
 * of this very tool, not the one that the program names, and what would change
 * that (LD_WARN, LD_BIND_NOW, LD_AUDIT, LD_PRELOAD) is taken from its
 * environment.
 */
#ifndef HMS_TOOLS_SYMBOLS_NEEDED_H
#define HMS_TOOLS_SYMBOLS_NEEDED_H

/*
 * Each library, its path NULL if it is not found; the program itself, and the
 * kernel's vdso, are left out.  0; -EINVAL: the loader cannot load it (a
 * static program, or none, or for another machine); -errno.
 */
int tool_needed(const char *program,
	void (*each)(void *arg, const char *name, const char *path), void *arg);

#endif
