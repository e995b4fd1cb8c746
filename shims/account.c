/* SPDX-License-Identifier: BSD-2-Clause */
#include "shims/account.h"

#include <errno.h>
#include <time.h>

#include "base/poisson.h"
#include "base/sys.h"
#include "engine/site/memo.h"
#include "engine/site/walk.h"
#include "shims/heap.h"
#include "shims/shadow.h"

#define TLS __attribute__((tls_model("initial-exec")))

static __thread uint64_t chance TLS; /* random bits; 0: not seeded */
static __thread uint64_t exact_left TLS; /* to the next lifetime */

static uint64_t now(void)
{
	return hms_sys_clock(CLOCK_MONOTONIC);
}

static uint64_t next_gap(void)
{
	if (!chance)
		chance = now() ^ (uint64_t)hms_sys_gettid() << 40;
	return hms_poisson_gap(&chance, hms_account_period);
}

/* The kernel has no more for anybody; the heap says so to who asks. */
#define IMPOSSIBLE ((size_t)1 << 47)

/*
 * How many calls this one stands for, 0: none.  *left is the countdown, from
 * which size was taken; in a thread that has just begun it means nothing.
 */
static uint64_t draw(uint64_t *left, size_t size)
{
	bool fresh = !hms_counter.drawn;

	if (*left && !fresh)
		return 0;
	*left = next_gap();
	hms_counter.drawn = true;
	if (fresh && size < *left) {
		*left -= size;
		return 0;
	}
	if (fresh)
		*left = next_gap();
	hms_status_tick();
	if (!size || size >= IMPOSSIBLE)
		return 0;
	return hms_poisson_weight(&chance, hms_account_period, size);
}

/* The same in each mode. */
static uint64_t look(size_t size)
{
	switch (hms_accounting) {
	case HMS_SITES_SAMPLED:
		return draw(&hms_counter.left, size);
	case HMS_SITES_EXACT:
		/* Every call is to be looked at. */
		hms_counter.left = 0;
		exact_left -= size < exact_left ? size : exact_left;
		return draw(&exact_left, size);
	default:
		hms_counter.left = HMS_TICK_BYTES;
		hms_status_tick();
		return 0;
	}
}

/*
 * What is said of stacks where no rule asks about them: &rows[N] for row N.
 * Nothing is ever there.
 */
static const char rows[HMS_SITES_MAX];

/* As hms_stack_route() does; NULL: nothing is said of the stack. */
static const char *known_row(const struct hms_call *call)
{
	const struct hms_registers *at = &call->at;
	const struct site_memo *memo = NULL;
	const char *row;

	if (hms_stacks || !at->sp)
		return NULL;
	while ((memo = site_memo_judged(
			at->sp, (uintptr_t)call->caller, memo))) {
		row = memo->verdict;
		if (row && site_memo_all_hold(memo, at->fp, false) &&
			memo->at.sp == at->sp)
			return row;
	}
	return NULL;
}

static unsigned site_of(int rule, const struct hms_call *call)
{
	const char *row = known_row(call);
	unsigned site;

	if (row) {
		site = (unsigned)(row - rows);
		hms_account_by(site, rule);
		return site;
	}
	hms_walk_forget();
	site = hms_account_site(call->caller, &call->at, rule);
	if (!hms_stacks && site)
		hms_walk_judge(&rows[site]);
	return site;
}

/* Remembers a block: its site, its birth if it is a sample. */
static void enter(int rule, const struct hms_call *call, const void *block,
	uint64_t weight)
{
	struct hms_sample sample = {
		.size = call->size,
		.weight = (uint32_t)weight,
		.site = site_of(rule, call),
	};
	bool exact = hms_accounting == HMS_SITES_EXACT;

	if (exact && hms_shadow_put(block, sample.site, call->size))
		hms_account_add(sample.site, 1, call->size);
	if (!weight)
		return;
	sample.birth = now();
	if (!hms_sample_put(block, &sample)) {
		hms_account_lose(weight);
		return;
	}
	hms_account_sample(sample.site);
	if (!exact)
		hms_account_add(sample.site, weight, weight * call->size);
}

