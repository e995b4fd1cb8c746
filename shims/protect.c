/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mprotect(2), pkey_mprotect(2), madvise(2), posix_madvise(3).  A reservation
 * that becomes usable is bound first, so that its first page is right
 * already.  Advice that private anonymous memory would take, and a file would
 * not, is made to mean the same.
 */
#include "shims/map.h"

#include <sys/mman.h>

#include "base/maps.h"
#include "engine/target/backed.h"
#include "shims/reach.h"

#define USABLE (PROT_READ | PROT_WRITE | PROT_EXEC)
#define NO_PKEY (-1)

/* Newer than the oldest headers we build with; see madvise(2). */
#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#define ADVICE_GUARD_INSTALL 102

/*
 * Reservations in [start, end) are to be used with prot; 0 or -ENOMEM.  They
 * stay PROT_NONE here, as mprotect may still fail half way.  populate: some
 * rule wants the pages at once.
 */
static int put_to_use(uintptr_t start, uintptr_t end, int prot, bool *populate)
{
	struct hms_range piece;
	int rc = 0;

	*populate = false;
	while (!rc && start < end && hms_range_next(start, end, &piece)) {
		uintptr_t stop = piece.end < end ? piece.end : end;

		if (piece.start < start)
			piece.start = start;
		piece.end = stop;
		start = stop;
		if (!piece.reserve)
			continue;
		piece.reserve = false;
		/* Code is written by JITs; it stays ordinary memory. */
		if (piece.place->maps && (prot & PROT_EXEC))
			hms_range_drop(piece.start, piece.end);
		else
			rc = hms_map_bind(&piece, PROT_NONE,
				!(piece.options & HMS_BIND_IN_PLACE));
		*populate |= piece.options & HMS_OPT_POPULATE;
	}
	return rc;
}

/* Backed parts become anonymous memory, which the table has no part in. */
static int detach(uintptr_t start, uintptr_t end)
{
	uintptr_t from, to;
	int rc;

	while (hms_backed_next(start, end, &from, &to)) {
		rc = hms_backed_detach(from, to);
		if (rc < 0)
			return rc;
		hms_range_drop(from, to);
	}
	return 0;
}

static int next_protect(void *addr, size_t len, int prot, int pkey)
{
	int rc;

	if (pkey == NO_PKEY)
		return hms_next.mprotect(addr, len, prot);
	rc = hms_sys_pkey_mprotect(addr, len, prot, pkey);
	if (rc < 0)
		errno = -rc;
	return rc < 0 ? -1 : 0;
}

/* What a call that failed half way has protected: up to the first hole. */
static void protected_part(uintptr_t start, uintptr_t end)
{
	struct hms_mapping m;

	for (; start < end && hms_mapping_at(start, &m) == 0; start = m.end)
		hms_backed_protect(start, m.end < end ? m.end : end, m.prot);
}

static int protect_backed(void *addr, size_t len, int prot, int pkey)
{
	uintptr_t start = (uintptr_t)addr, end = start + hms_page_up(len);
	uintptr_t from, to;
	int rc, error;

	hms_backed_cut(start, end);
	rc = next_protect(addr, len, prot, pkey);
	/* A file system mounted noexec. */
	if (rc && (prot & PROT_EXEC) && (errno == EACCES || errno == EPERM) &&
		hms_backed_next(start, end, &from, &to) &&
		detach(start, end) == 0)
		rc = next_protect(addr, len, prot, pkey);
	error = errno;
	if (rc == 0)
		hms_backed_protect(start, end, prot);
	else if (hms_backed_next(start, end, &from, &to))
		protected_part(start, end);
	errno = error;
	return rc;
}

static int protect(void *addr, size_t len, int prot, int pkey)
{
	uintptr_t start = (uintptr_t)addr, end = start + hms_page_up(len);
	bool populate = false;
	int rc;

	if ((prot & USABLE) && put_to_use(start, end, prot, &populate) < 0) {
		errno = ENOMEM;
		return -1;
	}
	rc = hms_backed_any() ? protect_backed(addr, len, prot, pkey)
			      : next_protect(addr, len, prot, pkey);
	if (rc == 0 && (prot & PROT_EXEC))
		hms_range_stay(start, end);
	if (rc == 0 && populate && (prot & PROT_WRITE))
		hms_sys_madvise(addr, hms_page_up(len), MADV_POPULATE_WRITE);
	return rc;
}

static int protect_tracked(void *addr, size_t len, int prot, int pkey)
{
	uintptr_t start = (uintptr_t)addr;
	int saved = errno, rc;

	if (hms_reach_any() && hms_page_aligned(addr)) {
		const uintptr_t end = start + hms_page_up(len);

		if (prot == (PROT_READ | PROT_WRITE) && pkey == NO_PKEY &&
			len && hms_reach_holds(start, end))
			return 0;
		if (end > start && hms_reach_plain(start, end) < 0) {
			errno = ENOMEM;
			return -1;
		}
	}
	if (!hms_map_tracking() || !hms_page_aligned(addr) ||
		start + hms_page_up(len) <= start)
		return next_protect(addr, len, prot, pkey);
	hms_map_lock();
	rc = protect(addr, len, prot, pkey);
	hms_map_unlock();
	if (rc == 0)
		errno = saved;
	return rc;
}

