/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libunwind steps once from a made-up frame: its stack pointer and frame
 * pointer are far apart, and whatever it reads from the stack is logged.
 * What comes out says how the caller's registers follow from the frame's.
 */
#include "engine/site/unwind.h"

#include <errno.h>

#if defined(__x86_64__) && defined(HAVE_LIBUNWIND_X86_64_H)
#include <dlfcn.h>
#include <libunwind-x86_64.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "base/sys.h"
#include "engine/site/unwind_program.h"

#pragma weak _dl_find_object

/* No address of any process; what is near one of them came from it. */
#define FAKE_SP (UINT64_C(1) << 60)
#define FAKE_FP (UINT64_C(2) << 60)
#define FAKE_READ (UINT64_C(3) << 60)
#define FAKE_OTHER (UINT64_C(4) << 60)
#define NEAR (INT64_C(1) << 30)

#define MAX_READS 32
/*
 * Of a module, for one rule; real ones take some hundred.  Programs in tables
 * could loop.
 */
#define MAX_WORDS 16384
#define SEEN_PAGES 32

/* The one step under way. */
static struct {
	uintptr_t ip, sp, fp, value;
	bool found, sound;
	unw_proc_info_t info;
	uint64_t reads[MAX_READS];
	unsigned nreads;
	/* The module whose table is read, and nothing beyond. */
	uintptr_t first, last;
	unsigned nwords;
	uintptr_t seen[SEEN_PAGES]; /* pages that are there; 0: none */
} step;

static struct {
	__typeof__(unw_create_addr_space) *create_addr_space;
	__typeof__(unw_set_caching_policy) *set_caching_policy;
	__typeof__(unw_init_remote) *init_remote;
	__typeof__(unw_step) *step;
	__typeof__(unw_get_reg) *get_reg;
	int (*search)(unw_addr_space_t space, unw_word_t ip,
		unw_dyn_info_t *info, unw_proc_info_t *out, int need,
		void *arg);
} lib;

static unw_addr_space_t space;

/*
 * The header of an unwind table: version 1, encodings pcrel|sdata4, udata4,
 * datarel|sdata4, as every linker writes them (LSB 5.0, 10.6.2).
 */
static bool read_module(uintptr_t addr, unw_word_t *value)
{
	uintptr_t page = addr >> 12, *seen = &step.seen[page % SEEN_PAGES];

	if (addr < step.first || addr > step.last || addr & 7 ||
		step.nwords++ == MAX_WORDS)
		return false;
	/* There may be holes between segments. */
	if (*seen != page && !hms_sys_readable((const void *)addr))
		return false;
	*seen = page;
	memcpy(value, (const void *)addr, sizeof(*value));
	return true;
}

/* The head of an unwind table that lies in the module; how long it says. */
static bool read_head(const struct dl_find_object *found, uint32_t *n)
{
	uintptr_t at = (uintptr_t)found->dlfo_eh_frame, start = at & ~7ul;
	unsigned char head[24];

	if (at < step.first || at & 3)
		return false;
	for (unsigned i = 0; i < sizeof(head); i += 8) {
		unw_word_t word;

		if (!read_module(start + i, &word))
			return false;
		memcpy(head + i, &word, sizeof(word));
	}
	memcpy(n, head + (at - start) + 8, sizeof(*n));
	return !memcmp(
		head + (at - start), (const char[]){ 1, 0x1b, 3, 0x3b }, 4);
}

/*
 * What libunwind knows of a function begins with where the instructions of its
 * common and of its own part are, in every version of this library.  It is to
 * run none that may lead it astray.
 */
static void check_programs(const unw_proc_info_t *info)
{
	struct {
		unw_word_t common, common_end, own, own_end;
	} *at = info->unwind_info;

	step.sound = !at || info->unwind_info_size < (int)sizeof(*at) ||
		     info->format != UNW_INFO_FORMAT_TABLE;
	if (step.sound)
		return;
	step.sound =
		site_program_sound(at->common, at->common_end, read_module) &&
		site_program_sound(at->own, at->own_end, read_module);
	if (step.sound)
		return;
	at->common_end = at->common;
	at->own_end = at->own;
}

static int find_info(unw_addr_space_t as, unw_word_t ip, unw_proc_info_t *info,
	int need, void *arg)
{
	struct dl_find_object found;
	unw_dyn_info_t table;
	uintptr_t head;
	uint32_t n;
	int rc;

	if (_dl_find_object((void *)ip, &found) || !found.dlfo_eh_frame)
		return -UNW_ENOINFO;
	step.first = ((uintptr_t)found.dlfo_map_start + 7) & ~7ul;
	step.last = (uintptr_t)found.dlfo_map_end - 8;
	if (!read_head(&found, &n))
		return -UNW_ENOINFO;
	head = (uintptr_t)found.dlfo_eh_frame;
	memset(&table, 0, sizeof(table));
	table.start_ip = (uintptr_t)found.dlfo_map_start;
	table.end_ip = (uintptr_t)found.dlfo_map_end;
	table.format = UNW_INFO_FORMAT_REMOTE_TABLE;
	table.u.rti.segbase = head;
	table.u.rti.table_data = head + 12;
	table.u.rti.table_len = (uint64_t)n * 8 / sizeof(unw_word_t);
	rc = lib.search(as, ip, &table, info, need, arg);
	if (rc >= 0) {
		step.found = true;
		step.info = *info;
		check_programs(info);
	}
	return rc;
}

