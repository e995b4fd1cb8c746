/* SPDX-License-Identifier: BSD-2-Clause */
/* Sources: what needs no kernel. */
#include <criterion/criterion.h>

#include <errno.h>
#include <linux/mempolicy.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/maths.h"
#include "engine/source/accessed.h"
#include "engine/source/hint.h"
#include "engine/source/pieces.h"
#include "engine/source/table.h"
#include "engine/source/ttf.h"

#define MIB ((uintptr_t)1 << 20)
#define MS UINT64_C(1000000)

static bool near(double a, double b, double share)
{
	return fabs(a - b) <= share * fabs(b);
}

/* Catches a wrong series: every estimate would be wrong by a little. */
Test(sources, logarithms_are_right)
{
	for (double x = 1e-9; x < 1e9; x *= 1.37) {
		cr_assert(near(hms_exp(hms_ln(x)), x, 1e-6), "%g", x);
		cr_assert(fabs(hms_ln(x) - log(x)) < 1e-6, "%g", x);
	}
	cr_assert_eq(hms_exp(-800), 0);
}

static void add(struct hms_pieces *pieces, uintptr_t start, uintptr_t end)
{
	struct hms_watch watch = { .start = start, .end = end };

	cr_assert(hms_pieces_add(pieces, &watch));
}

/*
 * A bitmap of pages against the pieces, over random changes.  Catches pieces
 * that overlap, that are lost, or found where they are not.
 */
Test(sources, pieces_are_a_set_of_pages)
{
	enum { PAGES = 2048 };
	struct hms_pieces pieces = { 0 };
	bool model[PAGES] = { false };
	unsigned seed = 1;

	for (int round = 0; round < 3000; round++) {
		unsigned from = (unsigned)rand_r(&seed) % PAGES;
		unsigned to = from + (unsigned)rand_r(&seed) % 64;
		bool on = rand_r(&seed) & 1;
		uint64_t bytes = 0;

		if (to > PAGES)
			to = PAGES;
		if (from == to)
			continue;
		if (on)
			add(&pieces, (from + 1) * 4096, (to + 1) * 4096);
		else
			hms_pieces_drop(
				&pieces, (from + 1) * 4096, (to + 1) * 4096);
		for (unsigned i = from; i < to; i++)
			model[i] = on;
		for (unsigned i = 0; i < PAGES; i++)
			bytes += model[i] ? 4096 : 0;
		cr_assert_eq(hms_pieces_bytes(&pieces), bytes);
		for (unsigned i = 0; i < 50; i++) {
			unsigned page = (unsigned)rand_r(&seed) % PAGES;

			cr_assert_eq(hms_pieces_find(&pieces,
					     (page + 1) * 4096 + 8) != NULL,
				model[page]);
		}
		if (bytes) {
			uintptr_t at = hms_pieces_at(
				&pieces, (uint64_t)rand_r(&seed) % bytes);

			cr_assert(model[at / 4096 - 1]);
		}
		for (size_t i = 1; i < hms_pieces_count(&pieces); i++)
			cr_assert_lt(
				hms_pieces_nth(&pieces, i - 1)->watch.end - 1,
				hms_pieces_nth(&pieces, i)->watch.start);
	}
	hms_pieces_free(&pieces);
}

/* Catches a heap's chunks, one after the other, that stay apart for ever. */
Test(sources, neighbours_are_joined)
{
	struct hms_pieces pieces = { 0 };

	add(&pieces, 4 * MIB, 6 * MIB);
	add(&pieces, 8 * MIB, 9 * MIB);
	add(&pieces, 6 * MIB, 8 * MIB);
	cr_assert_eq(hms_pieces_count(&pieces), 1);
	cr_assert_eq(hms_pieces_in_block(&pieces, 8 * MIB), MIB);
	hms_pieces_nth(&pieces, 0)->state[0] = 1;
	add(&pieces, 9 * MIB, 10 * MIB);
	cr_assert_eq(hms_pieces_count(&pieces), 2);
	hms_pieces_free(&pieces);
}

static bool even(uintptr_t addr, void *unused)
{
	(void)unused;
	return addr / 4096 % 2 == 0;
}

