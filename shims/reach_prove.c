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

/* Where a driver's code lies that unmaps. */
static atomic_uintptr_t code_start[HMS_FAMILIES], code_end[HMS_FAMILIES];

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

bool hms_reach_is_driver(const void *caller)
{
	const uintptr_t at = (uintptr_t)caller;

	for (unsigned i = 0; i < HMS_FAMILIES; i++)
		if (at >= atomic_load_explicit(
				  &code_start[i], memory_order_relaxed) &&
			at < atomic_load_explicit(
				     &code_end[i], memory_order_relaxed))
			return true;
	return false;
}

static int find_code(struct dl_phdr_info *info, size_t size, void *arg)
{
	const uintptr_t at = (uintptr_t)reach_freed_by;
	const enum hms_family family = *(const enum hms_family *)arg;

	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		const uintptr_t start = info->dlpi_addr + p->p_vaddr;

		if (p->p_type != PT_LOAD || !(p->p_flags & PF_X) ||
			at < start || at >= start + p->p_memsz)
			continue;
		atomic_store(&code_end[family], start + p->p_memsz);
		atomic_store(&code_start[family], start);
		return 1;
	}
	return 0;
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
	void *context = NULL, *p;

	if (!bears(vendor, false))
		return false;
	dl_iterate_phdr(find_code, (void *)&vendor->family);
	if (!bears(vendor, true))
		return false;
	p = vendor->alloc(HMS_REACH_LEAST, &context);
	return p && !reach_tell(vendor, p, context) &&
	       atomic_load(&code_end[vendor->family]) != 0;
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
