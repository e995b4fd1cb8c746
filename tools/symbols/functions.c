/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <elfutils/libdwelf.h>
#include <stdio.h>
#include <unistd.h>

#include "tools/symbols/symbols.h"

struct reader {
	void (*each)(void *arg, const char *symbol);
	void *arg;
	long n;
	bool full; /* there was a .symtab */
};

static void read_table(
	struct reader *r, Elf *elf, Elf_Scn *section, const GElf_Shdr *header)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t n = data && header->sh_entsize
			   ? data->d_size / header->sh_entsize
			   : 0;

	for (size_t i = 0; i < n && i < INT32_MAX; i++) {
		GElf_Sym symbol;
		const char *name;
		int type;

		if (!gelf_getsym(data, (int)i, &symbol))
			return;
		type = GELF_ST_TYPE(symbol.st_info);
		if ((type != STT_FUNC && type != STT_GNU_IFUNC) ||
			symbol.st_shndx == SHN_UNDEF)
			continue;
		name = elf_strptr(elf, header->sh_link, symbol.st_name);
		if (!name || !*name)
			continue;
		r->each(r->arg, name);
		r->n++;
	}
}

static void read_elf(struct reader *r, Elf *elf, bool dynamic)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	while ((section = elf_nextscn(elf, section))) {
		if (!gelf_getshdr(section, &header) ||
			(header.sh_type != SHT_SYMTAB &&
				(header.sh_type != SHT_DYNSYM || !dynamic)))
			continue;
		r->full |= header.sh_type == SHT_SYMTAB;
		read_table(r, elf, section, &header);
	}
}

/* The path of the debug file; "" if the file has no build-id. */
static void debug_path(Elf *elf, char *path, size_t size)
{
	const void *bits;
	ssize_t len = dwelf_elf_gnu_build_id(elf, &bits);
	const unsigned char *id = bits;
	int n;

	path[0] = 0;
	if (len < 2 || len > 32)
		return;
	n = snprintf(path, size, "/usr/lib/debug/.build-id/%02x/", id[0]);
	for (ssize_t i = 1; i < len; i++)
		n += snprintf(path + n, size - (size_t)n, "%02x", id[i]);
	snprintf(path + n, size - (size_t)n, ".debug");
}

static int read_path(
	struct reader *r, const char *path, bool debug, char *next, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;
	Elf *elf;

	if (fd < 0)
		return -errno;
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (elf && elf_kind(elf) == ELF_K_ELF) {
		read_elf(r, elf, !debug);
		if (!debug)
			debug_path(elf, next, size);
	} else {
		rc = -ENOEXEC;
	}
	elf_end(elf);
	close(fd);
	return rc;
}

long tool_functions(const char *path,
	void (*each)(void *arg, const char *symbol), void *arg)
{
	struct reader r = { each, arg, 0, false };
	char debug[128];
	int rc = read_path(&r, path, false, debug, sizeof(debug));

	if (rc)
		return rc;
	if (!r.full && debug[0])
		read_path(&r, debug, true, NULL, 0);
	return r.n;
}
