/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether a driver bears what shims/reach.h does to its memory.  Two blocks of
 * our own: one becomes ordinary memory before the driver is asked to free it,
 * one when the driver unmaps it.  The contents must be there after that, and
 * the driver must still hand out memory and take it back.
 */
#include <errno.h>
#include <link.h>
#include <stdatomic.h>
#include <string.h>

#include "base/guard.h"
#include "base/log.h"
#include "base/sys.h"
#include "shims/hooks.h"
#include "shims/reaching.h"

enum { UNKNOWN, TRYING, GOOD, BAD };

static atomic_int known[HMS_FAMILIES];
static atomic_bool forked, wanted[HMS_FAMILIES];

/* Where code lies: a driver's that unmaps, and the vendor's library's own. */
struct code {
	atomic_uintptr_t start, end;
};
static struct code unmaps[HMS_FAMILIES], library[HMS_FAMILIES];

__thread bool reach_freeing;
__thread const void *reach_freed_by;

#define HMS_REACH_VENDOR(family, table)                                        \
	extern const struct hms_reach_vendor table                             \
		__attribute__((visibility("hidden")));
#include "shims/reach_vendors.def"
#undef HMS_REACH_VENDOR

const struct hms_reach_vendor *reach_vendor(enum hms_family family)
{
	static const struct hms_reach_vendor *const vendors[HMS_FAMILIES] = {
#define HMS_REACH_VENDOR(family, table) [HMS_FAMILY_##family] = &table,
#include "shims/reach_vendors.def"
#undef HMS_REACH_VENDOR
	};

	return vendors[family];
}

static bool is_in(struct code *code, const void *address)
{
	const uintptr_t at = (uintptr_t)address;

	return at >= atomic_load_explicit(&code->start, memory_order_relaxed) &&
	       at < atomic_load_explicit(&code->end, memory_order_relaxed);
}

bool hms_reach_is_driver(const void *caller)
{
	for (unsigned i = 0; i < HMS_FAMILIES; i++)
		if (is_in(&unmaps[i], caller))
			return true;
	return false;
}

struct find {
	uintptr_t at;
	struct code *code;
};

static int find_code(struct dl_phdr_info *info, size_t size, void *arg)
{
	const struct find *find = arg;

	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		const uintptr_t start = info->dlpi_addr + p->p_vaddr;

		if (p->p_type != PT_LOAD || !(p->p_flags & PF_X) ||
			find->at < start || find->at >= start + p->p_memsz)
			continue;
		atomic_store(&find->code->end, start + p->p_memsz);
		atomic_store(&find->code->start, start);
		return 1;
	}
	return 0;
}

bool reach_is_library(const struct hms_reach_vendor *vendor, const void *caller)
{
	struct find find = { .code = &library[vendor->family] };

	if (!atomic_load_explicit(&find.code->end, memory_order_relaxed)) {
		find.at = (uintptr_t)vendor->code();
		if (find.at)
			dl_iterate_phdr(find_code, &find);
	}
	return is_in(&library[vendor->family], caller) ||
	       is_in(&unmaps[vendor->family], caller);
}

int64_t reach_tell(
	const struct hms_reach_vendor *vendor, void *memory, void *context)
{
	int64_t rc;

	reach_freeing = true;
	hms_vendor_depth++;
	rc = vendor->free(memory, context);
	hms_vendor_depth--;
	reach_freeing = false;
	return rc;
}

static const char text[] = "as it was";

static bool is_there(const char *p)
{
	return !memcmp(p, text, sizeof(text)) &&
	       !memcmp(p + HMS_REACH_LEAST - sizeof(text), text, sizeof(text));
}

/* A block of nobody's rule: accounts stay out of it. */
static struct reach_block *enter(
	const struct hms_reach_vendor *vendor, void *memory, void *context)
{
	struct reach_block *b;

	reach_lock();
	b = reach_new();
	if (b) {
		b->start = (uintptr_t)memory;
		b->end = b->start + HMS_REACH_LEAST;
		b->heap = true;
		b->vendor = vendor;
		b->context = context;
		b->place = &hms_engine.places->places[0];
		b->rule = b->step = -1;
		reach_insert(b);
	}
	reach_unlock();
	return b;
}

/* early: it is ordinary memory before the driver hears of it. */
static bool bears(const struct hms_reach_vendor *vendor, bool early)
{
	void *context = NULL;
	char *p = vendor->alloc(HMS_REACH_LEAST, &context);
	struct reach_block *b = p ? enter(vendor, p, context) : NULL;
	bool good;
	int64_t rc;

	if (!b)
		return false;
	memcpy(p, text, sizeof(text));
	memcpy(p + HMS_REACH_LEAST - sizeof(text), text, sizeof(text));
	reach_lock();
	b->telling = true;
	good = !early || !reach_convert(b, true);
	reach_unlock();
	reach_freed_by = NULL;
	rc = reach_tell(vendor, p, context);
	reach_lock();
	good = good && !rc && reach_freed_by && b->state == REACH_PLAIN &&
	       is_there(p);
	/* What the driver did not unmap it may still count on. */
	if (good)
		hms_sys_munmap(p, HMS_REACH_LEAST);
	reach_remove(b);
	reach_unlock();
	return good;
}

static bool try_out(const struct hms_reach_vendor *vendor)
{
	struct find find = { .code = &unmaps[vendor->family] };
	void *context = NULL, *p;

	if (!bears(vendor, false))
		return false;
	find.at = (uintptr_t)reach_freed_by;
	dl_iterate_phdr(find_code, &find);
	if (!bears(vendor, true))
		return false;
	p = vendor->alloc(HMS_REACH_LEAST, &context);
	return p && !reach_tell(vendor, p, context) &&
	       atomic_load(&find.code->end) != 0;
}

static bool prove(const struct hms_reach_vendor *vendor)
{
	atomic_int *state = &known[vendor->family];
	int is = UNKNOWN;

	if (!atomic_compare_exchange_strong(state, &is, TRYING))
		return is == GOOD;
	is = try_out(vendor) ? GOOD : BAD;
	if (is == BAD)
		hms_log_once(HMS_LOG_WARN,
			"this driver's managed memory cannot become ordinary memory again; malloc and mmap go without it");
	atomic_store(state, is);
	return is == GOOD;
}

/* Freeing waits for the device; whoever allocates may hold locks. */
bool reach_proven(const struct hms_reach_vendor *vendor)
{
	if (atomic_load(&forked))
		return false;
	if (atomic_load(&known[vendor->family]) != UNKNOWN || vendor->idle())
		return prove(vendor);
	atomic_store(&wanted[vendor->family], true);
	return false;
}

void reach_prove_now(const struct hms_reach_vendor *vendor)
{
	if (!atomic_load(&forked) && atomic_load(&wanted[vendor->family]) &&
		atomic_load(&known[vendor->family]) == UNKNOWN)
		prove(vendor);
}

void reach_after_fork(void)
{
	atomic_store(&forked, true);
}