/* The block of a sample: where free() sees that it may be one. */
static void *sample_alloc(unsigned slot, const struct hms_call *call)
{
	size_t align =
		call->align < HMS_SAMPLE_ALIGN ? HMS_SAMPLE_ALIGN : call->align;

	return call->flags & HMS_CALL_ZEROED
		       ? hms_heap_zalign(slot, align, call->size)
		       : hms_heap_memalign(slot, align, call->size);
}

__attribute__((noinline)) void *hms_account_alloc(
	unsigned slot, int rule, const struct hms_call *call)
{
	int saved = errno;
	uint64_t weight;
	void *block;

	hms_guard_enter();
	weight = look(call->size);
	hms_guard_leave();
	block = weight ? sample_alloc(slot, call) : NULL;
	if (!block) {
		/* None as large as a sample's; perhaps one that is enough. */
		weight = 0;
		errno = saved;
		block = hms_slot_alloc(slot, call->align, call->size,
			call->flags & HMS_CALL_ZEROED);
	}
	if (block && (weight || hms_accounting == HMS_SITES_EXACT)) {
		hms_guard_enter();
		enter(rule, call, block, weight);
		hms_guard_leave();
	}
	return block;
}

/* What is known of a block that may be freed. */
struct known {
	bool sampled, exact;
	struct hms_sample sample;
	unsigned site;
	size_t size;
};

static inline void forget(const void *block, struct known *out)
{
	out->sampled = hms_sample_may_be(block) &&
		       hms_sample_take(block, &out->sample);
	out->exact = hms_accounting == HMS_SITES_EXACT &&
		     hms_shadow_take(block, &out->site, &out->size);
}

static inline void count_gone(const struct known *was)
{
	const struct hms_sample *s = &was->sample;

	if (was->exact)
		hms_account_sub(was->site, 1, was->size);
	if (!was->sampled)
		return;
	if (hms_accounting != HMS_SITES_EXACT)
		hms_account_sub(s->site, s->weight, s->weight * s->size);
	hms_account_life(s->site, s->weight, now() - s->birth);
}

static void put_back(const void *block, const struct known *was)
{
	if (was->exact)
		hms_shadow_put(block, was->site, was->size);
	if (was->sampled)
		hms_sample_put(block, &was->sample);
}

void hms_account_gone(const void *block)
{
	struct known was;

	forget(block, &was);
	count_gone(&was);
}

/*
 * Forgotten before the heap has it back: the next moment it may be somebody
 * else's.
 */
void *hms_account_resize(unsigned slot, void *block, size_t size)
{
	struct known was;
	void *moved;

	forget(block, &was);
	moved = hms_heap_realloc(slot, block, size);
	if (moved)
		count_gone(&was);
	else
		put_back(block, &was);
	return moved;
}

__attribute__((noinline)) void *hms_account_realloc(
	unsigned slot, int rule, const struct hms_call *call, void *block)
{
	struct known was;
	int saved = errno;
	uint64_t weight;
	void *moved;

	hms_guard_enter();
	weight = look(call->size);
	hms_guard_leave();
	forget(block, &was);
	moved = weight ? hms_heap_realign(
				 slot, block, HMS_SAMPLE_ALIGN, call->size)
		       : NULL;
	if (!moved) {
		weight = 0;
		errno = saved;
		moved = hms_heap_realloc(slot, block, call->size);
	}
	if (!moved) {
		put_back(block, &was);
		return NULL;
	}
	count_gone(&was);
	if (weight || hms_accounting == HMS_SITES_EXACT) {
		hms_guard_enter();
		enter(rule, call, moved, weight);
		hms_guard_leave();
	}
	return moved;
}

/* A sample's block is much larger than the program's, which may add up what
 * it is told. */
size_t hms_account_usable(const void *block)
{
	struct hms_sample sample;

	if (hms_accounting == HMS_SITES_OFF || !hms_sample_may_be(block) ||
		!hms_sample_find(block, &sample))
		return 0;
	return sample.size < 16 ? 16 : (sample.size + 15) & ~(size_t)15;
}