static void put_info(unw_addr_space_t as, unw_proc_info_t *info, void *arg)
{
}

static int no_list(unw_addr_space_t as, unw_word_t *out, void *arg)
{
	return -UNW_ENOINFO;
}

static int access_mem(unw_addr_space_t as, unw_word_t addr, unw_word_t *value,
	int write, void *arg)
{
	if (write)
		return -UNW_EINVAL;
	/* Unwind tables and code. */
	if (addr < FAKE_SP - NEAR)
		return read_module(addr, value) ? 0 : -UNW_EINVAL;
	if (step.nreads == MAX_READS)
		return -UNW_EINVAL;
	step.reads[step.nreads++] = addr;
	*value = step.value;
	return 0;
}

static int access_reg(unw_addr_space_t as, unw_regnum_t reg, unw_word_t *value,
	int write, void *arg)
{
	if (write)
		return -UNW_EREADONLYREG;
	if (reg == UNW_X86_64_RIP)
		*value = step.ip;
	else if (reg == UNW_X86_64_RSP)
		*value = step.sp;
	else if (reg == UNW_X86_64_RBP)
		*value = step.fp;
	else
		*value = FAKE_OTHER + ((uint64_t)reg << 40);
	return 0;
}

static int no_fpreg(unw_addr_space_t as, unw_regnum_t reg, unw_fpreg_t *value,
	int write, void *arg)
{
	return -UNW_EINVAL;
}

static int no_resume(unw_addr_space_t as, unw_cursor_t *cursor, void *arg)
{
	return -UNW_EINVAL;
}

static int no_name(unw_addr_space_t as, unw_word_t addr, char *buf, size_t size,
	unw_word_t *off, void *arg)
{
	return -UNW_EINVAL;
}

/* The descriptors that are opened next; false if there are none. */
static bool next_descriptors(int fds[2])
{
	if (hms_sys_pipe(fds))
		return false;
	hms_sys_close(fds[0]);
	hms_sys_close(fds[1]);
	return true;
}

/*
 * libunwind opens a pipe, which it would write to before it reads its own
 * stack.  It never reads that here; the descriptors are the program's to use.
 */
static void close_pipe(const int fds[2])
{
	struct stat one, other;

	if (hms_sys_fstat(fds[0], &one) || hms_sys_fstat(fds[1], &other) ||
		!S_ISFIFO(one.st_mode) || one.st_ino != other.st_ino ||
		one.st_dev != other.st_dev)
		return;
	hms_sys_close(fds[0]);
	hms_sys_close(fds[1]);
}

static int make_space(unw_accessors_t *accessors)
{
	struct site_rule unused;
	uintptr_t start, end;
	int fds[2];
	bool known = next_descriptors(fds);

	space = lib.create_addr_space(accessors, 0);
	if (!space)
		return -ENOMEM;
	/* Rules are kept by us; a cache would outlive dlclosed modules. */
	lib.set_caching_policy(space, UNW_CACHE_NONE);
	site_unwind_rule((uintptr_t)make_space, &unused, &start, &end);
	if (known)
		close_pipe(fds);
	return 0;
}

