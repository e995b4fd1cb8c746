/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Moves between nodes against a kernel of our own: which pages are there, on
 * which node, which are huge, and what it says when asked to move them.
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <linux/ioctl.h>
#include <linux/types.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "engine/mover/mover.h"
#include "report/status.h"
#include "tests/unit/machine.h"

#define PAGE ((uintptr_t)4096)
#define HUGE ((uintptr_t)2 << 20)
#define IN_HUGE (HUGE / PAGE)
#define BASE ((uintptr_t)64 << 30)
#define PAGES (8 * IN_HUGE)
#define ABSENT (-1)

long __wrap_hms_sys_move_pages(pid_t pid, unsigned long count, void **pages,
	const int *nodes, int *status, int flags);
long __wrap_hms_sys_ioctl(int fd, unsigned long request, void *arg);
ssize_t __wrap_hms_sys_pread(int fd, void *buf, size_t len, off_t off);
ssize_t __wrap_hms_sys_peek(
	const struct iovec *to, const struct iovec *from, int count);

static struct {
	int node[PAGES];
	bool huge[PAGES];
	bool asleep[PAGES]; /* unmapped by NUMA balancing: not seen, not moved
			     */
	int error[PAGES]; /* what moving this page says */
	unsigned times; /* that errors are said; then they are gone */
	long refuse; /* -errno of the call as a whole */
	unsigned half; /* this call moves half, and fails; from 1 */
	bool no_scan;
	unsigned scans, bad_scan; /* this one fails; from 1 */
	unsigned moves, most; /* calls that move; pages of the largest */
	bool again; /* a huge page was named twice in a call */
	void (*meanwhile)(void); /* during the first call that moves */
} kernel;

static size_t page_of(const void *addr)
{
	return ((uintptr_t)addr - BASE) / PAGE;
}

static int move_one(size_t page, int node, size_t *last_huge)
{
	size_t from = page, n = 1;

	if (kernel.node[page] == ABSENT || kernel.asleep[page])
		return -ENOENT;
	if (kernel.error[page] && kernel.times) {
		kernel.times--;
		return kernel.error[page];
	}
	if (kernel.huge[page]) {
		from = page & ~(IN_HUGE - 1);
		n = IN_HUGE;
		kernel.again |= *last_huge == from;
		*last_huge = from;
	}
	for (size_t i = from; i < from + n; i++)
		kernel.node[i] = node;
	return node;
}

long __wrap_hms_sys_move_pages(pid_t pid, unsigned long count, void **pages,
	const int *nodes, int *status, int flags)
{
	size_t last_huge = SIZE_MAX;

	cr_assert(pid == 0 && count <= 512);
	if (!nodes) {
		for (unsigned long i = 0; i < count; i++) {
			size_t page = page_of(pages[i]);
			int node = kernel.node[page];

			status[i] = node == ABSENT	  ? -ENOENT
				    : kernel.asleep[page] ? -EFAULT
							  : node;
		}
		return 0;
	}
	cr_assert_eq(flags, 2 /* MPOL_MF_MOVE: our own pages only */);
	if (kernel.refuse)
		return kernel.refuse;
	kernel.moves++;
	if (count > kernel.most)
		kernel.most = (unsigned)count;
	if (kernel.moves == kernel.half)
		count /= 2;
	for (unsigned long i = 0; i < count; i++)
		status[i] = move_one(page_of(pages[i]), nodes[i], &last_huge);
	if (kernel.moves == kernel.half)
		return -ENOMEM;
	if (kernel.meanwhile)
		kernel.meanwhile();
	kernel.meanwhile = NULL;
	return 0;
}

/* Whoever reads a page wakes it; one that is not there ends it. */
ssize_t __wrap_hms_sys_peek(
	const struct iovec *to, const struct iovec *from, int count)
{
	int n = 0;

	cr_assert_geq(to->iov_len, (size_t)count);
	for (; n < count; n++) {
		size_t page = page_of(from[n].iov_base);

		cr_assert_eq(from[n].iov_len, 1);
		if (kernel.node[page] == ABSENT)
			break;
		kernel.asleep[page] = false;
	}
	return n ? n : -EFAULT;
}

/* As <linux/fs.h> has them since Linux 6.7. */
struct region {
	__u64 start, end, categories;
};
struct scan {
	__u64 size, flags, start, end, walk_end, vec, vec_len, max_pages;
	__u64 inverted, mask, anyof, wanted;
};