/* Catches items that growth loses, or keeps though nobody wants them. */
Test(sources, tables_keep_what_is_wanted)
{
	struct item {
		uintptr_t addr;
		unsigned value;
	} * item;
	struct hms_hash hash = { .item = sizeof(*item), .unit = 4096 };

	for (unsigned i = 1; i < 5000; i++) {
		item = hms_hash_get(&hash, (uintptr_t)i * 4096);
		cr_assert_eq(item->value, 0);
		item->value = i;
	}
	for (unsigned i = 1; i < 5000; i++) {
		item = hms_hash_find(&hash, (uintptr_t)i * 4096);
		cr_assert(item && item->value == i);
	}
	cr_assert_null(hms_hash_find(&hash, 4096 * 6000));
	hash.wanted = even;
	for (unsigned i = 10000; i < 40000; i += 2)
		hms_hash_get(&hash, (uintptr_t)i * 4096);
	cr_assert_null(hms_hash_find(&hash, 4096 * 4999));
	item = hms_hash_find(&hash, 4096 * 4998);
	cr_assert(item && item->value == 4998);
	hms_hash_free(&hash);
}

static struct hms_smap smaps[8];
static unsigned nsmaps;

static void keep(const struct hms_smap *smap, void *unused)
{
	(void)unused;
	smaps[nsmaps++] = *smap;
}

static const char smaps_text[] =
	"7f0000000000-7f0000200000 rw-p 00000000 00:00 0 \n"
	"Size:               2048 kB\n"
	"Rss:                2044 kB\n"
	"Referenced:           12 kB\n"
	"AnonHugePages:         0 kB\n"
	"VmFlags: rd wr mr mw me ac sd \n"
	"7f0000200000-7f0000800000 rw-s 00000000 00:01 1029 "
	"/memfd:a name that goes on and on and on and on and on and on and on "
	"and on and on and on and on and on and on and on and on (deleted)\n"
	"Rss:                6144 kB\n"
	"Referenced:         4096 kB\n"
	"ShmemPmdMapped:     6144 kB\n"
	"FilePmdMapped:         0 kB\n";

/* Catches a line that falls between two reads, and long paths. */
Test(sources, smaps_are_read_in_any_portions)
{
	for (size_t portion = 1; portion < sizeof(smaps_text); portion++) {
		struct hms_smaps parser = { .mapping = keep };

		nsmaps = 0;
		for (size_t at = 0; at < sizeof(smaps_text) - 1; at += portion)
			hms_smaps_feed(&parser, smaps_text + at,
				sizeof(smaps_text) - 1 - at < portion
					? sizeof(smaps_text) - 1 - at
					: portion);
		hms_smaps_end(&parser);
		cr_assert_eq(nsmaps, 2);
		cr_assert_eq(smaps[0].start, 0x7f0000000000);
		cr_assert_eq(smaps[0].rss, 2044 * 1024);
		cr_assert_eq(smaps[0].referenced, 12 * 1024);
		cr_assert_eq(smaps[0].huge, 0);
		cr_assert_eq(smaps[1].end, 0x7f0000800000);
		cr_assert_eq(smaps[1].referenced, 4096 * 1024);
		cr_assert_eq(smaps[1].huge, 6144 * 1024);
	}
}

/*
 * Pages accessed at random, at a known rate: what the estimate makes of the
 * share that was accessed.  Catches a share taken for a rate.
 */
Test(sources, accessed_shares_become_rates)
{
	static const double rates[] = { 10, 100, 1000 };
	unsigned seed = 5;

	for (int r = 0; r < 3; r++) {
		double k = 0, n = 0;

		for (int window = 0; window < 200; window++) {
			bool touched[512] = { false };
			struct hms_smap smap = {
				.start = 2 * MIB,
				.end = 4 * MIB,
				.rss = 2 * MIB,
			};
			double events, exposure;

			for (double t = 0;;) {
				t -= log((1.0 + rand_r(&seed)) /
					     (1.0 + RAND_MAX)) /
				     rates[r];
				if (t > 0.2)
					break;
				touched[rand_r(&seed) % 512] = true;
			}
			for (int i = 0; i < 512; i++)
				smap.referenced += touched[i] ? 4096 : 0;
			hms_accessed_rate(&smap, 0.2, &events, &exposure);
			k += events;
			n += exposure;
		}
		cr_assert(near(k / n, rates[r], 0.1), "%g of %g", k / n,
			rates[r]);
	}
}

/*
 * Exponential times, one of a hundred a thousand times too long, as when a
 * thread is descheduled.  Catches a plain mean, which is ten times too large,
 * and a clip that makes the rest wrong.
 */
