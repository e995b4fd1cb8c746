/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/target/backed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/sys.h"
#include "engine/target/store.h"

#define PAGE ((size_t)4096)
/* Each operation splits at most two extents and inserts one. */
#define SPARE 4

struct hms_extents hms_backed;

static unsigned nbacked;
static bool any_backed;

bool hms_backed_any(void)
{
	return __atomic_load_n(&any_backed, __ATOMIC_RELAXED);
}

static void *at(uint64_t addr)
{
	return (void *)(uintptr_t)addr;
}

/* Our mappings may take half of what the kernel allows a process. */
static unsigned budget(void)
{
	static unsigned half;
	char text[32];

	if (!half) {
		half = 32765;
		if (hms_sys_read_file("/proc/sys/vm/max_map_count", text,
			    sizeof(text)) > 0 &&
			atoi(text) > 1)
			half = (unsigned)atoi(text) / 2;
	}
	return half;
}

bool hms_backed_has_room(void)
{
	return nbacked < budget();
}

void hms_backed_forget(struct hms_extent *e)
{
	RB_REMOVE(hms_extents, &hms_backed, e);
	hms_extent_free(e);
	nbacked--;
}

static bool joins(const struct hms_extent *a, const struct hms_extent *b)
{
	return a->end == b->start && a->store == b->store &&
	       a->generation == b->generation && a->prot == b->prot &&
	       a->frozen == b->frozen && a->copy == b->copy &&
	       a->offset + (a->end - a->start) == b->offset;
}

void hms_backed_insert(struct hms_extent *e)
{
	struct hms_extent *other;

	RB_INSERT(hms_extents, &hms_backed, e);
	nbacked++;
	__atomic_store_n(&any_backed, true, __ATOMIC_RELAXED);
	other = RB_NEXT(hms_extents, &hms_backed, e);
	if (other && joins(e, other)) {
		e->end = other->end;
		hms_backed_forget(other);
	}
	other = RB_PREV(hms_extents, &hms_backed, e);
	if (other && joins(other, e)) {
		other->end = e->end;
		hms_backed_forget(e);
	}
}

static bool split(uintptr_t where)
{
	struct hms_extent *e = hms_extents_from(&hms_backed, where), *tail;

	if (!e || e->start >= where)
		return true;
	tail = hms_extent_new();
	if (!tail)
		return false;
	*tail = *e;
	tail->start = where;
	tail->offset += where - e->start;
	e->end = where;
	RB_INSERT(hms_extents, &hms_backed, tail);
	nbacked++;
	return true;
}

/* Splits at both edges; from then on extents lie inside or outside. */
int hms_backed_isolate(uintptr_t start, uintptr_t end)
{
	return split(start) && split(end) ? 0 : -ENOMEM;
}

/* The first extent that lies inside [start, end) after hms_backed_isolate(). */
struct hms_extent *hms_backed_first(uintptr_t start, uintptr_t end)
{
	struct hms_extent *e = hms_extents_from(&hms_backed, start);

	return e && e->start < end ? e : NULL;
}

int hms_extent_map(const struct hms_extent *e, int fd, bool private)
{
	int flags = MAP_FIXED |
		    (private ? MAP_PRIVATE | MAP_NORESERVE : MAP_SHARED);
	void *p = hms_sys_mmap(at(e->start), e->end - e->start, e->prot, flags,
		fd, (off_t)e->offset);

	return hms_sys_failed(p) ? (int)(intptr_t)p : 0;
}

/* DAX memory is whatever the last owner left there. */
static int clear_device(struct hms_extent *e)
{
	int prot = e->prot, rc;

	e->prot = PROT_READ | PROT_WRITE;
	rc = hms_extent_map(e, e->store->fd, false);
	e->prot = prot;
	if (rc < 0)
		return rc;
	memset(at(e->start), 0, e->end - e->start);
	if (prot == (PROT_READ | PROT_WRITE))
		return 0;
	return hms_sys_mprotect(at(e->start), e->end - e->start, prot);
}

