/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Feeds the readers of ELF files whatever libFuzzer finds interesting, as a
 * library's file and as its first page in memory.  What holds:
 *  - names are strings, no longer than promised;
 *  - the ranges and hints of a module are ordered as their readers need them;
 *  - a build-id lies in the page.
 *
 * Input: a byte of flags, a byte that says where the file ends although it
 * seemed longer, the file.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/sys.h"
#include "engine/site/elf.h"
#include "engine/site/hint.h"
#include "engine/site/symbols.h"
#include "tests/fuzz/fuzz.h"

#define HINTS 1
#define PATTERNS 2
#define BASE UINT64_C(0x7f0000000000)

static const struct hms_pattern patterns[] = {
	{ "*a*", NULL },
	{ "ns::Table<*", NULL },
	{ "*", "lib*" },
	{ "0x1000", NULL },
	{ NULL, "lib.so" },
};

static struct {
	const uint8_t *bytes;
	size_t size, shown;
} disk;

/* Instead of the system's; blocks of malloc's have ends that ASan sees. */
int __wrap_hms_sys_open(const char *path, int flags, mode_t mode);
int __wrap_hms_sys_close(int fd);
int __wrap_hms_sys_fstat(int fd, struct stat *st);
ssize_t __wrap_hms_sys_pread(int fd, void *buf, size_t len, off_t off);
void *__wrap_hms_sys_mmap(
	void *addr, size_t len, int prot, int flags, int fd, off_t off);
int __wrap_hms_sys_munmap(void *addr, size_t len);

int __wrap_hms_sys_open(const char *path, int flags, mode_t mode)
{
	return strcmp(path, "/lib.so") ? -ENOENT : 7;
}

int __wrap_hms_sys_close(int fd)
{
	return 0;
}

int __wrap_hms_sys_fstat(int fd, struct stat *st)
{
	st->st_mode = S_IFREG;
	st->st_size = (off_t)disk.shown;
	return 0;
}

ssize_t __wrap_hms_sys_pread(int fd, void *buf, size_t len, off_t off)
{
	size_t at = (size_t)off;

	fuzz_require(at <= disk.shown && len <= disk.shown - at,
		"reads are in the file");
	if (at >= disk.size)
		return 0;
	if (len > disk.size - at)
		len = disk.size - at;
	memcpy(buf, disk.bytes + at, len);
	return (ssize_t)len;
}

void *__wrap_hms_sys_mmap(
	void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
	void *block = calloc(1, len);

	return block ? block : (void *)(intptr_t)-ENOMEM;
}

int __wrap_hms_sys_munmap(void *addr, size_t len)
{
	free(addr);
	return 0;
}

static void see_name(void *arg, const char *name, uint64_t start, uint64_t size)
{
	size_t len = strlen(name);

	fuzz_require(len && len < SITE_ELF_NAME, "names are short");
	*(size_t *)arg += 1;
}

static void read_names(void)
{
	size_t names = 0;
	struct site_elf_reader reader = {
		.dynamic = true, .arg = &names, .function = see_name
	};

	site_elf_functions("/lib.so", &reader);
	/* A section's header may be there often, each time with all of it. */
	fuzz_require(names <= disk.size * disk.size, "not without end");
}

static void read_module(bool hints, bool matching)
{
	struct hms_arena arena = { 0 };
	struct site_module module = { .path = "/lib.so",
		.start = BASE,
		.end = BASE + (1 << 20),
		.base = BASE };

	site_hints_wanted = hints;
	site_symbols_read(&module, patterns, matching ? 5 : 0, &arena);
	for (unsigned i = 1; i < module.nhints; i++)
		fuzz_require(module.hints[i - 1].start < module.hints[i].start,
			"hints are sorted");
	for (uintptr_t at = BASE; at < BASE + 4096; at += 64) {
		uint64_t set = site_symbols_match(
			&module, at, at, at + 64, patterns, matching ? 5 : 0);

		fuzz_require(!matching || set & 4, "the module matches");
		fuzz_require(site_hint_at(&module, at, 0, 0) < 16, "a digit");
	}
	hms_arena_free(&arena);
}

static void read_page(const uint8_t *data, size_t size, uintptr_t bias)
{
	uint8_t *page = malloc(size ? size : 1);
	const unsigned char *id;
	unsigned len = 0;

	if (!page)
		abort();
	memcpy(page, data, size);
	id = site_elf_build_id(page, size, bias, &len);
	fuzz_require(!id || (id >= page && len && id + len <= page + size),
		"a build-id is in the page");
	free(page);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	fuzz_pieces_left = -1;
	disk.bytes = data + 2;
	disk.shown = size - 2;
	disk.size = disk.shown - disk.shown * (data[1] & 15) / 16;
	read_names();
	read_module(data[0] & HINTS, data[0] & PATTERNS);
	read_page(disk.bytes, disk.shown, data[1] & 16 ? -(uintptr_t)64 : 0);
	return 0;
}