long __wrap_hms_sys_ioctl(int fd, unsigned long request, void *arg)
{
	struct scan *scan = arg;
	struct region *out = (struct region *)scan->vec;
	unsigned n = 0;

	cr_assert_geq(fd, 0);
	cr_assert_eq(request, _IOWR('f', 16, struct scan));
	if (kernel.no_scan)
		return -ENOTTY;
	if (++kernel.scans == kernel.bad_scan)
		return -ENOMEM;
	for (uintptr_t at = scan->start; at < scan->end; at += PAGE) {
		size_t page = (at - BASE) / PAGE;
		__u64 is = 8 | (kernel.huge[page] ? 64 : 0);

		scan->walk_end = at + PAGE;
		if (kernel.node[page] == ABSENT)
			continue;
		if (n && out[n - 1].end == at && out[n - 1].categories == is) {
			out[n - 1].end = at + PAGE;
			continue;
		}
		if (n == scan->vec_len) {
			scan->walk_end = at;
			break;
		}
		out[n++] = (struct region){ at, at + PAGE, is };
	}
	return n;
}

ssize_t __wrap_hms_sys_pread(int fd, void *buf, size_t len, off_t off)
{
	uint64_t *entries = buf;
	size_t first = (size_t)off / 8 - BASE / PAGE;

	cr_assert_geq(fd, 0);
	for (size_t i = 0; i < len / 8; i++)
		entries[i] = kernel.node[first + i] == ABSENT ? 0 : 1ull << 63;
	return (ssize_t)len;
}

static struct hms_place *place(void)
{
	return &machine_places.places[machine_places.rule_place[0]];
}

static struct hms_target *target(int step)
{
	return place()->steps[step].targets[0];
}

/* All pages there, on the first step's node. */
static void start(const char *policy, int node)
{
	machine_start("tiers", policy);
	cr_assert_eq(machine_bind(BASE, PAGES * PAGE), 0);
	for (size_t i = 0; i < PAGES; i++)
		kernel.node[i] = node;
}

static struct hms_transfer ask(unsigned block, int step)
{
	return (struct hms_transfer){
		.start = BASE + block * HUGE,
		.end = BASE + (block + 1) * HUGE,
		.to = target(step),
		.step = step,
	};
}

static size_t on_node(unsigned block, int node)
{
	size_t n = 0;

	for (size_t i = block * IN_HUGE; i < (block + 1) * IN_HUGE; i++)
		n += kernel.node[i] == node;
	return n;
}

static const struct hms_target *table_says(unsigned block)
{
	struct hms_range range;

	cr_assert(hms_range_find(BASE + block * HUGE, &range));
	return range.target;
}

static uint64_t ends(enum hms_move_end end)
{
	struct hms_mover_stats stats;

	hms_mover_stats(&stats);
	return stats.ends[end];
}

/*
 * From 6.1 to 6.5 the kernel does not see what its NUMA balancing has unmapped.
 * Catches such memory being left behind, and said to have moved.
 */
Test(mover, what_balancing_has_unmapped_moves)
{
	struct hms_transfer t;

	start("* -> hbm then cxl, migrate", 2);
	kernel.no_scan = true;
	memset(kernel.asleep, true, sizeof(kernel.asleep));
	kernel.asleep[3] = false;
	kernel.node[7] = ABSENT;
	t = ask(0, 1);
	hms_move(&t, 1);
	cr_assert_eq(t.result, 0);
	cr_assert_eq(t.moved, HUGE - PAGE);
	cr_assert_eq(on_node(0, 4), IN_HUGE - 1);
	cr_assert_eq(table_says(0), target(1));
	cr_assert(kernel.asleep[IN_HUGE]);
}

/*
 * Catches a block that is moved but not remembered, sums that do not follow,
 * huge pages named more than once, and calls of one page each.
 */
