/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/site/elf.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/sys.h"

#define SECTIONS 32 /* read at once */
#define SYMBOLS 512
#define MOST_SECTIONS (1u << 20)

/* A file being read.  Stacks are too small for it. */
static struct {
	const struct site_elf_reader *reader;
	int fd;
	uint64_t size;
	ElfW(Ehdr) head;
	uint64_t nsections;
	uint64_t first; /* section in sections[0] */
	uint64_t names_left; /* bytes of names that may still be looked at */
	char page[SITE_ELF_HEAD];
	ElfW(Shdr) sections[SECTIONS];
	ElfW(Sym) symbols[SYMBOLS];
} file;

static bool read_at(uint64_t at, void *buf, uint64_t size)
{
	char *to = buf;

	if (at > file.size || size > file.size - at)
		return false;
	while (size) {
		ssize_t n = hms_sys_pread(file.fd, to, size, (off_t)at);

		if (n == -EINTR)
			continue;
		if (n <= 0)
			return false; /* it is shorter now */
		to += n;
		at += (uint64_t)n;
		size -= (uint64_t)n;
	}
	return true;
}

static bool read_section(uint64_t number, ElfW(Shdr) * out)
{
	uint64_t from = number - number % SECTIONS, n = SECTIONS;

	if (number >= file.nsections)
		return false;
	if (n > file.nsections - from)
		n = file.nsections - from;
	if (file.first != from) {
		file.first = UINT64_MAX;
		/* Less than 2^20 of them: no overflow but by a false offset. */
		if (file.head.e_shoff > file.size ||
			!read_at(file.head.e_shoff + from * sizeof(*out),
				file.sections, n * sizeof(*out)))
			return false;
		file.first = from;
	}
	*out = file.sections[number - from];
	return true;
}

static void take(const ElfW(Sym) * symbol, const char *names, uint64_t size)
{
	unsigned type = ELF64_ST_TYPE(symbol->st_info);
	const struct site_elf_reader *r = file.reader;
	uint64_t len;

	if ((type != STT_FUNC && type != STT_GNU_IFUNC) ||
		symbol->st_shndx == SHN_UNDEF || symbol->st_name >= size)
		return;
	len = strnlen(names + symbol->st_name, SITE_ELF_NAME);
	if (!len || len == SITE_ELF_NAME || len > file.names_left)
		return;
	file.names_left -= len;
	r->function(r->arg, names + symbol->st_name, symbol->st_value,
		symbol->st_size);
}

static void read_symbols(
	const ElfW(Shdr) * table, const char *names, uint64_t size)
{
	uint64_t n = table->sh_size / sizeof(ElfW(Sym)), at = table->sh_offset;

	if (file.reader->table)
		file.reader->table(file.reader->arg, n);
	while (n) {
		uint64_t some = n < SYMBOLS ? n : SYMBOLS;

		if (!read_at(at, file.symbols, some * sizeof(ElfW(Sym))))
			return;
		for (uint64_t i = 0; i < some; i++)
			take(&file.symbols[i], names, size);
		at += some * sizeof(ElfW(Sym));
		n -= some;
	}
}

