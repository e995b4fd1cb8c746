/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mremap(2).  Node ranges move with their policy.  File and DAX ranges must
 * not grow over the blocks of a neighbour, which the kernel would let them:
 * they move mapping by mapping, and what is new gets blocks of its own.
 */
#include "shims/map.h"

#include <linux/mempolicy.h>
#include <stdarg.h>
#include <sys/mman.h>

#include "base/maps.h"
#include "base/sys.h"
#include "engine/target/backed.h"
#include "shims/reach.h"

#define KNOWN (MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP)
#define HUGE_BYTES ((uintptr_t)2 << 20)

struct request {
	uintptr_t old;
	size_t old_len, len; /* whole pages */
	int flags;
	uintptr_t wanted; /* MREMAP_FIXED */
	struct hms_decision to;
	bool asked; /* a rule names mremap, and it matches */
	int site;
};

static void *failed(int error)
{
	errno = error;
	return MAP_FAILED;
}

/*
 * A range stays in its place when it grows, unless the rule is about mremap
 * and not just about every mapping call.
 */
static void decide(struct request *r, const void *caller)
{
	const struct hms_call call = {
		.api = HMS_API_MREMAP,
		.flags = HMS_CALL_PRIVATE | HMS_CALL_ANONYMOUS,
		.size = r->len,
		.caller = caller,
	};

	r->to.place = &hms_engine.places->places[0];
	r->to.rule = -1;
	if (hms_engine.has_map_rules)
		hms_decide(&call, &r->to);
	r->site = hms_mapped_site(&call, r->to.rule);
	r->asked =
		r->to.rule >= 0 && !(hms_engine.policy->rules[r->to.rule].apis &
					   HMS_API_BIT(HMS_API_MMAP));
}

/*
 * The kernel gives fresh memory of a mapping that grows, or stays behind, the
 * mapping's policy.  What limits and room leave for it is asked first.
 */
static void forget_policy(
	uintptr_t start, uintptr_t end, const struct hms_range *like)
{
	if (like->step >= 0 && !(like->target && like->target->ops->maps))
		hms_sys_mbind(
			(void *)start, end - start, MPOL_DEFAULT, NULL, 0, 0);
}

/* Fresh memory [start, end) behind a range that `like` was the end of. */
static int bind_tail(const struct request *r, uintptr_t start, uintptr_t end,
	const struct hms_range *like, int prot)
{
	struct hms_range as = *like;

	forget_policy(start, end, like);
	if (r->asked) {
		as.place = r->to.place;
		as.rule = r->to.rule;
		as.options = r->to.options;
		as.kind = HMS_RANGE_MAP;
	}
	as.start = start;
	as.end = end;
	as.reserve = prot == PROT_NONE;
	return hms_map_bind(&as, prot,
		!(prot & PROT_EXEC) && !(like->options & HMS_BIND_IN_PLACE));
}

/* A range that no rule had: one may have it now, if it is just memory. */
static int bind_unknown(const struct request *r, uintptr_t start)
{
	struct hms_range as = {
		.start = start,
		.end = start + r->len,
		.place = r->to.place,
		.rule = r->to.rule,
		.options = r->to.options,
		.kind = HMS_RANGE_MAP,
	};
	struct hms_mapping m;

	if (!as.place->nsteps || as.place->maps || r->len <= r->old_len ||
		hms_mapping_at(start, &m) < 0 || !m.anonymous)
		return 0;
	as.reserve = m.prot == PROT_NONE;
	return hms_map_bind(&as, m.prot, false);
}

/* MREMAP_DONTUNMAP: pages have moved; the old range stays, emptied. */
static void bind_copy(const struct request *r, uintptr_t now)
{
	uintptr_t at = now, end = now + r->old_len;
	struct hms_range piece;

	hms_range_move(r->old, r->old + r->old_len, now, end);
	while (hms_range_next(at, end, &piece)) {
		uintptr_t stop = piece.end < end ? piece.end : end;

		if (piece.start > at)
			at = piece.start;
		piece.start = at - now + r->old;
		piece.end = stop - now + r->old;
		forget_policy(piece.start, piece.end, &piece);
		hms_map_bind(&piece, PROT_READ | PROT_WRITE, false);
		at = stop;
	}
}

/* The kernel has moved or resized what is not ours to map. */
static int follow(const struct request *r, uintptr_t now)
{
	const uintptr_t end = r->old + r->old_len;
	const size_t kept = r->len < r->old_len ? r->len : r->old_len;
	struct hms_range last;
	struct hms_mapping m;
	bool known;

	if (r->flags & MREMAP_FIXED)
		hms_range_drop(now, now + r->len);
	if (!r->old_len)
		return 0;
	if (!hms_range_next(r->old, end, &last))
		return bind_unknown(r, now);
	known = hms_range_find(end - 1, &last);
	if (r->flags & MREMAP_DONTUNMAP)
		bind_copy(r, now);
	else if (now != r->old)
		hms_range_move(r->old, end, now, now + kept);
	else if (kept < r->old_len)
		hms_range_drop(r->old + kept, end);
	if (r->len <= r->old_len || (!known && !r->asked) ||
		hms_mapping_at(now + kept, &m) < 0)
		return 0;
	if (!known)
		last = (struct hms_range){ .step = -1 };
	return bind_tail(r, now + kept, now + r->len, &last,
		m.anonymous ? m.prot : m.prot | PROT_EXEC);
}