Test(sources, outliers_do_not_spoil_a_rate)
{
	float log_mean = 0, sum = 0;
	unsigned seed = 3, n = 2000;

	for (unsigned i = 0; i < n; i++) {
		float t =
			(float)(-log((1.0 + rand_r(&seed)) / (1.0 + RAND_MAX)) /
				50);

		if (rand_r(&seed) % 100 == 0)
			t *= 1000;
		sum += hms_ttf_estimate(t, &log_mean, i);
	}
	cr_assert(near((float)n / sum, 50, 0.2), "%g", (float)n / sum);
}

/* Catches a block whose change is never believed: it would stay hot. */
Test(sources, a_change_is_followed)
{
	float log_mean = 0, told = 0;
	unsigned i;

	for (i = 0; i < 20; i++)
		hms_ttf_estimate(0.001f, &log_mean, i);
	for (; i < 50; i++)
		told = hms_ttf_estimate(1, &log_mean, i);
	cr_assert(near(told, 1, 0.01));
}

/* --- hint faults ------------------------------------------------------------
 */
static double events[32], exposure[32];

static void see(const struct hms_sight *sight, void *arg)
{
	size_t block = (sight->addr - *(uintptr_t *)arg) / HMS_SOURCE_BLOCK;

	cr_assert_lt(block, 32);
	events[block] += sight->events;
	exposure[block] += sight->exposure;
}

/*
 * The kernel marks a chunk now and then, at times that nobody tells; pages of
 * block 0 are accessed 4 times a second each, those of block 1 once in 20
 * seconds, block 2 never.  Catches times counted from a wrong marking, and
 * exposure that is forgotten where nothing faults.
 */
static void hint_rates(bool huge, double *hot, double *cold)
{
	static struct hms_chunk chunk;
	uintptr_t start = 64 * MIB;
	struct hms_pieces pieces = { 0 };
	struct hms_sights sights = { .see = see, .arg = &start };
	const unsigned units = huge ? 1 : 512;
	uint64_t now = 1000 * MS, between = 0;
	unsigned seed = 9;

	memset(&chunk, 0, sizeof(chunk));
	memset(events, 0, sizeof(events));
	memset(exposure, 0, sizeof(exposure));
	memset(chunk.known, 0xff, sizeof(chunk.known));
	chunk.start = start;
	add(&pieces, start, start + 6 * MIB);
	for (int pass = 0; pass < 60; pass++) {
		/* By ms since the marking, then by page of a block. */
		uint64_t period = (1000 + (uint64_t)rand_r(&seed) % 2000) * MS;
		double at[2][512];

		for (unsigned b = 0; b < 2; b++)
			for (unsigned i = 0; i < units; i++)
				at[b][i] = -log((1.0 + rand_r(&seed)) /
						   (1.0 + RAND_MAX)) /
					   (b ? 0.05 : 4);
		for (uint64_t ms = 0; ms < period / MS; ms++) {
			for (unsigned b = 0; b < 2; b++)
				for (unsigned i = 0; i < units; i++) {
					struct hms_fault fault = {
						.time = now + ms * MS,
						.addr = start + b * 2 * MIB +
							i * 4096,
						.weight = 1,
					};

					if ((uint64_t)(at[b][i] * 1000) == ms)
						hms_chunk_fault(&chunk, &fault,
							huge, &pieces, &between,
							&sights);
				}
			if (ms % 100 == 0)
				hms_chunk_tell(&chunk, now + ms * MS, huge,
					&pieces, &sights);
		}
		now += period;
	}
	*hot = events[0] / exposure[0];
	*cold = events[1] / exposure[1];
	cr_assert_eq(events[2], 0);
	cr_assert_gt(exposure[2], 60);
	cr_assert_eq(exposure[3], 0);
	hms_pieces_free(&pieces);
}

Test(sources, hint_faults_become_rates)
{
	double hot, cold;

	hint_rates(false, &hot, &cold);
	cr_assert(near(hot, 4 * 512, 0.25), "%g", hot);
	cr_assert(near(cold, 0.05 * 512, 0.25), "%g", cold);
}

/*
 * One fault is of all the block, and shows the marking too: times below the
 * kernel's period are guesses.  Catches a rare access that looks like a
 * frequent one because nothing else in its chunk tells of the marking.
 */
Test(sources, hint_faults_of_huge_pages_become_rates)
{
	double hot, cold;

	hint_rates(true, &hot, &cold);
	cr_assert(hot > 0.5 && hot < 40, "%g", hot);
	cr_assert(cold > 0.01 && cold < 0.2, "%g", cold);
}

/*
 * Four huge pages that are accessed all the time, marked when it suits the
 * kernel: all fault at once.  Catches times counted from the marking before.
 */
