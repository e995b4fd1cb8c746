/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stacks that are remembered, against stacks as they are: random chains of
 * calls, of which each is a small change of the one before.
 */
#include <criterion/criterion.h>

#include <alloca.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "engine/site/hash.h"
#include "engine/site/memo.h"
#include "engine/site/walk.h"

#ifdef __x86_64__

#define NOINLINE __attribute__((noinline, noclone))
#define DEEPEST 90 /* more than SITE_DEPTH */
#define VERDICTS 1021

typedef const unsigned char *plan_t; /* which function is next */
typedef void kind_fn(plan_t plan);

static volatile int keep; /* calls that are no jumps */
static volatile unsigned how_much; /* of alloca */
static const char verdicts[VERDICTS];
static unsigned probes, hits;

static const struct hms_pattern patterns[] = {
	{ "by_frame", NULL },
	{ "qsort*", "libc.so*" },
	{ NULL, "libc.so.6" },
};

static void setup(void)
{
	cr_assert_eq(hms_sites_start(patterns, 3), 0);
	probes = hits = 0;
}

TestSuite(site_memo, .init = setup, .fini = site_memo_thread_end);

static const void *look_up(uintptr_t sp, uintptr_t fp, uintptr_t caller)
{
	const struct site_memo *memo = NULL;

	while ((memo = site_memo_judged(sp, caller, memo)))
		if (site_memo_all_hold(memo, fp, probes & 1) &&
			memo->at.sp == sp)
			return memo->verdict;
	return NULL;
}

/* A verdict for the stack as it is, by a walk that remembers nothing. */
static const void *verdict_of(const void *caller, unsigned *depth)
{
	uintptr_t addresses[SITE_DEPTH];
	uint64_t hash;

	*depth = hms_walk_addresses(caller, addresses, SITE_DEPTH);
	hash = site_hash(SITE_HASH, addresses, *depth * sizeof(*addresses));
	return &verdicts[hash % VERDICTS];
}

void probe_at(const void *caller, uintptr_t sp, uintptr_t fp);
void probe_at(const void *caller, uintptr_t sp, uintptr_t fp)
{
	const struct hms_registers at = { sp, fp };
	const void *remembered = look_up(sp, fp, (uintptr_t)caller);
	struct hms_stack by_registers, by_frames;
	const void *verdict;
	unsigned depth;

	verdict = verdict_of(caller, &depth);
	probes++;
	hits += remembered != NULL;
	if (remembered)
		cr_assert_eq(remembered, verdict, "probe %u", probes);
	cr_assert(hms_walk(caller, false, &by_frames));
	cr_assert(hms_walk_from(caller, &at, false, &by_registers));
	hms_walk_judge(verdict);
	if (depth < SITE_DEPTH)
		cr_assert_eq(by_registers.depth, depth);
	cr_assert_eq(by_registers.site, by_frames.site);
	cr_assert_eq(by_registers.patterns, by_frames.patterns);
	cr_assert_eq(by_registers.caller, by_frames.caller);
}

/* As shims/entry.S does. */
void probe(void);
__asm__(".text\n"
	".type probe, @function\n"
	"probe:\n"
	".cfi_startproc\n"
	"mov (%rsp), %rdi\n"
	"lea 8(%rsp), %rsi\n"
	"mov %rbp, %rdx\n"
	"jmp probe_at\n"
	".cfi_endproc\n"
	".size probe, . - probe\n");

static kind_fn *kind_of(unsigned char number);

static void go_on(plan_t plan)
{
	if (*plan == 0xff)
		probe();
	else
		kind_of (*plan)(plan + 1);
	keep++;
}

static NOINLINE void plain(plan_t plan)
{
	go_on(plan);
	keep++;
}

static NOINLINE void other(plan_t plan)
{
	go_on(plan);
	keep += 2;
}

static NOINLINE void large(plan_t plan)
{
	volatile char room[2000];

	room[0] = 0;
	go_on(plan);
	keep += room[0];
}

static NOINLINE void varying(plan_t plan)
{
	volatile char *room = alloca(how_much + 1);

	room[0] = 0;
	go_on(plan);
	keep += room[0];
}

static NOINLINE __attribute__((optimize("no-omit-frame-pointer"))) void
by_frame(plan_t plan)
{
	go_on(plan);
	keep++;
}

/* The register that others keep their frames by is this one's for anything. */
static NOINLINE void uses_rbp(plan_t plan)
{
	__asm__ volatile("lea (%%rsp,%0), %%rbp" : : "r"(plan) : "rbp");
	go_on(plan);
	__asm__ volatile("" : : : "rbp");
	keep++;
}

static NOINLINE void leaves_no_frame(plan_t plan)
{
	keep++;
	if (*plan != 0xff)
		return kind_of(*plan)(plan + 1);
	return probe();
}

static __thread plan_t inner;

static int compare(const void *a, const void *b)
{
	plan_t plan = inner;

	inner = NULL;
	if (plan)
		go_on(plan);
	return 0;
}

static NOINLINE void through_libc(plan_t plan)
{
	int numbers[2] = { 1, 2 };

	inner = plan;
	qsort(numbers, 2, sizeof(*numbers), compare);
	keep++;
}