int site_unwind_load(void)
{
	static unw_accessors_t accessors = { .find_proc_info = find_info,
		.put_unwind_info = put_info,
		.get_dyn_info_list_addr = no_list,
		.access_mem = access_mem,
		.access_reg = access_reg,
		.access_fpreg = no_fpreg,
		.resume = no_resume,
		.get_proc_name = no_name };
	void *handle;

	if (space)
		return 0;
	if (!_dl_find_object)
		return -ENOSYS;
	/* Nothing is left for the loader to do inside a call of the program. */
	handle = dlopen("libunwind-x86_64.so.8", RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		return -ENOENT;
	lib.create_addr_space = dlsym(handle, "_Ux86_64_create_addr_space");
	lib.set_caching_policy = dlsym(handle, "_Ux86_64_set_caching_policy");
	lib.init_remote = dlsym(handle, "_Ux86_64_init_remote");
	lib.step = dlsym(handle, "_Ux86_64_step");
	lib.get_reg = dlsym(handle, "_Ux86_64_get_reg");
	lib.search = dlsym(handle, "_Ux86_64_dwarf_search_unwind_table");
	if (!lib.create_addr_space || !lib.set_caching_policy ||
		!lib.init_remote || !lib.step || !lib.get_reg || !lib.search)
		return -ENOENT;
	return make_space(&accessors);
}

static bool near(uint64_t value, uint64_t fake, int32_t *off)
{
	int64_t distance = (int64_t)(value - fake);

	if (distance <= -NEAR || distance >= NEAR)
		return false;
	*off = (int32_t)distance;
	return true;
}

static bool read_cfa(uint64_t cfa, struct site_rule *rule)
{
	if (near(cfa, step.sp, &rule->cfa)) {
		rule->base = SITE_SP;
	} else if (near(cfa, step.fp, &rule->cfa)) {
		rule->base = SITE_FP;
	} else if (near(cfa, step.value, &rule->cfa) && step.nreads) {
		if (near(step.reads[0], step.sp, &rule->at))
			rule->base = SITE_SP_AT;
		else if (near(step.reads[0], step.fp, &rule->at))
			rule->base = SITE_FP_AT;
	}
	return rule->base != SITE_END;
}

static void read_fp(unw_cursor_t *cursor, uint64_t cfa, struct site_rule *rule)
{
	unsigned before = step.nreads;
	unw_word_t fp;

	rule->saved = SITE_LOST;
	if (lib.get_reg(cursor, UNW_X86_64_RBP, &fp))
		return;
	if (step.nreads == before) {
		if (fp == step.fp)
			rule->saved = SITE_KEPT;
	} else if (near(step.reads[step.nreads - 1], cfa, &rule->fp)) {
		rule->saved = SITE_AT_CFA;
	} else if (near(step.reads[step.nreads - 1], step.fp, &rule->fp)) {
		rule->saved = SITE_AT_FP;
	}
}

/* 0, or -1 if there is no rule of our forms. */
static int derive(uintptr_t addr, struct site_rule *rule, unsigned shift)
{
	unw_cursor_t cursor;
	unw_word_t cfa;
	bool return_address = false;

	memset(rule, 0, sizeof(*rule));
	step.ip = addr;
	step.sp = FAKE_SP + ((uint64_t)shift << 40);
	step.fp = FAKE_FP + ((uint64_t)shift << 36);
	step.value = FAKE_READ + ((uint64_t)shift << 44);
	step.nreads = step.nwords = 0;
	step.first = UINTPTR_MAX;
	step.last = 0;
	step.found = step.sound = false;
	if (lib.init_remote(&cursor, space, NULL))
		return -1;
	if (lib.step(&cursor) <= 0 || !step.found || !step.sound ||
		lib.get_reg(&cursor, UNW_X86_64_RSP, &cfa) ||
		!read_cfa(cfa, rule))
		goto none;
	for (unsigned i = 0; i < step.nreads; i++)
		return_address |= step.reads[i] == cfa - 8;
	if (!return_address)
		goto none;
	read_fp(&cursor, cfa, rule);
	return 0;
none:
	rule->base = SITE_END;
	return -1;
}

/* What signal handlers return to: mov $SYS_rt_sigreturn, %rax; syscall. */
static bool signal_return(uintptr_t addr)
{
	static const unsigned char code[] = { 0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0,
		0x0f, 0x05 };
	struct dl_find_object found;

	return !_dl_find_object((void *)addr, &found) &&
	       (uintptr_t)found.dlfo_map_end - addr >= sizeof(code) &&
	       hms_sys_readable((const void *)(addr & ~7ul)) &&
	       hms_sys_readable((const void *)((addr + 8) & ~7ul)) &&
	       !memcmp((const void *)addr, code, sizeof(code));
}

void site_unwind_rule(uintptr_t addr, struct site_rule *rule, uintptr_t *start,
	uintptr_t *end)
{
	struct site_rule again;

	*start = *end = 0;
	memset(rule, 0, sizeof(*rule));
	/* Modules come and go. */
	memset(step.seen, 0, sizeof(step.seen));
	/* addr is in the call before it, which is not there. */
	if (signal_return(addr + 1)) {
		rule->base = SITE_SIGNAL;
		return;
	}
	/* Other made-up values must give the same rule, or it is none. */
	if (derive(addr, rule, 0) || derive(addr, &again, 3) ||
		memcmp(rule, &again, sizeof(again)))
		memset(rule, 0, sizeof(*rule));
	if (step.found) {
		*start = step.info.start_ip;
		*end = step.info.end_ip;
	}
}

#else

int site_unwind_load(void)
{
	return -ENOSYS;
}

void site_unwind_rule(uintptr_t addr, struct site_rule *rule, uintptr_t *start,
	uintptr_t *end)
{
	*rule = (struct site_rule){ .base = SITE_END };
	*start = *end = 0;
}

#endif