Test(sources, hint_faults_of_hot_huge_pages_are_at_once)
{
	static struct hms_chunk chunk = { .start = 64 * MIB };
	uintptr_t start = 64 * MIB;
	struct hms_pieces pieces = { 0 };
	struct hms_sights sights = { .see = see, .arg = &start };
	uint64_t now = 1000 * MS, between = 0;
	unsigned seed = 9;

	memset(events, 0, sizeof(events));
	memset(exposure, 0, sizeof(exposure));
	memset(chunk.known, 0xff, sizeof(chunk.known));
	add(&pieces, start, start + 16 * MIB);
	for (int pass = 0; pass < 50; pass++) {
		now += (1000 + (uint64_t)rand_r(&seed) % 2000) * MS;
		for (unsigned b = 0; b < 4; b++) {
			struct hms_fault fault = {
				.time = now + (b + (unsigned)pass) % 4 * 1000,
				.addr = start +
					(b + (unsigned)pass) % 4 * 4 * MIB,
			};

			hms_chunk_fault(&chunk, &fault, true, &pieces, &between,
				&sights);
		}
		hms_chunk_tell(&chunk, now + 100 * MS, true, &pieces, &sights);
	}
	for (unsigned b = 0; b < 8; b += 2) {
		cr_assert_eq(events[b], 50);
		/* Of the first marking nobody knows when it was. */
		cr_assert_lt(exposure[b], 0.2, "%g", exposure[b]);
		cr_assert_eq(events[b + 1], 0);
		cr_assert_gt(exposure[b + 1], 50);
	}
	hms_pieces_free(&pieces);
}

static struct hms_mempolicy policy(int mode, unsigned long nodes)
{
	return (struct hms_mempolicy){ .mode = mode, .nodes = { nodes } };
}

static bool balanced_is(const struct hms_balance *balance,
	struct hms_mempolicy had, struct hms_mempolicy wanted, bool strays)
{
	struct hms_mempolicy now;

	return hms_balanced(balance, &had, &now) == 0 &&
	       hms_mempolicy_same(&now, &wanted) &&
	       hms_balanced_strays(&had, &now) == strays;
}

/*
 * Nodes 0 to 2, of which 0 has the CPUs.  Catches a policy under which the
 * kernel moves pages to them itself, or one that puts new pages elsewhere.
 */
Test(sources, balanced_memory_stays_where_it_is)
{
	enum { PREFERRED_MANY = 5, BALANCING = 1 << 13 };
	struct hms_balance b = { .all = { 7 }, .calm = { 6 } };
	struct hms_mempolicy interleaved = policy(MPOL_INTERLEAVE, 3), out;

	cr_assert(balanced_is(&b, policy(MPOL_PREFERRED, 4),
		policy(PREFERRED_MANY | BALANCING, 4), false));
	cr_assert(balanced_is(&b, policy(PREFERRED_MANY, 3),
		policy(PREFERRED_MANY | BALANCING, 6), true));
	cr_assert(balanced_is(&b, policy(MPOL_LOCAL, 0),
		policy(PREFERRED_MANY | BALANCING, 6), true));
	b.bind_only = true;
	cr_assert(balanced_is(&b, policy(MPOL_PREFERRED, 4),
		policy(MPOL_BIND | BALANCING, 6), true));
	b.crowded = true;
	cr_assert(balanced_is(&b, policy(MPOL_PREFERRED, 4),
		policy(MPOL_BIND | BALANCING, 7), true));
	cr_assert(balanced_is(
		&b, policy(MPOL_LOCAL, 0), policy(MPOL_DEFAULT, 0), false));
	/* All nodes have CPUs. */
	b = (struct hms_balance){ .all = { 7 } };
	cr_assert(balanced_is(&b, policy(MPOL_PREFERRED, 1),
		policy(PREFERRED_MANY | BALANCING, 1), false));
	cr_assert_eq(hms_balanced(&b, &interleaved, &out), -EOPNOTSUPP);
}

static int mode_at(uintptr_t addr)
{
	struct hms_mempolicy now;

	cr_assert_eq(hms_mempolicy_get(addr, &now), 0);
	return now.mode;
}

/*
 * A heap of which the first half is there, on this machine's kernel.  Catches
 * memory that waits for pages that never come, new pages that go elsewhere, and
 * children that keep what only the worker can mind.
 */