static void handler(int sig)
{
	compare(NULL, NULL);
}

static NOINLINE void through_signal(plan_t plan)
{
	inner = plan;
	raise(SIGUSR1);
	keep++;
}

static kind_fn *const kinds[] = { plain, other, large, varying, by_frame,
	uses_rbp, leaves_no_frame, through_libc, through_signal };
#define KINDS (sizeof(kinds) / sizeof(*kinds))

static NOINLINE kind_fn *kind_of(unsigned char number)
{
	return kinds[number];
}

static unsigned random_below(unsigned n)
{
	static uint64_t state = 88172645463325252;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 33) % n;
}

static unsigned char random_kind(void)
{
	/* Signals cost much; a SIGUSR1 within one waits until it is done. */
	return (unsigned char)random_below(KINDS - 1);
}

/* Makes another chain of the one there is: mostly, its inner end changes. */
static unsigned change(unsigned char *plan, unsigned n)
{
	unsigned where = n ? n - 1 - random_below(random_below(n) + 1) : 0;

	switch (random_below(8)) {
	case 0:
		n = random_below(DEEPEST / 4);
		for (unsigned i = 0; i < n; i++)
			plan[i] = random_kind();
		break;
	case 1:
	case 2:
	case 3:
		if (n)
			plan[where] = random_kind();
		break;
	case 4:
		n = where;
		break;
	case 5:
	case 6:
		if (n < DEEPEST)
			plan[n++] = random_kind();
		break;
	default:
		how_much = 16 + random_below(4) * 64;
		break;
	}
	plan[n] = 0xff;
	return n;
}

/*
 * Catches a remembered stack that is not the one there is: after recursion of
 * another depth, other callers at the same place, frames of other sizes, and
 * frame pointers that are none.
 */
Test(site_memo, random_chains)
{
	unsigned char plan[DEEPEST + 1] = { 0xff };
	unsigned n = 0;

	signal(SIGUSR1, handler);
#pragma GCC unroll 0
	for (int i = 0; i < 100000; i++) {
		n = change(plan, n);
		if (n && i % 500 == 0)
			plan[random_below(n)] = KINDS - 1;
		go_on(plan);
		for (unsigned k = 0; k < n; k++)
			if (plan[k] == KINDS - 1)
				plan[k] = 0;
	}
	cr_assert_geq(probes, 100000);
	/* It remembers, or else there is nothing to be right about. */
	cr_expect_geq(hits, probes / 10, "%u of %u", hits, probes);
}

/* Catches walks of the deepest stacks that are never remembered. */
Test(site_memo, deep_and_again)
{
	unsigned char plan[DEEPEST + 1];

	memset(plan, 0, DEEPEST);
	plan[DEEPEST] = 0xff;
	how_much = 16;
#pragma GCC unroll 0
	for (int i = 0; i < 10; i++)
		go_on(plan);
	cr_expect_eq(probes, 10);
	cr_expect_eq(hits, 9);
}

static void *in_thread(void *end)
{
	static const unsigned char plan[] = { 0, 1, 2, 0, 0xff };

#pragma GCC unroll 0
	for (int i = 0; i < 3; i++)
		go_on(plan);
	site_memo_thread_end();
	return NULL;
}

/* Catches threads that take their room with them. */
Test(site_memo, threads_come_and_go)
{
	const unsigned n = 600; /* more than there is room for at one time */
	pthread_t thread;

	for (unsigned i = 1; i <= n; i++) {
		cr_assert_eq(pthread_create(&thread, NULL, in_thread, NULL), 0);
		pthread_join(thread, NULL);
	}
	cr_expect_eq(probes, 3 * n);
	cr_expect_eq(hits, 2 * n);
}

static unsigned resident(void *memory, size_t len)
{
	unsigned char pages[1024];
	unsigned n = 0;

	cr_assert_eq(mincore(memory, len, pages), 0);
	for (size_t i = 0; i < (len + 4095) / 4096; i++)
		n += pages[i] & 1;
	return n;
}

/* Catches memory that a thread leaves behind. */
Test(site_memo, much_memory_is_given_back)
{
	const size_t len =
		sizeof(struct site_memo) * SITE_MEMO_SETS * SITE_MEMO_WAYS;
	unsigned char plan[DEEPEST + 1] = { 0xff };
	unsigned n = 0;
	void *memory;

	for (int i = 0; i < 2000; i++) {
		n = change(plan, n);
		go_on(plan);
	}
	memory = site_memos->memo;
	cr_expect_geq(resident(memory, len), 10);
	site_memo_thread_end();
	cr_expect_eq(resident(memory, len), 0);
}

/* Catches a verdict about a walk that was not the last one. */
Test(site_memo, forgotten_walks_are_not_judged)
{
	static const unsigned char plan[] = { 0, 0, 0xff };
	static const char wrong;

#pragma GCC unroll 0
	for (int i = 0; i < 10; i++) {
		go_on(plan);
		hms_walk_forget();
		hms_walk_judge(&wrong);
	}
	cr_expect_eq(hits, 9);
}

#endif
