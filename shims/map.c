/* SPDX-License-Identifier: BSD-2-Clause */
/* mmap(2), munmap(2): the program's own call first, then the bind. */
#include "shims/map.h"

#include <linux/magic.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/vfs.h>

#include "base/log.h"
#include "engine/heat/sites.h"
#include "engine/target/backed.h"
#include "shims/reach.h"
#include "shims/start.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22 /* Linux 5.14 */
#define MADV_POPULATE_WRITE 23
#endif

/* One mmap call. */
struct request {
	void *addr;
	size_t len;
	int prot, flags, fd;
	off_t off;
	bool replaceable; /* private, anonymous, without special wishes */
	struct hms_decision to;
	uint16_t site; /* if it may move */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void hms_map_lock(void)
{
	hms_guard_enter();
	pthread_mutex_lock(&lock);
}

void hms_map_unlock(void)
{
	pthread_mutex_unlock(&lock);
	hms_guard_leave();
}

void hms_map_before_fork(void)
{
	pthread_mutex_lock(&lock);
}

void hms_map_after_fork(bool child)
{
	pthread_mutex_unlock(&lock);
}

static size_t granule_of(const struct hms_place *place)
{
	size_t granule = hms_sys_page_size(), own;

	for (unsigned i = 0; place->maps && i < place->nsteps; i++) {
		const struct hms_step *step = &place->steps[i];

		for (unsigned j = 0; j < step->ntargets; j++) {
			const struct hms_target *t = step->targets[j];

			own = t->ops->maps ? t->ops->granule(t) : 0;
			if (own > granule)
				granule = own;
		}
	}
	return granule;
}

int hms_map_bind(const struct hms_range *as, int prot, bool replaceable)
{
	struct hms_range part = *as;
	uintptr_t cuts[4] = { as->start, as->start, as->end, as->end };
	size_t granule;
	int rc = 0;

	if (!as->place->nsteps || hms_thread_has_policy())
		return 0;
	part.options &= ~HMS_BIND_IN_PLACE;
	if (as->place->maps && !replaceable) {
		part.options |= HMS_BIND_IN_PLACE;
		hms_log_once(HMS_LOG_WARN,
			"%s: shared, executable, locked and brk memory cannot be on a file or device",
			as->place->text);
	}
	granule = as->reserve ? 1 : granule_of(as->place);
	if (granule > hms_sys_page_size() && as->end - as->start >= granule) {
		cuts[1] = (as->start + granule - 1) & ~(granule - 1);
		cuts[2] = as->end & ~(granule - 1);
		if (cuts[1] > cuts[2])
			cuts[1] = cuts[2] = as->start;
	}
	for (int i = 0; i < 3 && !rc; i++) {
		part.start = cuts[i];
		part.end = cuts[i + 1];
		if (part.start < part.end)
			rc = hms_range_bind(&part, prot);
	}
	return rc;
}

/* Shared memory of a file may be bound if memory is all it is. */
static bool memory_file(int fd)
{
	struct statfs fs;

	return hms_sys_fstatfs(fd, &fs) == 0 &&
	       (fs.f_type == TMPFS_MAGIC || fs.f_type == HUGETLBFS_MAGIC);
}

static bool bindable(const struct request *r)
{
	if (r->flags & MAP_GROWSDOWN)
		return false;
	if (r->flags & MAP_ANONYMOUS)
		return true;
	return (r->flags & MAP_TYPE) != MAP_PRIVATE && memory_file(r->fd);
}

static uint32_t call_flags(const struct request *r)
{
	static const struct {
		int map;
		enum hms_call_flag call;
	} table[] = {
		{ MAP_ANONYMOUS, HMS_CALL_ANONYMOUS },
		{ MAP_HUGETLB, HMS_CALL_HUGETLB },
		{ MAP_FIXED, HMS_CALL_FIXED },
		{ MAP_FIXED_NOREPLACE, HMS_CALL_FIXED },
		{ MAP_NORESERVE, HMS_CALL_NORESERVE },
		{ MAP_POPULATE, HMS_CALL_POPULATE },
		{ MAP_LOCKED, HMS_CALL_LOCKED },
		{ MAP_STACK, HMS_CALL_STACK },
	};
	uint32_t flags = 0;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (r->flags & table[i].map)
			flags |= table[i].call;
	flags |= (r->flags & MAP_TYPE) == MAP_PRIVATE ? HMS_CALL_PRIVATE
						      : HMS_CALL_SHARED;
	if (!(r->flags & MAP_ANONYMOUS))
		flags |= HMS_CALL_FILE;
	if (r->prot == PROT_NONE)
		flags |= HMS_CALL_RESERVE;
	if (r->prot & PROT_EXEC)
		flags |= HMS_CALL_EXEC;
	return flags;
}

/*
 * The program's call.  Pages must not be touched before they are bound, so
 * populating and locking come after; devices want addresses of their own
 * granule, where the program leaves the choice to us.
 */
static void *map(const struct request *r, bool later)
{
	size_t granule = r->replaceable ? granule_of(r->to.place) : 0;
	int flags = r->flags;
	char *p, *start;

	if (later)
		flags &= ~(MAP_POPULATE | MAP_LOCKED);
	if (granule <= hms_sys_page_size() || r->addr || r->len < granule ||
		flags & (MAP_FIXED | MAP_FIXED_NOREPLACE) ||
		r->len > PTRDIFF_MAX)
		return hms_next.mmap(
			r->addr, r->len, r->prot, flags, r->fd, r->off);
	p = hms_next.mmap(NULL, hms_page_up(r->len) + granule, r->prot, flags,
		r->fd, r->off);
	if (p == MAP_FAILED)
		return p;
	start = (char *)(((uintptr_t)p + granule - 1) & ~(granule - 1));
	if (start > p)
		hms_sys_munmap(p, (size_t)(start - p));
	hms_sys_munmap(
		start + hms_page_up(r->len), granule - (size_t)(start - p));
	return start;
}

/* What MAP_POPULATE and MAP_LOCKED promised; 0 or an error of mmap's. */
static int touch(const struct request *r, void *p)
{
	int rc;

	if (r->flags & MAP_LOCKED) {
		/* Only limits make mmap fail, not pages that are missing. */
		rc = hms_sys_mlock2(p, r->len, MLOCK_ONFAULT);
		if (rc < 0)
			return rc == -ENOMEM ? -EAGAIN : rc;
		hms_sys_mlock2(p, r->len, 0);
		return 0;
	}
	if ((r->flags & MAP_POPULATE) && !(r->flags & MAP_NONBLOCK) &&
		r->prot != PROT_NONE)
		hms_sys_madvise(p, hms_page_up(r->len),
			r->prot & PROT_WRITE ? MADV_POPULATE_WRITE
					     : MADV_POPULATE_READ);
	return 0;
}

/*
 * MAP_FIXED over ranges of ours: a reservation is put to use piece by piece
 * this way, so each piece keeps its place.
 */
static int bind_over(const struct request *r, uintptr_t start, uintptr_t end)
{
	const bool anonymous = r->flags & MAP_ANONYMOUS;
	int rc = 0;

	while (!rc && start < end) {
		struct hms_range as = {
			.place = r->to.place,
			.rule = r->to.rule,
			.options = r->to.options,
			.end = end,
			.site = r->site,
		};
		struct hms_range piece;

		if (hms_range_next(start, end, &piece)) {
			if (piece.start > start)
				as.end = piece.start;
			else
				as = piece;
		}
		as.start = start;
		as.end = as.end < end ? as.end : end;
		as.options |= r->to.options & HMS_BIND_STAYS;
		as.kind = HMS_RANGE_MAP;
		as.reserve = r->prot == PROT_NONE;
		hms_range_drop(as.start, as.end);
		if (anonymous)
			rc = hms_map_bind(&as, r->prot, r->replaceable);
		start = as.end;
	}
	return rc;
}

static void *give_up(const struct request *r, void *p, int error)
{
	size_t len = hms_page_up(r->len);

	/* A hole in the program's reservation would invite others. */
	if (r->flags & MAP_FIXED)
		hms_sys_mmap(p, len, PROT_NONE,
			MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			-1, 0);
	else
		hms_sys_munmap(p, len);
	hms_range_drop((uintptr_t)p, (uintptr_t)p + len);
	hms_mapped_drop((uintptr_t)p, (uintptr_t)p + len);
	errno = -error;
	return MAP_FAILED;
}

static void *map_and_bind(const struct request *r)
{
	const bool later = r->to.place->nsteps && (r->flags & MAP_ANONYMOUS);
	const bool over = (r->flags & MAP_FIXED) && hms_range_count();
	struct hms_range as = {
		.place = r->to.place,
		.rule = r->to.rule,
		.options = r->to.options,
		.kind = HMS_RANGE_MAP,
		.reserve = r->prot == PROT_NONE,
		.site = r->site,
	};
	void *p;
	int rc;

	if (over && hms_page_aligned(r->addr) && hms_backed_any())
		hms_backed_cut((uintptr_t)r->addr,
			(uintptr_t)r->addr + hms_page_up(r->len));
	p = map(r, later);
	if (p == MAP_FAILED)
		return p;
	as.start = (uintptr_t)p;
	as.end = as.start + hms_page_up(r->len);
	if (over)
		rc = bind_over(r, as.start, as.end);
	else
		rc = hms_map_bind(&as, r->prot, r->replaceable);
	if (!rc && later)
		rc = touch(r, p);
	return rc ? give_up(r, p, rc) : p;
}

static void account(const struct request *r, int site, void *p)
{
	const uintptr_t start = (uintptr_t)p;

	if (r->flags & MAP_FIXED)
		hms_mapped_drop(start, start + hms_page_up(r->len));
	hms_mapped_add(site, start, start + r->len);
}

static void *mmap_ruled(struct request *r, const void *caller)
{
	const struct hms_call call = {
		.api = HMS_API_MMAP,
		.flags = call_flags(r),
		.size = r->len,
		.caller = caller,
	};
	int saved = errno, site = HMS_MAPPED_NONE;
	void *p;

	r->to.place = &hms_engine.places->places[0];
	r->to.rule = -1;
	if (bindable(r)) {
		if (hms_engine.has_map_rules)
			hms_decide(&call, &r->to);
		if ((r->flags & (MAP_HUGETLB | MAP_LOCKED | MAP_STACK)) ||
			(r->prot & PROT_EXEC))
			r->to.options |= HMS_BIND_STAYS;
		if (hms_engine.places->moves)
			r->site = hms_site_of_caller(caller);
		site = hms_mapped_site(&call, r->to.rule);
		r->replaceable = (r->flags & MAP_ANONYMOUS) &&
				 (r->flags & MAP_TYPE) == MAP_PRIVATE &&
				 !(r->flags & (MAP_HUGETLB | MAP_LOCKED)) &&
				 !(r->prot & PROT_EXEC);
	}
	/* For a device, if it is nothing but memory. */
	p = r->to.place->nreach && !r->addr && r->replaceable
		    ? hms_reach_map(&r->to, r->len, r->prot, r->flags, caller)
		    : NULL;
	if (p)
		return p;
	if (!r->to.place->nsteps && !(r->flags & MAP_FIXED) && site < 0)
		return hms_next.mmap(
			r->addr, r->len, r->prot, r->flags, r->fd, r->off);
	hms_mapped_ready();
	hms_map_lock();
	p = map_and_bind(r);
	if (p != MAP_FAILED && hms_mapped_families)
		account(r, site, p);
	hms_map_unlock();
	hms_worker_poke();
	if (p != MAP_FAILED)
		errno = saved;
	return p;
}

void *hms_map_own(const struct hms_call *call, const struct hms_decision *to)
{
	const struct request r = {
		.len = call->size,
		.prot = PROT_READ | PROT_WRITE,
		.flags = MAP_PRIVATE | MAP_ANONYMOUS,
		.fd = -1,
		.replaceable = true,
		.to = *to,
	};
	int saved = errno, site = hms_mapped_site(call, to->rule);
	void *p;

	hms_mapped_ready();
	hms_map_lock();
	p = map_and_bind(&r);
	if (p != MAP_FAILED && site >= 0)
		account(&r, site, p);
	hms_map_unlock();
	errno = saved;
	return p == MAP_FAILED ? NULL : p;
}

void hms_map_disown(void *p, size_t len)
{
	const uintptr_t start = (uintptr_t)p, end = start + hms_page_up(len);

	hms_mapped_ready();
	hms_map_lock();
	if (hms_backed_any())
		hms_backed_cut(start, end);
	hms_sys_munmap(p, end - start);
	hms_range_drop(start, end);
	hms_mapped_drop(start, end);
	hms_map_unlock();
}

HMS_EXPORT void *mmap(
	void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
	struct request r = { addr, len, prot, flags, fd, off, false, { 0 }, 0 };

	if (hms_reach_any() && flags & MAP_FIXED &&
		hms_reach_cover(addr, len, __builtin_return_address(0)) < 0)
		return MAP_FAILED;
	if (!hms_map_wanted(HMS_FAMILY_MAP))
		return hms_next.mmap(addr, len, prot, flags, fd, off);
	return mmap_ruled(&r, __builtin_return_address(0));
}

HMS_EXPORT void *mmap64(void *addr, size_t len, int prot, int flags, int fd,
	off64_t off) __attribute__((alias("mmap")));

static int unmap(void *addr, size_t len)
{
	uintptr_t start = (uintptr_t)addr, end = start + hms_page_up(len);
	int rc;

	if (!hms_map_known() || !hms_page_aligned(addr) || end <= start)
		return hms_next.munmap(addr, len);
	hms_mapped_ready();
	hms_map_lock();
	if (hms_backed_any())
		hms_backed_cut(start, end);
	rc = hms_next.munmap(addr, len);
	if (rc == 0) {
		hms_range_drop(start, end);
		hms_mapped_drop(start, end);
	}
	hms_map_unlock();
	return rc;
}

HMS_EXPORT int munmap(void *addr, size_t len)
{
	uintptr_t start = (uintptr_t)addr, end = start + hms_page_up(len);

	if (__builtin_expect(hms_reach_any(), 0) && hms_page_aligned(addr) &&
		end > start)
		return hms_reach_unmap(
			start, end, __builtin_return_address(0), unmap);
	return unmap(addr, len);
}