Test(mover, pages_table_and_sums_move_together)
{
	struct hms_transfer t[3];
	struct hms_mover_stats stats;

	start("* -> node:1 then node:2", 1);
	for (size_t i = IN_HUGE; i < 2 * IN_HUGE; i++)
		kernel.huge[i] = true;
	for (size_t i = 2 * IN_HUGE; i < 3 * IN_HUGE; i += 2)
		kernel.node[i] = ABSENT;
	for (unsigned i = 0; i < 3; i++)
		t[i] = ask(i, 1);
	hms_move(t, 3);
	for (unsigned i = 0; i < 3; i++) {
		cr_expect_eq(t[i].result, 0);
		cr_expect_eq(t[i].moved, i == 2 ? HUGE / 2 : HUGE);
		cr_expect_eq(t[i].left, 0);
		cr_expect_eq(table_says(i), target(1));
		cr_expect_eq(on_node(i, 2), i == 2 ? IN_HUGE / 2 : IN_HUGE);
	}
	cr_expect_eq(on_node(3, 1), IN_HUGE);
	cr_expect_eq(table_says(3), target(0));
	cr_expect_not(kernel.again);
	cr_expect_leq(kernel.moves, 2);
	cr_expect_eq(target(0)->bound, 5 * HUGE);
	cr_expect_eq(target(1)->bound, 3 * HUGE);
	cr_expect_eq(hms_status->rules[0].first, 5 * HUGE);
	cr_expect_eq(hms_status->rules[0].spilled, 3 * HUGE);
	cr_expect_eq(hms_status->targets[target(1)->index].bound, 3 * HUGE);
	cr_expect_eq(hms_range_count(), 2);
	hms_mover_stats(&stats);
	cr_expect_eq(stats.ends[HMS_MOVE_DONE], 3);
	cr_expect_eq(stats.bytes[target(0)->index][target(1)->index],
		2 * HUGE + HUGE / 2);
	/* And back: the table is one piece again. */
	for (unsigned i = 0; i < 3; i++)
		t[i] = ask(i, 0);
	hms_move(t, 3);
	cr_expect_eq(hms_range_count(), 1);
	cr_expect_eq(target(1)->bound, 0);
	cr_expect_eq(target(0)->bound, 8 * HUGE);
}

/* The same on a kernel that does not tell what is huge. */
Test(mover, without_a_scan_huge_pages_are_guessed)
{
	struct hms_transfer t[2];

	start("* -> node:1 then node:2", 1);
	kernel.no_scan = true;
	for (size_t i = 0; i < IN_HUGE; i++)
		kernel.huge[i] = true;
	t[0] = ask(0, 1);
	t[1] = ask(1, 1);
	hms_move(t, 2);
	cr_expect(!t[0].result && !t[1].result);
	cr_expect_eq(on_node(0, 2), IN_HUGE);
	cr_expect_eq(on_node(1, 2), IN_HUGE);
	cr_expect_not(kernel.again);
}

/* Catches a busy page that is taken for a moved one, or tears its block. */
static void says(int error, int result, enum hms_move_page counted)
{
	struct hms_mover_stats stats;
	struct hms_transfer t[2];

	start("* -> node:1 then node:2", 1);
	kernel.error[7] = error;
	kernel.times = UINT32_MAX;
	t[0] = ask(0, 1);
	t[1] = ask(1, 1);
	hms_move(t, 2);
	cr_expect_eq(t[0].result, result, "%d: %d", error, t[0].result);
	cr_expect_eq(t[0].moved, 0);
	cr_expect_eq(t[0].left, HUGE);
	cr_expect_eq(t[1].result, 0);
	cr_expect_eq(on_node(0, 1), IN_HUGE);
	cr_expect_eq(on_node(1, 2), IN_HUGE);
	cr_expect_eq(table_says(0), target(0));
	cr_expect_eq(table_says(1), target(1));
	cr_expect_eq(target(1)->bound, HUGE);
	hms_mover_stats(&stats);
	cr_expect_eq(stats.pages[counted], 3);
	cr_expect_eq(stats.undone, HUGE - PAGE);
	cr_expect_eq(stats.stray, 0);
}

Test(mover, a_pinned_page_keeps_its_block)
{
	says(-EBUSY, -EBUSY, HMS_PAGE_BUSY);
}

Test(mover, a_page_shared_since_a_fork_keeps_its_block)
{
	says(-EACCES, -EBUSY, HMS_PAGE_SHARED);
}

Test(mover, a_full_node_keeps_its_block_away)
{
	says(-ENOMEM, -ENOSPC, HMS_PAGE_NOMEM);
}

Test(mover, a_node_that_is_gone_keeps_its_block_away)
{
	says(-ENODEV, -ENOSPC, HMS_PAGE_NOMEM);
}

Test(mover, an_error_nobody_knows_keeps_the_block)
{
	says(-EIO, -EBUSY, HMS_PAGE_OTHER);
}

/*
 * Pages with holes between them take several looks.  Catches those of the ones
 * that went well being moved for another block, or beyond all of them.
 */
Test(mover, a_look_that_fails_moves_nothing)
{
	struct hms_transfer t[4];

	start("* -> node:1 then node:2", 1);
	for (size_t i = 3 * IN_HUGE; i < 4 * IN_HUGE; i += 2)
		kernel.node[i] = ABSENT;
	for (unsigned i = 0; i < 4; i++)
		t[i] = ask(i, 1);
	hms_move(t, 3);
	kernel.bad_scan = kernel.scans + 2;
	hms_move(&t[3], 1);
	cr_expect_eq(t[3].result, -EOPNOTSUPP);
	cr_expect_eq(on_node(3, 1), IN_HUGE / 2);
	cr_expect_eq(on_node(3, 2), 0);
}