HMS_EXPORT int mprotect(void *addr, size_t len, int prot)
{
	return protect_tracked(addr, len, prot, NO_PKEY);
}

HMS_EXPORT int pkey_mprotect(void *addr, size_t len, int prot, int pkey)
{
	return protect_tracked(addr, len, prot, pkey);
}

enum meaning {
	AS_IT_IS, /* files take it the same way */
	ZERO, /* contents are to be gone */
	NOTHING, /* a hint that may be ignored, or already so */
	REFUSED, /* for shared mappings only */
	ANONYMOUS /* needs private anonymous memory */
};

static enum meaning meaning_of(int advice)
{
	switch (advice) {
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
		return ZERO;
	case MADV_FREE:
	case MADV_KEEPONFORK:
	case MADV_UNMERGEABLE:
		return NOTHING;
	case MADV_REMOVE:
		return REFUSED;
	case MADV_DONTFORK:
	case MADV_WIPEONFORK:
	case MADV_MERGEABLE:
	case ADVICE_GUARD_INSTALL:
		return ANONYMOUS;
	default:
		return AS_IT_IS;
	}
}

/*
 * Reservations that a file or device would serve later: it could not keep
 * what is advised about them now.
 */
static void forget_reservations(uintptr_t start, uintptr_t end)
{
	struct hms_range piece;

	while (start < end && hms_range_next(start, end, &piece)) {
		uintptr_t stop = piece.end < end ? piece.end : end;

		if (piece.reserve && piece.place->maps)
			hms_range_drop(
				piece.start > start ? piece.start : start,
				stop);
		start = stop;
	}
}

/* A part that is on a file or device; libc's contract. */
static int advise_backed(uintptr_t start, uintptr_t end, int advice)
{
	void *addr = (void *)start;
	int rc = 0;

	switch (meaning_of(advice)) {
	case ZERO:
		rc = hms_target_zero(NULL, addr, end - start);
		if (rc < 0)
			rc = detach(start, end);
		else
			return 0;
		if (rc == 0)
			return hms_next.madvise(addr, end - start, advice);
		break;
	case NOTHING:
		return 0;
	case REFUSED:
		rc = -EINVAL;
		break;
	case ANONYMOUS:
		rc = detach(start, end);
		if (rc == 0)
			return hms_next.madvise(addr, end - start, advice);
		break;
	case AS_IT_IS:
		return hms_next.madvise(addr, end - start, advice);
	}
	errno = -rc;
	return -1;
}

/* Part by part; like the kernel, goes on behind a hole, then says ENOMEM. */
static int advise(uintptr_t start, uintptr_t end, int advice)
{
	const uintptr_t first = start;
	uintptr_t from, to;
	bool hole = false;
	int rc = 0;

	if (meaning_of(advice) == ANONYMOUS)
		forget_reservations(start, end);
	while (rc == 0 && start < end) {
		if (!hms_backed_next(start, end, &from, &to))
			from = to = end;
		if (from > start)
			rc = hms_next.madvise(
				(void *)start, from - start, advice);
		if (rc && errno == ENOMEM) {
			hole = true;
			rc = 0;
		}
		if (rc == 0 && from < to)
			rc = advise_backed(from, to, advice);
		start = to;
	}
	/* Another mapping of it would not be what it was advised to be. */
	if (rc == 0 && meaning_of(advice) == ANONYMOUS)
		hms_range_stay(first, end);
	if (rc == 0 && hole) {
		errno = ENOMEM;
		rc = -1;
	}
	return rc;
}

HMS_EXPORT int madvise(void *addr, size_t len, int advice)
{
	uintptr_t start = (uintptr_t)addr, end = start + hms_page_up(len);
	int saved = errno, rc;

	if (hms_reach_any() && hms_page_aligned(addr) && end > start) {
		/* Hints about pages mean nothing to a driver. */
		if (meaning_of(advice) == AS_IT_IS &&
			hms_reach_holds(start, end))
			return 0;
		if (meaning_of(advice) != AS_IT_IS &&
			hms_reach_plain(start, end) < 0) {
			errno = ENOMEM;
			return -1;
		}
	}
	if (!hms_map_tracking() || meaning_of(advice) == AS_IT_IS ||
		!hms_page_aligned(addr) || end <= start)
		return hms_next.madvise(addr, len, advice);
	hms_map_lock();
	rc = advise(start, end, advice);
	hms_map_unlock();
	if (rc == 0)
		errno = saved;
	return rc;
}

/* libc makes POSIX_MADV_DONTNEED do nothing, so no contents are at stake. */
HMS_EXPORT int posix_madvise(void *addr, size_t len, int advice)
{
	return hms_next.posix_madvise(addr, len, advice);
}
