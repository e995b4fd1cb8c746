/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "report/status.h"
#include "tests/unit/machine.h"

#define PAGE ((uintptr_t)4096)
#define BASE ((uintptr_t)64 << 30)
#define PAGES 400

/* What each page is said to be: the rule that bound it, from 1; 0: nothing. */
static unsigned char model[PAGES];

static unsigned long draw(unsigned long below)
{
	static unsigned long long state = 88172645463325252ull;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned long)(state % below);
}

static void bind_pages(unsigned rule, size_t from, size_t to)
{
	struct hms_range as = {
		.start = BASE + from * PAGE,
		.end = BASE + to * PAGE,
		.place =
			&machine_places.places[machine_places.rule_place[rule]],
		.rule = (int)rule,
		.kind = HMS_RANGE_MAP,
	};

	cr_assert_eq(hms_range_bind(&as, PROT_READ), 0);
	memset(model + from, (int)rule + 1, to - from);
}

static void forget_pages(size_t from, size_t to)
{
	uintptr_t start = BASE + from * PAGE, end = BASE + to * PAGE;

	if (draw(2))
		hms_range_drop(start, end);
	else
		hms_range_strike(start, end);
	memset(model + from, 0, to - from);
}

/* As mremap does: away from the old place, over whatever is at the new one. */
static void move_pages_(size_t from, size_t to)
{
	unsigned char copy[PAGES];
	size_t len = to - from, room = from > PAGES - to ? from : PAGES - to;
	size_t new_len = 1 + draw(room ? room : 1), new_from;

	if (!room)
		return;
	new_from = from > PAGES - to ? draw(from - new_len + 1)
				     : to + draw(PAGES - to - new_len + 1);
	hms_range_move(BASE + from * PAGE, BASE + to * PAGE,
		BASE + new_from * PAGE, BASE + (new_from + new_len) * PAGE);
	memcpy(copy, model + from, len);
	memset(model + from, 0, len);
	memset(model + new_from, 0, new_len);
	memcpy(model + new_from, copy, len < new_len ? len : new_len);
}

struct seen {
	unsigned char pages[PAGES];
	uintptr_t last;
	unsigned rule_of_last;
	size_t pieces;
};

static void see(const struct hms_range *range, void *arg)
{
	struct seen *seen = arg;

	cr_assert_lt(range->start, range->end);
	cr_assert_geq(range->start, seen->last);
	/* Neighbours that say the same must be one. */
	cr_assert(range->start > seen->last ||
		  (unsigned)range->rule != seen->rule_of_last);
	for (uintptr_t at = range->start; at < range->end; at += PAGE)
		seen->pages[(at - BASE) / PAGE] =
			(unsigned char)(range->rule + 1);
	seen->last = range->end;
	seen->rule_of_last = (unsigned)range->rule;
	seen->pieces++;
}

static void compare(void)
{
	struct seen seen = { .last = 0 };
	size_t bytes[3] = { 0 };

	hms_range_each(see, &seen);
	cr_assert_arr_eq(seen.pages, model, PAGES);
	cr_assert_eq(seen.pieces, hms_range_count());
	for (size_t i = 0; i < PAGES; i++)
		if (model[i])
			bytes[model[i] - 1] += PAGE;
	for (int i = 0; i < 3; i++)
		cr_assert_eq(hms_status->rules[i].bound, bytes[i]);
	for (int i = 0; i < 20; i++) {
		size_t page = draw(PAGES);
		struct hms_range found;
		bool is = hms_range_find(BASE + page * PAGE, &found);

		cr_assert_eq(is, model[page] != 0);
		cr_assert(!is || found.rule + 1 == model[page]);
	}
}

/*
 * Random binds, drops, strikes and moves against one byte per page.  Catches
 * any piece lost, doubled, merged wrongly, and sums that drift.
 */
Test(ranges, agree_with_a_simple_model)
{
	machine_start("tiers", "malloc -> node:1; calloc -> node:2 then node:4;"
			       "* -> interleave(node:0, node:1)");
	for (int i = 0; i < 20000; i++) {
		size_t from = draw(PAGES), to = from + 1 + draw(40);
		unsigned long what = draw(10);

		machine.nbinds = 0;
		if (to > PAGES)
			to = PAGES;
		if (what < 5)
			bind_pages((unsigned)draw(3), from, to);
		else if (what < 8)
			forget_pages(from, to);
		else
			move_pages_(from, to);
		if (i % 10 == 0)
			compare();
	}
	hms_range_drop(0, UINTPTR_MAX);
	memset(model, 0, sizeof(model));
	compare();
	for (unsigned i = 0; i < machine_places.ntargets; i++)
		cr_assert_eq(machine_places.targets[i]->bound, 0);
}

