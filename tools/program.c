/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/program.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define MAX_PATH 4096
#define MAX_SCRIPTS 4 /* as the kernel, fs/exec.c: bprm->recursion_depth */

#if defined(__x86_64__)
#define OUR_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define OUR_MACHINE EM_AARCH64
#endif

struct look {
	const char *path;
	void (*say)(enum hms_obstacle what, const char *sentence);
	int found;
};

static void found(struct look *look, enum hms_obstacle what, const char *format,
	...) __attribute__((format(printf, 3, 4)));

static void found(
	struct look *look, enum hms_obstacle what, const char *format, ...)
{
	char sentence[MAX_PATH + 512];
	va_list args;

	va_start(args, format);
	vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);
	look->found |= (int)what;
	look->say(what, sentence);
}

int hms_program_find(const char *name, char *path, size_t size)
{
	const char *folders = getenv("PATH"), *end;
	int err = -ENOENT;

	if (strchr(name, '/')) {
		if ((size_t)snprintf(path, size, "%s", name) >= size)
			return -ENAMETOOLONG;
		return access(path, X_OK) ? -errno : 0;
	}
	if (!folders)
		folders = "/bin:/usr/bin";
	for (;; folders = end + 1) {
		struct stat st;

		end = strchrnul(folders, ':');
		if ((size_t)snprintf(path, size, "%.*s%s%s",
			    (int)(end - folders), folders,
			    end > folders ? "/" : "./", name) < size &&
			!stat(path, &st) && S_ISREG(st.st_mode)) {
			if (!access(path, X_OK))
				return 0;
			err = -EACCES;
		}
		if (!*end)
			return err;
	}
}

/* A loader that is run by hand has no interpreter either. */
static bool is_loader(const char *path)
{
	const char *base = strrchr(path, '/');

	base = base ? base + 1 : path;
	return !strncmp(base, "ld-", 3) || !strncmp(base, "ld.", 3) ||
	       !strncmp(base, "ld64.", 5);
}

/* The interpreter's name decides: that is who loads, and which libc. */
static void look_at_interpreter(struct look *look, const char *interpreter)
{
	const char *base = strrchr(interpreter, '/');

	base = base ? base + 1 : interpreter;
	if (!strncmp(base, "ld-linux", 8) || !strncmp(base, "ld64.", 5))
		return;
	if (!strncmp(base, "ld-musl", 7))
		found(look, HMS_OTHER_LIBC,
			"%s is built for musl, and this HMS for glibc: they "
			"do not go together",
			look->path);
	else
		found(look, HMS_OTHER_LIBC,
			"%s is loaded by %s, which is not glibc's loader",
			look->path, interpreter);
}

static void look_at_segments(struct look *look, Elf *elf)
{
	char interpreter[256] = "";
	bool dynamic = false;
	size_t n = 0, size;
	const char *file = elf_rawfile(elf, &size);
	GElf_Phdr segment;

	elf_getphdrnum(elf, &n);
	for (size_t i = 0; i < n; i++) {
		if (!gelf_getphdr(elf, (int)i, &segment))
			continue;
		dynamic |= segment.p_type == PT_DYNAMIC;
		if (segment.p_type != PT_INTERP || !file ||
			segment.p_offset >= size ||
			segment.p_filesz > size - segment.p_offset)
			continue;
		snprintf(interpreter, sizeof(interpreter), "%.*s",
			(int)segment.p_filesz, file + segment.p_offset);
	}
	if (interpreter[0])
		look_at_interpreter(look, interpreter);
	else if (!dynamic || !is_loader(look->path))
		found(look, HMS_STATIC,
			"%s is linked statically: nothing can be preloaded "
			"into it, its memory stays where the system puts it",
			look->path);
}

/* Allocators' own names, which LD_PRELOAD does not replace. */
static const struct {
	const char *symbol, *who;
} bundled[] = {
	{ "je_malloc", "jemalloc" },
	{ "_rjem_malloc", "jemalloc" },
	{ "tc_malloc", "tcmalloc" },
	{ "mi_malloc", "mimalloc" },
	{ "rpmalloc", "rpmalloc" },
};

/* What they say in messages; stripped programs still hold these. */
static const struct {
	const char *text, *who;
} messages[] = {
	{ "<jemalloc>: ", "jemalloc" },
	{ "TCMALLOC_SAMPLE_PARAMETER", "tcmalloc" },
	{ "mimalloc: error: ", "mimalloc" },
};

static void look_at_symbol(
	struct look *look, const char *name, bool exported, const char **who)
{
	if (exported && !strcmp(name, "malloc"))
		found(look, HMS_OWN_MALLOC,
			"%s defines malloc itself, and a program's own comes "
			"before a preloaded one: rules for heap calls do "
			"nothing in it, rules for mmap and brk do",
			look->path);
	for (size_t i = 0; i < sizeof(bundled) / sizeof(bundled[0]); i++)
		if (!strcmp(name, bundled[i].symbol))
			*who = bundled[i].who;
}

