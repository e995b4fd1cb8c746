/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pieces of address space in a tree of their own: the range table knows only
 * what was bound, and joins neighbours.  The pieces of one mapping share where
 * they came from.
 */
#include "shims/mapped.h"

#include <bsd/sys/tree.h>
#include <sys/mman.h>
#include <time.h>

#include "base/guard.h"
#include "base/sys.h"
#include "config/policy.h"
#include "report/account.h"
#include "report/status.h"

#define SLAB_SIZE ((size_t)64 << 10)

/* One call. */
struct origin {
	uint64_t birth; /* ns, CLOCK_MONOTONIC */
	unsigned site;
	unsigned pieces;
};

struct piece {
	uintptr_t start, end;
	struct origin *origin;
	RB_ENTRY(piece) entry;
};

union cell {
	struct piece piece;
	struct origin origin;
	union cell *next; /* of those that are free */
};

static int compare(const struct piece *a, const struct piece *b)
{
	return (a->start > b->start) - (a->start < b->start);
}

RB_HEAD(pieces, piece);
/* RB_GENERATE_STATIC of libbsd leans on a macro that it does not define. */
RB_GENERATE_INTERNAL(
	pieces, piece, entry, compare, __attribute__((unused)) static)

uint32_t hms_mapped_families;
static struct pieces pieces = RB_INITIALIZER(&pieces);
static union cell *unused;
static size_t count; /* of pieces; atomic */

void hms_mapped_setup(uint32_t families)
{
	if (hms_accounting != HMS_SITES_OFF)
		hms_mapped_families = families & ~(1u << HMS_FAMILY_HEAP);
}

/*
 * A forked child's accounts begin here, not under the map lock, which is below
 * theirs.  They stay: what follows takes no lock of theirs.
 */
void hms_mapped_ready(void)
{
	if (!hms_mapped_families)
		return;
	hms_guard_enter();
	hms_status_settle();
	hms_account_settle();
	hms_guard_leave();
}

int hms_mapped_site(const struct hms_call *call, int rule)
{
	unsigned site;

	if (!(hms_mapped_families & (1u << hms_api_family(call->api))))
		return HMS_MAPPED_NONE;
	hms_mapped_ready();
	hms_guard_enter();
	site = hms_account_site(call->caller, &call->at, rule);
	/* Accounts are there, even if nothing is known of the stack. */
	if (!site)
		hms_account_by(0, rule);
	hms_guard_leave();
	return (int)site;
}

bool hms_mapped_any(void)
{
	return __atomic_load_n(&count, __ATOMIC_RELAXED) != 0;
}

static void count_pieces(size_t n)
{
	__atomic_store_n(&count, count + n, __ATOMIC_RELAXED);
}

/* The kernel gave no memory for accounts, so there are none to keep. */
static bool accounts(void)
{
	return __atomic_load_n(&hms_sites, __ATOMIC_RELAXED) != NULL;
}

static void put_cell(void *p)
{
	union cell *cell = p;

	cell->next = unused;
	unused = cell;
}

static union cell *get_cell(void)
{
	union cell *cell = unused;

	if (!cell) {
		cell = hms_sys_mmap(NULL, SLAB_SIZE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (hms_sys_failed(cell))
			return NULL;
		for (size_t i = 0; i < SLAB_SIZE / sizeof(*cell); i++)
			put_cell(&cell[i]);
		cell = unused;
	}
	unused = cell->next;
	return cell;
}

static bool put_piece(struct origin *origin, uintptr_t start, uintptr_t end)
{
	union cell *cell = get_cell();

	if (!cell)
		return false;
	cell->piece =
		(struct piece){ .start = start, .end = end, .origin = origin };
	RB_INSERT(pieces, &pieces, &cell->piece);
	origin->pieces++;
	count_pieces(1);
	return true;
}

/* The lowest piece that overlaps [start, end). */
static struct piece *first(uintptr_t start, uintptr_t end)
{
	struct piece *at = RB_ROOT(&pieces), *best = NULL;

	while (at) {
		if (at->end > start) {
			best = at;
			at = RB_LEFT(at, entry);
		} else {
			at = RB_RIGHT(at, entry);
		}
	}
	return best && best->start < end ? best : NULL;
}

int hms_mapped_at(uintptr_t addr)
{
	const struct piece *piece = first(addr, addr + 1);

	return piece ? (int)piece->origin->site : HMS_MAPPED_NONE;
}

static void remove_piece(struct piece *piece)
{
	RB_REMOVE(pieces, &pieces, piece);
	put_cell(piece);
	count_pieces((size_t)-1);
}

/* So many bytes are gone, and with the last of them the mapping. */
static void gone(struct origin *origin, uint64_t bytes)
{
	const bool last = !origin->pieces;

	if (accounts()) {
		hms_account_sub(origin->site, last, bytes);
		if (last)
			hms_account_life(origin->site, 1,
				hms_sys_clock(CLOCK_MONOTONIC) - origin->birth);
	}
	if (last)
		put_cell(origin);
}

/* The part of a piece that is in [start, end). */
static void take(struct piece *piece, uintptr_t start, uintptr_t end)
{
	struct origin *origin = piece->origin;
	const uintptr_t old_end = piece->end;

	if (start < piece->start)
		start = piece->start;
	if (end > piece->end)
		end = piece->end;
	if (start > piece->start) {
		piece->end = start;
		/* Without memory for the rest, it counts as gone. */
		if (end < old_end && !put_piece(origin, end, old_end)) {
			hms_account_lose(1);
			end = old_end;
		}
	} else if (end < piece->end) {
		/* Still between the same neighbours: the order holds. */
		piece->start = end;
	} else {
		remove_piece(piece);
		origin->pieces--;
	}
	gone(origin, end - start);
}

void hms_mapped_drop(uintptr_t start, uintptr_t end)
{
	struct piece *piece;

	while ((piece = first(start, end)))
		take(piece, start, end);
}

void hms_mapped_detach(uintptr_t start)
{
	struct piece *piece = first(start, start + 1);
	const struct origin *origin = piece ? piece->origin : NULL;
	bool last = !piece;

	while (!last && piece && piece->origin == origin) {
		start = piece->end;
		last = origin->pieces == 1;
		take(piece, piece->start, piece->end);
		piece = first(start, UINTPTR_MAX);
	}
}

void hms_mapped_add(int site, uintptr_t start, uintptr_t end)
{
	struct origin *origin;
	union cell *cell;

	if (site < 0 || start >= end || !accounts())
		return;
	hms_mapped_drop(start, end);
	cell = get_cell();
	if (!cell) {
		hms_account_lose(1);
		return;
	}
	origin = &cell->origin;
	*origin = (struct origin){ .birth = hms_sys_clock(CLOCK_MONOTONIC),
		.site = (unsigned)site };
	if (!put_piece(origin, start, end)) {
		put_cell(origin);
		hms_account_lose(1);
		return;
	}
	hms_account_add(origin->site, 1, end - start);
	hms_account_sample(origin->site);
}

void hms_mapped_remap(int site, uintptr_t old, size_t old_len, uintptr_t now,
	size_t len, bool keep)
{
	/* Of length 0: a second view of shared memory. */
	const bool known = first(old, old + (old_len ? old_len : 1));

	if (known && !keep)
		hms_mapped_drop(old, old + old_len);
	hms_mapped_drop(now, now + len);
	if (known)
		hms_mapped_add(site, now, now + len);
}