/* Catches giving up on what is busy for a moment. */
Test(mover, what_was_busy_is_tried_again)
{
	struct hms_transfer t;

	start("* -> node:1 then node:2", 1);
	kernel.error[7] = kernel.error[9] = -EBUSY;
	kernel.times = 3;
	t = ask(0, 1);
	hms_move(&t, 1);
	cr_expect_eq(t.result, 0);
	cr_expect_eq(on_node(0, 2), IN_HUGE);
}

/* Catches a sandbox that is asked again and again, or trusted. */
Test(mover, a_call_that_is_refused_moves_nothing)
{
	static const struct {
		long error;
		int result, later;
	} table[] = {
		{ -ENOMEM, -ENOSPC, 0 },
		{ -EFAULT, -EBUSY, 0 },
		{ -EINTR, -EBUSY, 0 },
		{ -EPERM, -EPERM, -EPERM },
	};
	struct hms_transfer t;

	start("* -> node:1 then node:2", 1);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		kernel.refuse = table[i].error;
		t = ask(0, 1);
		hms_move(&t, 1);
		cr_expect_eq(t.result, table[i].result);
		cr_expect_eq(t.left, HUGE);
		cr_expect_eq(on_node(0, 1), IN_HUGE);
		cr_expect_eq(target(1)->bound, 0);
		cr_expect_eq(hms_move_supported(target(0), target(1)),
			table[i].later);
	}
	kernel.refuse = 0;
	t = ask(0, 1);
	hms_move(&t, 1);
	cr_expect_eq(t.result, -EPERM);
	cr_expect_eq(kernel.moves, 0);
}

/* Catches a block that is left torn by a call that fails half way. */
Test(mover, a_call_that_fails_half_way_is_undone)
{
	struct hms_mover_stats stats;
	struct hms_transfer t[2];

	start("* -> node:1 then node:2", 1);
	kernel.half = 2;
	t[0] = ask(0, 1);
	t[1] = ask(1, 1);
	hms_move(t, 2);
	cr_expect_eq(t[0].result, 0);
	cr_expect_eq(t[1].result, -ENOSPC);
	cr_expect_eq(on_node(0, 2), IN_HUGE);
	cr_expect_eq(on_node(1, 1), IN_HUGE);
	cr_expect_eq(target(1)->bound, HUGE);
	hms_mover_stats(&stats);
	cr_expect_eq(stats.undone, HUGE / 2);
	cr_expect_eq(stats.stray, 0);
}

/* Catches a limit that is passed, also while both ends are charged. */
Test(mover, limits_hold)
{
	struct hms_transfer t[4];

	machine_start("tiers", "target fast = node:2; limit fast 4M;"
			       "* -> fast then node:1");
	cr_assert_eq(machine_bind(BASE, PAGES * PAGE), 0);
	for (size_t i = 0; i < PAGES; i++)
		kernel.node[i] = i < 2 * IN_HUGE ? 2 : 1;
	cr_assert_eq(target(0)->bound, 2 * HUGE);
	t[0] = ask(2, 0);
	hms_move(t, 1);
	cr_expect_eq(t[0].result, -ENOSPC);
	cr_expect_eq(t[0].left, HUGE);
	cr_expect_eq(kernel.moves, 0);
	t[0] = ask(0, 1);
	hms_move(t, 1);
	cr_expect_eq(t[0].result, 0);
	for (unsigned i = 0; i < 3; i++)
		t[i] = ask(i + 2, 0);
	hms_move(t, 3);
	cr_expect_eq(t[0].result, 0);
	cr_expect_eq(t[1].result, -ENOSPC);
	cr_expect_eq(t[2].result, -ENOSPC);
	cr_expect_eq(target(0)->bound, 2 * HUGE);
	cr_expect_eq(machine_places.limits[0].used, 2 * HUGE);
	hms_range_drop(0, UINTPTR_MAX);
	cr_expect_eq(machine_places.limits[0].used, 0);
	cr_expect_eq(target(1)->bound, 0);
}

/* Catches moving what a full node has no room for. */
Test(mover, a_node_without_room_is_left_alone)
{
	struct hms_transfer t;

	machine.free[2] = PAGE;
	start("* -> node:1 then node:2", 1);
	t = ask(0, 1);
	hms_move(&t, 1);
	cr_expect_eq(t.result, -ENOSPC);
	cr_expect_eq(kernel.moves, 0);
}