/* Moves [from, from+len) to `to`, over a reservation; 0 or -errno. */
static int move_mappings(uintptr_t from, uintptr_t to, size_t len)
{
	size_t done = 0, part;
	struct hms_mapping m;
	void *p;
	int rc = 0;

	while (done < len) {
		rc = hms_mapping_at(from + done, &m);
		if (rc < 0) {
			rc = -EFAULT;
			break;
		}
		part = m.end - (from + done);
		part = part < len - done ? part : len - done;
		p = hms_sys_mremap((void *)(from + done), part, part,
			MREMAP_MAYMOVE | MREMAP_FIXED, (void *)(to + done));
		if (hms_sys_failed(p)) {
			rc = (int)(intptr_t)p;
			break;
		}
		done += part;
	}
	if (rc < 0 && done)
		move_mappings(to, from, done);
	return rc;
}

static bool grow_in_place(
	struct request *r, int prot, const struct hms_range *last)
{
	const uintptr_t end = r->old + r->old_len;
	const size_t more = r->len - r->old_len;
	void *p = hms_sys_mmap((void *)end, more, prot,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (hms_sys_failed(p))
		return false;
	/* Kernels before 4.17 take the flag for a hint. */
	if (p != (void *)end || bind_tail(r, end, end + more, last, prot) < 0) {
		hms_sys_munmap(p, more);
		return false;
	}
	return true;
}

/* Somewhere to move to; at the same distance from huge page borders. */
static uintptr_t reserve(const struct request *r)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	uintptr_t p, start;

	if (r->flags & MREMAP_FIXED) {
		p = (uintptr_t)hms_sys_mmap((void *)r->wanted, r->len,
			PROT_NONE, flags | MAP_FIXED, -1, 0);
		if (!hms_sys_failed((void *)p)) {
			hms_range_drop(p, p + r->len);
			hms_mapped_drop(p, p + r->len);
		}
		return p;
	}
	p = (uintptr_t)hms_sys_mmap(
		NULL, r->len + HUGE_BYTES, PROT_NONE, flags, -1, 0);
	if (hms_sys_failed((void *)p))
		return p;
	start = p + ((r->old - p) & (HUGE_BYTES - 1));
	if (start > p)
		hms_sys_munmap((void *)p, start - p);
	if (start < p + HUGE_BYTES)
		hms_sys_munmap(
			(void *)(start + r->len), p + HUGE_BYTES - start);
	return start;
}

static int fill(const struct request *r, uintptr_t start, uintptr_t end,
	const struct hms_range *like, int prot)
{
	void *p = hms_sys_mmap((void *)start, end - start, prot,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	if (hms_sys_failed(p))
		return (int)(intptr_t)p;
	return bind_tail(r, start, end, like, prot);
}

static void *move(struct request *r, int prot, const struct hms_range *last)
{
	const size_t kept = r->len < r->old_len ? r->len : r->old_len;
	uintptr_t now = reserve(r);
	int rc;

	if (hms_sys_failed((void *)now))
		return failed(-(int)(intptr_t)now);
	rc = move_mappings(r->old, now, kept);
	if (rc < 0) {
		hms_sys_munmap((void *)now, r->len);
		return failed(-rc);
	}
	hms_backed_move(r->old, now, kept);
	hms_range_move(r->old, r->old + kept, now, now + kept);
	if (kept < r->old_len) {
		hms_sys_munmap((void *)(r->old + kept), r->old_len - kept);
		hms_range_drop(r->old + kept, r->old + r->old_len);
	}
	if (r->len > kept)
		rc = fill(r, now + kept, now + r->len, last, prot);
	if (rc == 0 && (r->flags & MREMAP_DONTUNMAP))
		rc = fill(r, r->old, r->old + r->old_len, last, prot);
	/*
	 * Contents have moved: too late to say that nothing did.  What could
	 * not be mapped or bound is left as the system has it.
	 */
	return (void *)now;
}

/* Some of it is on a file or device, or it is of several mappings. */
static void *remap_parts(struct request *r)
{
	const bool stays = !(r->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP));
	const uintptr_t end = r->old + r->old_len;
	struct hms_range last;
	struct hms_mapping m;

	if (hms_backed_cut(r->old, end) < 0 ||
		hms_backed_cut(r->old + r->len, end) < 0 ||
		hms_mapping_at(end - 1, &m) < 0)
		return failed(EFAULT);
	if (stays && r->len <= r->old_len) {
		if (r->len < r->old_len &&
			hms_next.munmap((void *)(r->old + r->len),
				r->old_len - r->len) < 0)
			return MAP_FAILED;
		hms_range_drop(r->old + r->len, end);
		return (void *)r->old;
	}
	if (!hms_range_find(end - 1, &last))
		last = (struct hms_range){
			.place = &hms_engine.places->places[0]
		};
	if (stays && grow_in_place(r, m.prot, &last))
		return (void *)r->old;
	if (!(r->flags & MREMAP_MAYMOVE))
		return failed(ENOMEM);
	return move(r, m.prot, &last);
}