Test(sources, what_is_there_is_balanced)
{
	const uint64_t PLENTY = UINT64_C(60000000000);
	enum { BALANCED = MPOL_BIND | 1 << 13 };
	struct hms_hint_bound bound = { .balance = {
						true, false, { 1 }, { 1 } } };
	struct hms_mempolicy had = policy(MPOL_PREFERRED, 1);
	struct hms_mempolicy wanted = policy(BALANCED, 1);
	struct hms_pieces pieces = { 0 };
	struct hms_purse purse;
	int64_t debt = 0;
	char *map = mmap(NULL, 18 * MIB, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uintptr_t start = ((uintptr_t)map + 2 * MIB - 1) & ~(2 * MIB - 1);

	if (hms_mempolicy_set(start, start + 2 * MIB, &wanted) < 0)
		cr_skip("mbind is refused here");
	cr_assert_eq(hms_mempolicy_set(start, start + 16 * MIB, &had), 0);
	memset((char *)start, 1, 8 * MIB);
	add(&pieces, start, start + 16 * MIB);
	hms_hint_turn_on(&bound, hms_pieces_nth(&pieces, 0));
	cr_assert(hms_pieces_nth(&pieces, 0)->state[HMS_HINT_PENDING]);
	cr_assert_eq(mode_at(start), MPOL_PREFERRED);
	cr_assert(hms_purse_open(&purse, &debt, PLENTY));
	cr_assert(hms_hint_tend(&bound, &pieces, 2000 * MS, &purse));
	cr_assert_eq(mode_at(start), BALANCED);
	cr_assert_eq(mode_at(start + 8 * MIB - 4096), BALANCED);
	cr_assert_eq(mode_at(start + 8 * MIB), MPOL_PREFERRED);
	/* Another policy by the mover. */
	cr_assert_eq(hms_mempolicy_set(start, start + 2 * MIB, &had), 0);
	bound.checked = 0;
	cr_assert(hms_hint_tend(&bound, &pieces, 4000 * MS, &purse));
	cr_assert_eq(mode_at(start), BALANCED);
	hms_hint_child(&bound, &pieces);
	cr_assert_eq(mode_at(start), MPOL_PREFERRED);
	cr_assert_eq(mode_at(start + 4 * MIB), MPOL_PREFERRED);
	hms_pieces_free(&pieces);
	hms_array_free(&bound.policies);
	munmap(map, 18 * MIB);
}

/* Catches a first touch that is taken for an access of marked memory. */
Test(sources, first_touches_are_no_hints)
{
	static struct hms_chunk chunk = { .start = 64 * MIB };
	uintptr_t start = 64 * MIB;
	struct hms_pieces pieces = { 0 };
	struct hms_sights sights = { .see = see, .arg = &start };

	add(&pieces, start, start + 2 * MIB);
	for (unsigned i = 0; i < 512; i++) {
		struct hms_fault fault = {
			.time = 1000 * MS + i * 1000,
			.addr = start + i * 4096,
		};

		hms_chunk_fault(&chunk, &fault, false, &pieces, NULL, &sights);
	}
	cr_assert_eq(events[0], 0);
	hms_pieces_free(&pieces);
}

/* --- choosing ---------------------------------------------------------------
 */

/* Catches a misspelt HMS_SOURCE that silently means none. */
Test(sources, names_are_chosen_among)
{
	struct hms_source_choices choices;
	struct hms_watch anon = { .start = 4096, .end = 8192 };

	cr_assert_eq(hms_sources_select("acessed", &choices), -EINVAL);
	for (unsigned i = 0; i < choices.n; i++)
		cr_assert(choices.row[i].asked);
	cr_assert_eq(hms_sources_select("none", &choices), 0);
	for (unsigned i = 0; i < choices.n; i++)
		cr_assert_eq(choices.row[i].asked,
			strcmp(choices.row[i].source->name, "touch") == 0);
	cr_assert_null(hms_source_for(&choices, &anon));
	cr_assert_eq(hms_sources_select("rwp,accessed", &choices), 0);
	for (unsigned i = 0; i < choices.n; i++) {
		const char *name = choices.row[i].source->name;

		cr_assert_eq(choices.row[i].asked,
			strcmp(name, "touch") == 0 ||
				strcmp(name, "rwp") == 0 ||
				strcmp(name, "accessed") == 0);
		cr_assert_neq(choices.row[i].works, choices.row[i].why[0] != 0);
	}
	for (unsigned i = 0; hms_sources[i]; i++)
		cr_assert_eq(
			hms_source_find(hms_sources[i]->name), hms_sources[i]);
}