int hms_anonymous_map(uintptr_t start, uintptr_t end, int prot)
{
	void *p = hms_sys_mmap(at(start), end - start, prot,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);

	return hms_sys_failed(p) ? (int)(intptr_t)p : 0;
}

/* Binds the start of [addr, addr+*len); *len becomes what it was. */
static int bind_some(
	struct hms_store *store, uintptr_t addr, uint64_t *len, int prot)
{
	struct hms_extent *e;
	uint64_t offset;
	int rc = hms_store_take(store, addr, len, &offset);

	if (rc < 0)
		return rc;
	e = hms_extent_new(); /* spared by the caller */
	*e = (struct hms_extent){ .start = addr,
		.end = addr + *len,
		.store = store,
		.offset = offset,
		.generation = store->generation,
		.prot = prot };
	rc = store->device ? clear_device(e)
			   : hms_extent_map(e, store->fd, false);
	if (rc < 0) {
		/* The kernel may have unmapped before it failed. */
		hms_anonymous_map(e->start, e->end, prot);
		hms_store_give(e, offset, *len);
		hms_extent_free(e);
		return rc;
	}
	hms_backed_insert(e);
	return 0;
}

void hms_backed_unmapped(uintptr_t start, uintptr_t end)
{
	struct hms_extent *e;

	/*
	 * Without a node to split with, the extent stays: its blocks are
	 * lost, which is better than blocks that two ranges share.
	 */
	if (hms_backed_isolate(start, end) < 0)
		return;
	while ((e = hms_backed_first(start, end))) {
		hms_store_give(e, e->offset, e->end - e->start);
		hms_backed_forget(e);
	}
}

int hms_backed_fill(
	struct hms_store *store, uintptr_t addr, uint64_t len, int prot)
{
	uint64_t done = 0, part;
	int rc = hms_store_fd(store);

	if (rc < 0)
		return rc;
	if ((addr | len) & (store->granule - 1))
		return -EINVAL;
	while (done < len) {
		part = len - done;
		rc = hms_backed_has_room() ? hms_extent_spare(SPARE) : -ENOMEM;
		if (rc == 0)
			rc = bind_some(store, addr + done, &part, prot);
		if (rc < 0)
			break;
		done += part;
	}
	if (rc < 0 && done && hms_anonymous_map(addr, addr + done, prot) == 0)
		hms_backed_unmapped(addr, addr + done);
	return rc;
}

int hms_backed_bind(struct hms_target *target, void *addr, size_t len, int prot)
{
	int rc;

	hms_stores_lock();
	hms_backed_unmapped((uintptr_t)addr, (uintptr_t)addr + len);
	rc = hms_backed_fill(target->state, (uintptr_t)addr, len, prot);
	hms_stores_unlock();
	return rc;
}

void hms_backed_release(struct hms_target *target, void *addr, size_t len)
{
	hms_stores_lock();
	hms_backed_unmapped((uintptr_t)addr, (uintptr_t)addr + len);
	hms_stores_unlock();
}

void hms_backed_move(uintptr_t start, uintptr_t now, size_t len)
{
	uintptr_t end = start + len;
	struct hms_extents moving;
	struct hms_extent *e;

	RB_INIT(&moving);
	hms_stores_lock();
	if (hms_backed_isolate(start, end) == 0) {
		while ((e = hms_backed_first(start, end))) {
			RB_REMOVE(hms_extents, &hms_backed, e);
			nbacked--;
			e->start += now - start;
			e->end += now - start;
			RB_INSERT(hms_extents, &moving, e);
		}
		while ((e = RB_MIN(hms_extents, &moving))) {
			RB_REMOVE(hms_extents, &moving, e);
			hms_backed_insert(e);
		}
	}
	hms_stores_unlock();
}

void hms_backed_moved(
	struct hms_target *target, void *old, void *now, size_t len)
{
	hms_backed_move((uintptr_t)old, (uintptr_t)now, len);
}

size_t hms_backed_granule(const struct hms_target *target)
{
	const struct hms_store *store = target->state;

	return store->granule;
}