/* Catches a table that walks a list: this would take minutes. */
Test(ranges, a_hundred_thousand_pieces)
{
	struct timespec start, end;
	size_t n = 100000;

	machine_start("tiers", "* -> node:1");
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (size_t i = 0; i < n; i++) {
		machine.nbinds = 0;
		cr_assert_eq(machine_bind(BASE + i * 2 * PAGE, PAGE), 0);
	}
	cr_assert_eq(hms_range_count(), n);
	for (size_t i = 0; i < n; i += 2)
		hms_range_drop(BASE + i * 2 * PAGE, BASE + i * 2 * PAGE + 1);
	hms_range_drop(0, UINTPTR_MAX);
	clock_gettime(CLOCK_MONOTONIC, &end);
	cr_assert_eq(hms_range_count(), 0);
	cr_log_info("%zu pieces in %.0f ms", n,
		(double)(end.tv_sec - start.tv_sec) * 1e3 +
			(double)(end.tv_nsec - start.tv_nsec) / 1e6);
}

/* Catches a crash, or charges that stay, when no node can be had. */
Test(ranges, survive_when_our_own_memory_is_refused)
{
	machine_start("tiers", "* -> node:1");
	machine.refuse_mmap = true;
	cr_assert_eq(machine_bind(BASE, PAGE), 0);
	cr_assert_eq(machine.nbinds, 1);
	cr_assert_eq(hms_range_count(), 0);
	cr_assert_eq(hms_range_lost(), 1);
	cr_assert_eq(machine_places.targets[0]->bound, 0);
	machine.refuse_mmap = false;
	cr_assert_eq(machine_bind(BASE, PAGE), 0);
	machine.refuse_mmap = true;
	for (uintptr_t i = 1; i < 2000; i++)
		machine_bind(BASE + 10 * i * PAGE, 3 * PAGE);
	/* Full: a split loses the upper part, and says so. */
	hms_range_drop(BASE + 11 * PAGE, BASE + 12 * PAGE);
	cr_assert_eq(
		machine_places.targets[0]->bound, hms_status->rules[0].bound);
	hms_range_drop(0, UINTPTR_MAX);
	cr_assert_eq(machine_places.targets[0]->bound, 0);
	cr_assert_eq(hms_status->rules[0].bound, 0);
}

/* Catches a merge across the edge of rules, or none inside one. */
Test(ranges, neighbours_merge_when_they_say_the_same)
{
	struct hms_range found;

	machine_start("tiers", "malloc -> node:1; * -> node:1");
	bind_pages(0, 0, 10);
	bind_pages(0, 20, 30);
	bind_pages(0, 10, 20);
	cr_assert_eq(hms_range_count(), 1);
	bind_pages(1, 30, 40);
	cr_assert_eq(hms_range_count(), 2);
	/* Who walks a span by its pieces ends at its end. */
	cr_expect_not(hms_range_next(BASE + PAGE, BASE + PAGE, &found));
}

/* Catches locks that stay locked, and charges of threads that are not there. */
Test(ranges, a_fork_leaves_both_sides_whole, .timeout = 10)
{
	struct hms_places *all = &machine_places;
	int status = -1;
	pid_t child;

	machine_start("tiers", "* -> interleave(node:1*3, node:2)");
	cr_assert_eq(machine_bind(BASE, 16 * 64 * PAGE), 0);
	hms_ranges_before_fork();
	/* As a thread leaves it that has decided, but not bound yet. */
	all->targets[0]->bound += PAGE;
	child = fork();
	hms_ranges_after_fork(child == 0);
	if (child == 0) {
		size_t bound = all->targets[0]->bound;

		hms_range_drop(BASE, BASE + PAGE);
		machine_bind(BASE, PAGE);
		_exit(bound != 12 * 64 * PAGE || hms_range_count() < 2 ||
			all->places[1].steps[0].dealt[1] != 4 * 64 * PAGE);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert_eq(status, 0);
	cr_assert_eq(machine_bind(BASE, PAGE), 0);
	hms_range_drop(0, UINTPTR_MAX);
	cr_assert_eq(all->targets[0]->bound, PAGE);
}

static void *churn(void *arg)
{
	uintptr_t base = (uintptr_t)arg;

	for (int i = 0; i < 2000; i++) {
		machine_bind(base, 8 * PAGE);
		hms_range_drop(base + PAGE, base + 3 * PAGE);
		hms_range_move(base + 3 * PAGE, base + 8 * PAGE,
			base + 100 * PAGE, base + 105 * PAGE);
		hms_range_drop(base, base + 200 * PAGE);
	}
	return NULL;
}

/* Catches sums that are not atomic, and locks taken in two orders. */
Test(ranges, threads_leave_nothing_behind, .timeout = 10)
{
	pthread_t threads[4];

	machine_start("tiers", "* -> interleave(node:1*3, node:2)");
	machine.refuse_bind = 0;
	machine.nbinds = 0;
	for (uintptr_t i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, churn,
			(void *)(BASE + i * 1000 * PAGE));
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	cr_assert_eq(hms_range_count(), 0);
	cr_assert_eq(hms_status->rules[0].bound, 0);
	for (int i = 0; i < 2; i++)
		cr_assert_eq(machine_places.targets[i]->bound, 0);
}