static void look_at_table(struct look *look, Elf *elf, Elf_Scn *section,
	const GElf_Shdr *header, const char **who)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t n =
		header->sh_entsize ? header->sh_size / header->sh_entsize : 0;
	GElf_Sym symbol;
	const char *name;

	for (size_t i = 0; data && i < n; i++) {
		if (!gelf_getsym(data, (int)i, &symbol) ||
			symbol.st_shndx == SHN_UNDEF ||
			GELF_ST_TYPE(symbol.st_info) != STT_FUNC)
			continue;
		name = elf_strptr(elf, header->sh_link, symbol.st_name);
		if (name)
			look_at_symbol(
				look, name, header->sh_type == SHT_DYNSYM, who);
	}
}

static void look_at_symbols(struct look *look, Elf *elf)
{
	const char *who = NULL, *file;
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	size_t size;

	while ((section = elf_nextscn(elf, section)))
		if (gelf_getshdr(section, &header) &&
			(header.sh_type == SHT_DYNSYM ||
				header.sh_type == SHT_SYMTAB))
			look_at_table(look, elf, section, &header, &who);
	file = elf_rawfile(elf, &size);
	for (size_t i = 0;
		file && !who && i < sizeof(messages) / sizeof(messages[0]); i++)
		if (memmem(file, size, messages[i].text,
			    strlen(messages[i].text)))
			who = messages[i].who;
	if (who && !(look->found & HMS_OWN_MALLOC))
		found(look, HMS_BUNDLED,
			"%s seems to carry its own %s: what it takes from "
			"that is seen as mmap and brk calls, not as heap calls",
			look->path, who);
}

static void look_at_elf(struct look *look, int fd)
{
	Elf *elf;
	GElf_Ehdr header;

	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (!elf || elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &header))
		found(look, HMS_NOT_A_PROGRAM, "%s is a damaged program",
			look->path);
	else if (header.e_machine != OUR_MACHINE ||
		 gelf_getclass(elf) != ELFCLASS64)
		found(look, HMS_OTHER_MACHINE,
			"%s is for another kind of processor (or 32 bits): "
			"this HMS cannot be loaded into it",
			look->path);
	else {
		look_at_segments(look, elf);
		if (!(look->found & HMS_STATIC))
			look_at_symbols(look, elf);
	}
	elf_end(elf);
}

/* credentials(7), ld.so(8) "secure-execution mode". */
static void look_at_privileges(struct look *look, int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return;
	if (((st.st_mode & S_ISUID) && st.st_uid != getuid()) ||
		((st.st_mode & S_ISGID) && (st.st_mode & S_IXGRP) &&
			st.st_gid != getgid()))
		found(look, HMS_PRIVILEGED,
			"%s is set-user-id or set-group-id: for such programs "
			"the loader ignores LD_PRELOAD",
			look->path);
	else if (getuid() && fgetxattr(fd, "security.capability", NULL, 0) > 0)
		found(look, HMS_PRIVILEGED,
			"%s has file capabilities: for such programs the "
			"loader ignores LD_PRELOAD",
			look->path);
}

/*
 * "#! INTERPRETER [ARGUMENT]": the interpreter's path, or through env(1) the
 * program it looks up.
 */
static int script_interpreter(const char *head, char *path, size_t size)
{
	char line[512];
	char *save, *word;

	snprintf(line, sizeof(line), "%.*s", (int)strcspn(head, "\n"), head);
	word = strtok_r(line, " \t", &save);
	if (!word)
		return -ENOEXEC;
	if (strcmp(word, "/usr/bin/env") && strcmp(word, "/bin/env"))
		return hms_program_find(word, path, size);
	do {
		word = strtok_r(NULL, " \t", &save);
	} while (word && (word[0] == '-' || strchr(word, '=')));
	return word ? hms_program_find(word, path, size) : -ENOEXEC;
}

int hms_program_look(const char *path,
	void (*say)(enum hms_obstacle what, const char *sentence))
{
	char here[MAX_PATH], head[512];
	struct look look = { here, say, 0 };
	int fd, err;
	ssize_t n;

	if ((size_t)snprintf(here, sizeof(here), "%s", path) >= sizeof(here))
		return -ENAMETOOLONG;
	for (int depth = 0; depth <= MAX_SCRIPTS; depth++) {
		fd = open(here, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return -errno;
		n = pread(fd, head, sizeof(head) - 1, 0);
		head[n > 0 ? n : 0] = 0;
		if (!strncmp(head, ELFMAG, SELFMAG)) {
			look_at_privileges(&look, fd);
			look_at_elf(&look, fd);
			close(fd);
			return look.found;
		}
		close(fd);
		if (!strncmp(head, "#!", 2))
			err = script_interpreter(head + 2, here, sizeof(here));
		else
			err = hms_program_find("/bin/sh", here, sizeof(here));
		if (err)
			return err;
	}
	return -ELOOP;
}