bool hms_backed_next(
	uintptr_t start, uintptr_t end, uintptr_t *from, uintptr_t *to)
{
	struct hms_extent *e;

	hms_stores_lock();
	e = hms_backed_first(start, end);
	if (e) {
		*from = e->start > start ? e->start : start;
		*to = e->end < end ? e->end : end;
	}
	hms_stores_unlock();
	return e != NULL;
}

int hms_backed_shared(uintptr_t start, uintptr_t end)
{
	struct hms_extent *e;
	int rc = 0;

	hms_stores_lock();
	for (; start < end; start = e->end) {
		e = hms_extents_from(&hms_backed, start);
		rc = !e || e->start > start ? -ENOENT : e->frozen ? -EPERM : 0;
		if (rc < 0)
			break;
	}
	hms_stores_unlock();
	return rc;
}

void hms_backed_protect(uintptr_t start, uintptr_t end, int prot)
{
	struct hms_extent *e;

	hms_stores_lock();
	if (hms_backed_isolate(start, end) == 0)
		for (e = hms_backed_first(start, end); e && e->start < end;
			e = RB_NEXT(hms_extents, &hms_backed, e))
			e->prot = prot & (PROT_READ | PROT_WRITE | PROT_EXEC);
	hms_stores_unlock();
}

/* Copies all but empty pages, which the kernel fills in without memory. */
static void copy_pages(char *to, const char *from, size_t len)
{
	for (size_t i = 0; i < len; i += PAGE) {
		const uint64_t *word = (const uint64_t *)(from + i);

		for (size_t j = 0; j < PAGE / sizeof(*word); j++) {
			if (!word[j])
				continue;
			memcpy(to + i, from + i, PAGE);
			break;
		}
	}
}

int hms_extent_copy(const struct hms_extent *e)
{
	size_t len = e->end - e->start;
	char *copy;
	void *p;
	int rc = 0;

	copy = hms_sys_mmap(NULL, len, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (hms_sys_failed(copy))
		return (int)(intptr_t)copy;
	if (!(e->prot & PROT_READ))
		rc = hms_sys_mprotect(at(e->start), len, PROT_READ);
	if (rc == 0) {
		copy_pages(copy, at(e->start), len);
		rc = hms_sys_mprotect(copy, len, e->prot);
	}
	if (rc == 0) {
		p = hms_sys_mremap(copy, len, len,
			MREMAP_MAYMOVE | MREMAP_FIXED, at(e->start));
		rc = hms_sys_failed(p) ? (int)(intptr_t)p : 0;
	}
	if (rc < 0) {
		hms_sys_munmap(copy, len);
		if (!(e->prot & PROT_READ))
			hms_sys_mprotect(at(e->start), len, e->prot);
	}
	return rc;
}

static int detach(uintptr_t start, uintptr_t end)
{
	struct hms_extent *e;
	int rc;

	rc = hms_extent_spare(SPARE);
	if (rc == 0)
		rc = hms_backed_isolate(start, end);
	while (rc == 0 && (e = hms_backed_first(start, end))) {
		rc = hms_extent_copy(e);
		if (rc < 0)
			break;
		hms_store_give(e, e->offset, e->end - e->start);
		hms_backed_forget(e);
	}
	return rc;
}

int hms_backed_detach(uintptr_t start, uintptr_t end)
{
	int rc;

	hms_stores_lock();
	rc = detach(start, end);
	hms_stores_unlock();
	return rc;
}

static int cut(uintptr_t where)
{
	struct hms_extent *e = hms_extents_from(&hms_backed, where);
	uint64_t floor;

	if (!e || e->start >= where)
		return 0;
	floor = where & ~(e->store->granule - 1);
	if (floor == where)
		return 0;
	return detach(floor, floor + e->store->granule);
}

int hms_backed_cut(uintptr_t start, uintptr_t end)
{
	int rc;

	hms_stores_lock();
	rc = cut(start);
	if (rc == 0)
		rc = cut(end);
	hms_stores_unlock();
	return rc;
}
