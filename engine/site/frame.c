/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/site/frame.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/aside.h"
#include "base/sys.h"
#include "engine/site/hash.h"
#include "engine/site/hint.h"
#include "engine/site/memo.h"
#include "engine/site/symbols.h"

/*
 * Return addresses of a process: some 10^4 in the largest programs.  Beyond
 * what fits, walks end at what is not known.  Untouched pages cost nothing.
 */
#define SLOT_BITS 18
#define SLOTS (1u << SLOT_BITS)
#define MAX_FRAMES (SLOTS / 4 * 3)

typedef _Atomic(const struct site_frame *) slot_t;
static slot_t slots[SLOTS];
static atomic_uint nframes;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct hms_arena arena;
/* libunwind's reader of tables takes 4 KiB, ours of symbols more. */
static struct hms_aside aside;
static const struct hms_pattern *patterns;
static unsigned npatterns;

int site_frames_start(const struct hms_pattern *list, unsigned n)
{
	patterns = list;
	npatterns = n;
	return aside.stack ? 0 : hms_aside_open(&aside);
}

static inline slot_t *first_slot(uintptr_t address)
{
	return &slots[(address * UINT64_C(0x9e3779b97f4a7c15)) >>
		      (64 - SLOT_BITS)];
}

static inline slot_t *next_slot(slot_t *slot)
{
	return slot == &slots[SLOTS - 1] ? slots : slot + 1;
}

static inline bool stays(
	const struct site_frame *frame, const struct site_module **verified)
{
	if (frame->module->permanent || frame->module == *verified)
		return true;
	if (!site_module_stays(frame->module, frame->address - 1))
		return false;
	*verified = frame->module;
	return true;
}

static inline bool full(void)
{
	return atomic_load_explicit(&nframes, memory_order_relaxed) >=
	       MAX_FRAMES;
}

static struct site_frame *make(uintptr_t address, struct site_module *module)
{
	struct site_frame *frame = hms_arena_alloc(&arena, sizeof(*frame));
	uint64_t offset = address - module->base;
	uintptr_t start, end;

	if (!frame)
		return NULL;
	frame->address = address;
	frame->module = module;
	frame->identity = site_hash(module->identity, &offset, sizeof(offset));
	site_unwind_rule(address - 1, &frame->rule, &start, &end);
	if (start > address - 1 || end < address)
		start = end = 0;
	frame->patterns = site_symbols_match(
		module, address - 1, start, end, patterns, npatterns);
	frame->hint = (uint8_t)site_hint_at(module, address - 1, start, end);
	frame->skipped = module->runtime ||
			 (frame->patterns & SITE_SYMBOLS_WRAPPER) != 0;
	return frame;
}

/* Under the lock, so that each address is looked into once. */
static const struct site_frame *add(
	uintptr_t address, const struct site_module **verified)
{
	struct site_module *module = site_module_find(address - 1, &arena);
	const struct site_frame *frame = NULL;
	slot_t *slot = first_slot(address);

	if (!module)
		return NULL;
	for (; (frame = atomic_load_explicit(slot, memory_order_relaxed));
		slot = next_slot(slot))
		if (frame->address == address && frame->module == module)
			break;
	if (!frame && !full()) {
		if (!module->matched)
			site_symbols_read(module, patterns, npatterns, &arena);
		module->matched = true;
		frame = make(address, module);
		nframes += frame != NULL;
		atomic_store_explicit(slot, frame, memory_order_release);
	}
	if (frame)
		*verified = module;
	return frame;
}

struct look {
	uintptr_t address;
	const struct site_module **verified;
	const struct site_frame *frame;
};

static void look_aside(void *arg)
{
	struct look *look = arg;

	look->frame = add(look->address, look->verified);
}

/*
 * No signal handler runs meanwhile: it would do so on the stack aside, and
 * might jump out of it with the lock held.
 */
static __attribute__((noinline)) const struct site_frame *look_into(
	uintptr_t address, const struct site_module **verified)
{
	struct look look = { address, verified, NULL };
	uint64_t mask = hms_sys_block_signals();
	int saved = errno;

	pthread_mutex_lock(&lock);
	hms_aside_call(&aside, look_aside, &look);
	pthread_mutex_unlock(&lock);
	errno = saved;
	hms_sys_restore_signals(mask);
	return look.frame;
}

const struct site_frame *site_frame_find(
	uintptr_t address, const struct site_module **verified)
{
	const struct site_frame *frame;

	for (slot_t *slot = first_slot(address);
		(frame = atomic_load_explicit(slot, memory_order_acquire));
		slot = next_slot(slot))
		if (frame->address == address && stays(frame, verified))
			return frame;
	/* A JIT's code is met again and again, and never known. */
	if (site_module_none(address - 1) || full())
		return NULL;
	return look_into(address, verified);
}

size_t site_frames_bytes(void)
{
	return arena.total;
}

void site_frames_before_fork(void)
{
	pthread_mutex_lock(&lock);
}

void site_frames_after_fork(bool child)
{
	if (child) {
		pthread_mutex_init(&lock, NULL);
		site_memo_after_fork();
	} else {
		pthread_mutex_unlock(&lock);
	}
}