/* Catches moving what a rule, the program or its nature keeps in place. */
Test(mover, what_is_not_to_move_stays)
{
	struct hms_transfer t[5];

	start("* -> node:1 then node:2", 1);
	hms_range_strike(BASE, BASE + HUGE);
	hms_range_stay(BASE + 2 * HUGE, BASE + 2 * HUGE + PAGE);
	for (unsigned i = 0; i < 4; i++)
		t[i] = ask(i, 1);
	t[3].to = target(0); /* not of that step */
	t[4] = ask(4, 0); /* is there already */
	hms_move(t, 5);
	cr_expect_eq(t[0].result, -ENOENT);
	cr_expect_eq(t[1].result, 0);
	cr_expect_eq(t[2].result, -ENOENT);
	cr_expect_eq(t[3].result, -EINVAL);
	cr_expect_eq(t[4].result, -EINVAL);
	t[2].end = t[2].start + PAGE;
	hms_move(&t[2], 1);
	cr_expect_eq(t[2].result, -EPERM);
	cr_expect_eq(on_node(2, 1), IN_HUGE);
	cr_expect_eq(ends(HMS_MOVE_PERM), 1);
}

Test(mover, a_rule_with_pin_keeps_its_memory)
{
	struct hms_transfer t;

	start("* -> node:1 then node:2, pin", 1);
	t = ask(0, 1);
	hms_move(&t, 1);
	cr_expect_eq(t.result, -EPERM);
}

static void unmap_part(void)
{
	hms_range_drop(BASE + 4 * PAGE, BASE + 8 * PAGE);
	machine_bind(BASE + 4 * PAGE, 4 * PAGE);
}

static void unmap_all(void)
{
	hms_range_drop(BASE, BASE + PAGES * PAGE);
}

/* Catches new memory that is taken for what moved, and charges that stay. */
Test(mover, what_goes_meanwhile_is_not_remembered)
{
	struct hms_transfer t;
	struct hms_range range;

	start("* -> node:1 then node:2", 1);
	t = ask(0, 1);
	kernel.meanwhile = unmap_part;
	hms_move(&t, 1);
	cr_expect_eq(t.result, 0);
	cr_expect_eq(target(1)->bound, HUGE - 4 * PAGE);
	cr_expect_eq(target(0)->bound, 7 * HUGE + 4 * PAGE);
	cr_assert(hms_range_find(BASE + 4 * PAGE, &range));
	cr_expect_eq(range.target, target(0));
	t = ask(1, 1);
	kernel.meanwhile = unmap_all;
	hms_move(&t, 1);
	cr_expect_eq(t.result, -ENOENT);
	cr_expect_eq(target(0)->bound, 0);
	cr_expect_eq(target(1)->bound, 0);
	cr_expect_eq(hms_range_count(), 0);
	cr_expect_eq(hms_status->rules[0].bound, 0);
}

/*
 * Catches a policy per block, which would be a mapping each, and none at all,
 * so that what is touched later goes back.
 */
Test(mover, a_whole_range_gets_its_new_policy)
{
	struct hms_transfer t[8];

	start("* -> node:1 then node:2", 1);
	machine.nbinds = 0;
	for (unsigned i = 0; i < 8; i++)
		t[i] = ask(i, 1);
	hms_move(t, 7);
	cr_expect_eq(machine.nbinds, 0);
	hms_move(t + 7, 1);
	cr_expect_eq(machine.nbinds, 1);
	cr_expect_eq(
		machine_bound_to(BASE, BASE + PAGES * PAGE, 2), PAGES * PAGE);
}

/* Catches a bucket that fills without end, or forgets what is left in it. */
Test(mover, a_bucket_lets_through_what_fits)
{
	struct hms_bucket b = { .rate = 1000 };
	const uint64_t s = 1000000000, begin = 5 * s;

	cr_expect_eq(hms_bucket_take(&b, begin, 600), 600);
	cr_expect_eq(hms_bucket_take(&b, begin, 600), 400);
	cr_expect_eq(hms_bucket_take(&b, begin, 600), 0);
	cr_expect_eq(hms_bucket_take(&b, begin + s / 2, 600), 500);
	cr_expect_eq(hms_bucket_take(&b, begin + 1000 * s, 5000), 1000);
	b = (struct hms_bucket){ 0 };
	cr_expect_eq(hms_bucket_take(&b, begin, 12345), 12345);
	b = (struct hms_bucket){ .rate = UINT64_MAX / 2 };
	cr_expect_eq(hms_bucket_take(&b, begin, 12345), 12345);
}