/*
 * The kernel moves or grows one mapping at a time, and calls several EFAULT.
 * Is it one of the program's that our binding has made several of?
 */
static bool split_by_us(const struct request *r)
{
	const uintptr_t end = r->old + r->old_len;
	struct hms_range first;
	struct hms_mapping m;
	uintptr_t at = r->old;
	int prot = -1;

	if (!hms_range_next(r->old, end, &first) ||
		(first.start <= r->old && first.end >= end))
		return false;
	for (; at < end; at = m.end) {
		if (hms_mapping_at(at, &m) < 0 || !m.anonymous ||
			(prot >= 0 && m.prot != prot))
			return false;
		prot = m.prot;
	}
	return true;
}

/* Calls that the kernel refuses before it looks at the mapping. */
static bool sane(const struct request *r)
{
	const uintptr_t page = hms_sys_page_size() - 1;

	if ((r->flags & ~KNOWN) || (r->old & page) || !r->len || !r->old_len ||
		r->old + r->old_len <= r->old)
		return false;
	if ((r->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) &&
		!(r->flags & MREMAP_MAYMOVE))
		return false;
	if ((r->flags & MREMAP_DONTUNMAP) && r->len != r->old_len)
		return false;
	return !(r->flags & MREMAP_FIXED) ||
	       (!(r->wanted & page) && r->wanted + r->len > r->wanted &&
		       (r->wanted + r->len <= r->old ||
			       r->old + r->old_len <= r->wanted));
}

static void *remap(
	struct request *r, void *old, size_t old_len, size_t len, void *wanted)
{
	uintptr_t from, to;
	void *p;
	int rc, saved = errno;

	if (hms_backed_any() && sane(r) &&
		hms_backed_next(r->old, r->old + r->old_len, &from, &to))
		return remap_parts(r);
	p = hms_next.mremap(old, old_len, len, r->flags, wanted);
	if (p == MAP_FAILED && errno == EFAULT && sane(r) && split_by_us(r)) {
		errno = saved;
		return remap_parts(r);
	}
	if (p == MAP_FAILED)
		return p;
	rc = follow(r, (uintptr_t)p);
	/*
	 * Strict, and no room: as if it had not grown.  Where contents have
	 * moved it is too late for that, as in move().
	 */
	if (rc < 0 && r->len > r->old_len && p == old) {
		hms_sys_munmap((char *)p + r->old_len, r->len - r->old_len);
		hms_range_drop(
			(uintptr_t)p + r->old_len, (uintptr_t)p + r->len);
		return failed(ENOMEM);
	}
	return p;
}

HMS_EXPORT void *mremap(void *old, size_t old_len, size_t len, int flags, ...)
{
	struct request r = {
		.old = (uintptr_t)old,
		.old_len = hms_page_up(old_len),
		.len = hms_page_up(len),
		.flags = flags,
	};
	void *wanted = NULL, *p;
	int saved = errno;
	va_list args;

	if (flags & MREMAP_FIXED) {
		va_start(args, flags);
		wanted = va_arg(args, void *);
		va_end(args);
	}
	if (hms_reach_any() && !(r.old & (hms_sys_page_size() - 1)) &&
		hms_reach_touches(r.old, r.old + r.old_len))
		return hms_reach_remap(old, r.old_len, r.len, flags, wanted);
	if (hms_reach_any() && wanted &&
		hms_reach_plain((uintptr_t)wanted, (uintptr_t)wanted + r.len))
		return failed(ENOMEM);
	if (!hms_map_wanted(HMS_FAMILY_MAP))
		return hms_next.mremap(old, old_len, len, flags, wanted);
	r.wanted = (uintptr_t)wanted;
	decide(&r, __builtin_return_address(0));
	hms_map_lock();
	p = remap(&r, old, old_len, len, wanted);
	if (p != MAP_FAILED && hms_mapped_families)
		hms_mapped_remap(r.site, r.old, r.old_len, (uintptr_t)p, r.len,
			flags & MREMAP_DONTUNMAP);
	hms_map_unlock();
	if (p != MAP_FAILED)
		errno = saved;
	return p;
}