/* The names are wanted in any order, so all of them are read. */
static void read_table(const ElfW(Shdr) * table, const ElfW(Shdr) * strings)
{
	uint64_t size = strings->sh_size;
	char *names;

	if (table->sh_entsize != sizeof(ElfW(Sym)) ||
		table->sh_size / sizeof(ElfW(Sym)) > SITE_ELF_SYMBOLS ||
		table->sh_offset > file.size ||
		table->sh_size > file.size - table->sh_offset ||
		strings->sh_type != SHT_STRTAB || !size ||
		size > SITE_ELF_STRINGS || strings->sh_offset > file.size ||
		size > file.size - strings->sh_offset)
		return;
	names = hms_sys_mmap(NULL, size + 1, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (hms_sys_failed(names))
		return;
	/* The byte after them is 0 still: the last name ends. */
	if (read_at(strings->sh_offset, names, size))
		read_symbols(table, names, size);
	hms_sys_munmap(names, size + 1);
}

/* Of a part that the program may write to, only the header must be equal. */
static bool is_module(const void *own)
{
	const ElfW(Ehdr) *head = &file.head;
	size_t n = file.size < SITE_ELF_HEAD ? file.size : SITE_ELF_HEAD;
	ElfW(Phdr) p;

	if (memcmp(own, head, sizeof(*head)) || !read_at(0, file.page, n))
		return false;
	for (uint64_t i = 0; i < head->e_phnum; i++) {
		uint64_t at = head->e_phoff + i * sizeof(p);

		if (at > n || sizeof(p) > n - at)
			return true;
		memcpy(&p, file.page + at, sizeof(p));
		if (p.p_type == PT_LOAD && !p.p_offset && p.p_flags & PF_W)
			return true;
	}
	return !memcmp(own, file.page, n);
}

static bool read_head(void)
{
	const ElfW(Ehdr) *head = &file.head;
	ElfW(Shdr) zero;

	if (!read_at(0, &file.head, sizeof(file.head)) ||
		memcmp(head->e_ident, ELFMAG, SELFMAG) ||
		head->e_ident[EI_CLASS] != ELFCLASS64 ||
		head->e_ident[EI_DATA] != ELFDATA2LSB ||
		(file.reader->head && !is_module(file.reader->head)))
		return false;
	if (!head->e_shoff || head->e_shentsize != sizeof(zero))
		return false;
	file.first = UINT64_MAX;
	file.nsections = head->e_shnum;
	/* Too many for 16 bits: the first one says how many. */
	if (!file.nsections) {
		file.nsections = 1;
		if (!read_section(0, &zero))
			return false;
		file.nsections = zero.sh_size;
		file.first = UINT64_MAX;
	}
	return file.nsections <= MOST_SECTIONS;
}

static int read_functions(void)
{
	ElfW(Shdr) table, strings;
	int full = 0;

	if (!read_head())
		return -ENOEXEC;
	file.names_left = SITE_ELF_STRINGS;
	for (uint64_t i = 0; i < file.nsections; i++) {
		if (!read_section(i, &table))
			break;
		if (table.sh_type != SHT_SYMTAB &&
			(table.sh_type != SHT_DYNSYM || !file.reader->dynamic))
			continue;
		if (!read_section(table.sh_link, &strings))
			continue;
		full |= table.sh_type == SHT_SYMTAB;
		read_table(&table, &strings);
	}
	return full;
}

int site_elf_functions(const char *path, const struct site_elf_reader *reader)
{
	struct stat st;
	/* What is no file, such as a pipe, must not be waited for. */
	int fd = hms_sys_open(
		path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
	int rc;

	if (fd < 0)
		return fd;
	rc = hms_sys_fstat(fd, &st);
	if (!rc && (!S_ISREG(st.st_mode) || st.st_size <= 0))
		rc = -ENOEXEC;
	if (!rc) {
		file.fd = fd;
		file.size = (uint64_t)st.st_size;
		file.reader = reader;
		rc = read_functions();
	}
	hms_sys_close(fd);
	return rc;
}

/* A note from at on, before end; where the next one begins, 0 if none does. */
static size_t read_note(const unsigned char *bytes, size_t at, size_t end,
	const unsigned char **id, unsigned *len)
{
	ElfW(Nhdr) note;
	size_t name = at + sizeof(note), desc, next;

	if (name > end)
		return 0;
	memcpy(&note, bytes + at, sizeof(note));
	desc = name + (((size_t)note.n_namesz + 3) & ~(size_t)3);
	next = desc + (((size_t)note.n_descsz + 3) & ~(size_t)3);
	if (next > end)
		return 0;
	if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
		!memcmp(bytes + name, "GNU", 4) && note.n_descsz) {
		*id = bytes + desc;
		*len = note.n_descsz;
	}
	return next;
}

const unsigned char *site_elf_build_id(
	const unsigned char *bytes, size_t size, uintptr_t bias, unsigned *len)
{
	const unsigned char *id = NULL;
	ElfW(Ehdr) head;
	ElfW(Phdr) p;

	if (size < sizeof(head) || memcmp(bytes, ELFMAG, SELFMAG))
		return NULL;
	memcpy(&head, bytes, sizeof(head));
	for (unsigned i = 0; i < head.e_phnum && !id; i++) {
		size_t at = i * sizeof(p);

		if (head.e_phoff > size || at + sizeof(p) > size - head.e_phoff)
			return NULL;
		memcpy(&p, bytes + head.e_phoff + at, sizeof(p));
		at = p.p_vaddr + bias;
		if (p.p_type != PT_NOTE || at > size || p.p_memsz > size - at)
			continue;
		for (size_t end = at + p.p_memsz; at && !id;)
			at = read_note(bytes, at, end, &id, len);
	}
	return id;
}
