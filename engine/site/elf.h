/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of functions and build-ids, out of ELF files (System V ABI, gABI
 * chapters 4 and 5).  Nothing in a file is believed: it may be cut off, lie
 * about its sizes, or change while it is read.
 *
 * Files are read, never mapped: whoever touches a mapping of a file that has
 * become shorter is killed.
 */
#ifndef HMS_ENGINE_SITE_ELF_H
#define HMS_ENGINE_SITE_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What is read of one file at most.  The largest programs there are, browsers
 * with all symbols, have 2 million functions and 150 MiB of names.
 */
#define SITE_ELF_SYMBOLS (UINT64_C(1) << 22) /* of one table */
#define SITE_ELF_STRINGS (UINT64_C(256) << 20) /* bytes of names */
#define SITE_ELF_NAME 16384 /* bytes; longer names are passed over */

/* A page: the build-id is in it, and what changes with the file's size. */
#define SITE_ELF_HEAD 4096

struct site_elf_reader {
	/*
	 * The first SITE_ELF_HEAD bytes of a module in memory: the file must
	 * begin with them, or it was replaced since.  NULL: with any.
	 */
	const void *head;
	bool dynamic; /* .dynsym too */
	void *arg;
	/* A table of n symbols comes; may be NULL. */
	void (*table)(void *arg, size_t n);
	/* A function, addresses and bytes as in the file. */
	void (*function)(
		void *arg, const char *name, uint64_t start, uint64_t size);
};

/*
 * Reads the functions of a file: 1 if it has a full table, 0 if not, or
 * -errno.  Needs memory for its names while it runs.  Not for two threads at
 * once.
 */
int site_elf_functions(const char *path, const struct site_elf_reader *reader);

/*
 * The build-id among a module's first bytes, which hold its ELF header; NULL
 * if it is not there.  bias: of an address in the program headers, for its
 * place among the bytes.
 */
const unsigned char *site_elf_build_id(
	const unsigned char *bytes, size_t size, uintptr_t bias, unsigned *len);

#endif
