/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs by recording: engine/policy/trace.h.  What the program accessed is
 * taken to be what was seen, evened out over a second: samples of all blocks
 * over the ticks around, looks at single blocks until the next look.  Nothing
 * in the file is believed.
 */
#include "tools/replay/replay.h"

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/policy/trace.h"

#define AROUND 5 /* ticks, on each side */
#define MOST_BLOCKS (1u << 20)
#define MOST_BYTES (4ull << 30) /* of the matrix */

/* Where a tick's parts are. */
struct part {
	struct hms_trace_tick tick;
	const uint8_t *changes, *seen;
};

static bool sane(float x, float high)
{
	return x >= 0 && x <= high;
}

/* False at the end, or where nothing whole follows. */
static bool next(const uint8_t **at, const uint8_t *end, struct part *part,
	const char **why)
{
	size_t left = (size_t)(end - *at), need;

	if (left < sizeof(part->tick))
		return false;
	memcpy(&part->tick, *at, sizeof(part->tick));
	if (part->tick.mark != HMS_TRACE_TICK) {
		*why = "a tick has no mark";
		return false;
	}
	need = sizeof(part->tick) +
	       (size_t)part->tick.nchanges * sizeof(struct hms_trace_change) +
	       (size_t)part->tick.nseen * sizeof(struct hms_seen);
	if (need > left)
		return false;
	part->changes = *at + sizeof(part->tick);
	part->seen = part->changes + (size_t)part->tick.nchanges *
					     sizeof(struct hms_trace_change);
	*at += need;
	return true;
}

static struct hms_trace_change get_change(const struct part *part, uint32_t i)
{
	struct hms_trace_change change;

	memcpy(&change, part->changes + i * sizeof(change), sizeof(change));
	return change;
}

static struct hms_seen get_seen(const struct part *part, uint32_t i)
{
	struct hms_seen seen;

	memcpy(&seen, part->seen + i * sizeof(seen), sizeof(seen));
	return seen;
}

/* The file's numbers of blocks may have gaps; ours have none. */
struct dense {
	uint32_t n;
	uint32_t *of; /* [MOST_BLOCKS]: ours + 1 */
};

static void name(struct dense *dense, uint32_t block)
{
	if (!dense->of[block])
		dense->of[block] = ++dense->n;
}

/* What a tick says is possible; names blocks. */
static const char *check(const struct part *part, struct dense *dense)
{
	if (!sane(part->tick.dt, 3600) || part->tick.dt <= 0)
		return "a tick has no length";
	if (!sane(part->tick.exposure, 1e6f))
		return "an exposure is no number";
	for (uint32_t i = 0; i < part->tick.nchanges; i++) {
		struct hms_trace_change change = get_change(part, i);

		if (change.block >= MOST_BLOCKS || change.tier >= HMS_TIERS ||
			change.site >= HMS_PLAN_SITES)
			return "a change is none";
		name(dense, change.block);
	}
	for (uint32_t i = 0; i < part->tick.nseen; i++) {
		struct hms_seen seen = get_seen(part, i);

		if (seen.block >= MOST_BLOCKS || !sane(seen.events, 1e9f) ||
			!sane(seen.exposure, 1e6f))
			return "what was seen is no number";
		name(dense, seen.block);
	}
	return NULL;
}

static const char *measure(const uint8_t *at, const uint8_t *end,
	struct dense *dense, uint32_t *nticks, size_t *nseen)
{
	const char *why = NULL;
	struct part part;

	while (next(&at, end, &part, &why)) {
		why = check(&part, dense);
		if (why)
			return why;
		*nseen += part.tick.nseen;
		++*nticks;
	}
	if (!why && !*nticks)
		why = "no tick is whole";
	if (!why && (uint64_t)*nticks * dense->n * sizeof(float) > MOST_BYTES)
		why = "too many blocks and ticks";
	return why;
}

/* Per block, while ticks are read. */
struct past {
	bool used;
	uint32_t seen; /* tick + 1 of the last look at it alone */
	uint32_t told; /* tick + 1 in which it was seen, or changed */
	float rate;
};

struct filling {
	struct replay_case *c;
	const struct dense *dense;
	struct past *past;
	uint32_t used;
	size_t nseen;
};

static void take_changes(struct filling *f, const struct part *part, uint32_t t)
{
	struct replay_case *c = f->c;

	for (uint32_t i = 0; i < part->tick.nchanges; i++) {
		struct hms_trace_change change = get_change(part, i);
		uint32_t block = f->dense->of[change.block] - 1;
		struct past *p = &f->past[block];
		uint8_t flags =
			change.flags &
			(HMS_BLOCK_USED | HMS_BLOCK_FIXED | HMS_BLOCK_HUGE);
		bool uses = flags & HMS_BLOCK_USED;

		f->used += uses - p->used;
		if (f->used > c->peak)
			c->peak = f->used;
		p->used = uses;
		p->seen = 0;
		replay_change(c, (struct replay_change){ .tick = t,
					 .block = block,
					 .site = change.site,
					 .flags = flags });
	}
}

/* So many accesses a second, over the ticks around this one. */
static void spread(
	struct replay_case *c, uint32_t t, uint32_t block, float rate)
{
	uint32_t from = t > AROUND ? t - AROUND : 0;
	uint32_t to = t + AROUND < c->nticks ? t + AROUND : c->nticks - 1;

	for (uint32_t i = from; i <= to; i++)
		replay_tick(c, i)[block] += rate / (float)(to - from + 1);
}

static const char *take_seen(
	struct filling *f, const struct part *part, uint32_t t)
{
	struct replay_case *c = f->c;

	c->first[t] = f->nseen;
	for (uint32_t i = 0; i < part->tick.nseen; i++) {
		struct hms_seen seen = get_seen(part, i);
		float exposure = seen.exposure + part->tick.exposure;
		struct past *p;

		seen.block = f->dense->of[seen.block] - 1;
		p = &f->past[seen.block];
		if (p->told == t + 1)
			return "a block is seen twice in a tick";
		p->told = t + 1;
		c->seen[f->nseen++] = seen;
		if (!(exposure > 0))
			exposure = part->tick.dt;
		if (seen.exposure > 0) {
			p->seen = t + 1;
			p->rate = seen.events / exposure;
		} else {
			spread(c, t, seen.block, seen.events / exposure);
		}
	}
	for (uint32_t b = 0; b < c->nblocks; b++)
		if (f->past[b].seen)
			replay_tick(c, t)[b] += f->past[b].rate;
	return NULL;
}

/* Blocks that are not used have no accesses; a tick's sum is 1. */
static void normalise(struct replay_case *c)
{
	uint8_t *used = calloc(c->nblocks, 1);
	size_t change = 0;

	if (!used)
		abort();
	for (uint32_t t = 0; t < c->nticks; t++) {
		float *share = replay_tick(c, t);
		double sum = 0;

		for (; change < c->nchanges && c->changes[change].tick == t;
			change++)
			used[c->changes[change].block] =
				c->changes[change].flags & HMS_BLOCK_USED;
		for (uint32_t b = 0; b < c->nblocks; b++) {
			if (!used[b] || !isfinite(share[b]))
				share[b] = 0;
			sum += (double)share[b];
		}
		c->idle[t] = !(sum > 0);
		for (uint32_t b = 0; b < c->nblocks && sum > 0; b++)
			share[b] = (float)((double)share[b] / sum);
	}
	free(used);
}

static const char *fill(struct replay_case *c, const struct dense *dense,
	const uint8_t *at, const uint8_t *end)
{
	struct filling f = { .c = c, .dense = dense };
	const char *why = NULL;
	struct part part;

	f.past = calloc(c->nblocks + 1u, sizeof(*f.past));
	if (!f.past)
		abort();
	for (uint32_t t = 0; t < c->nticks && !why; t++) {
		next(&at, end, &part, &why);
		c->seconds[t] = (double)part.tick.dt;
		c->part[t] = part.tick.exposure / part.tick.dt;
		take_changes(&f, &part, t);
		why = take_seen(&f, &part, t);
	}
	c->first[c->nticks] = f.nseen;
	free(f.past);
	if (!why)
		normalise(c);
	return why;
}

static struct replay_case *build(const struct hms_trace_head *head,
	const uint8_t *at, const uint8_t *end, struct dense *dense,
	const char **why)
{
	struct replay_ask ask = { 0 };
	struct replay_case *c;
	uint32_t nticks = 0;
	size_t nseen = 0;

	*why = measure(at, end, dense, &nticks, &nseen);
	if (*why)
		return NULL;
	ask.seconds = nticks * REPLAY_TICK;
	ask.nblocks = dense->n ? dense->n : 1;
	c = replay_new("recording", &ask,
		sane(head->parallelism, 1e6f) && head->parallelism >= 1
			? (double)head->parallelism
			: 32);
	c->recorded = true;
	c->seen = calloc(nseen + 1, sizeof(*c->seen));
	c->idle = calloc(nticks, sizeof(*c->idle));
	if (!c->seen || !c->idle)
		abort();
	*why = fill(c, dense, at, end);
	if (!*why)
		return c;
	replay_free(c);
	return NULL;
}

struct replay_case *replay_parse(
	const void *bytes, size_t len, const char **why)
{
	const uint8_t *at = bytes, *end = at + len;
	struct hms_trace_head head;
	struct dense dense = { 0 };
	struct replay_case *c;

	*why = "is no recording";
	if (len < sizeof(head) || memcmp(at, HMS_TRACE_MAGIC, 8))
		return NULL;
	memcpy(&head, at, sizeof(head));
	*why = "its head is wrong";
	if (!head.ntiers || head.ntiers > HMS_TIERS || !head.block_bytes)
		return NULL;
	dense.of = calloc(MOST_BLOCKS, sizeof(*dense.of));
	if (!dense.of)
		abort();
	c = build(&head, at + sizeof(head), end, &dense, why);
	free(dense.of);
	return c;
}

struct replay_case *replay_load(const char *path, const char **why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct replay_case *c = NULL;
	struct stat status;
	void *map;

	*why = "cannot be read";
	if (fd < 0)
		return NULL;
	if (!fstat(fd, &status) && S_ISREG(status.st_mode) &&
		status.st_size > 0) {
		map = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE,
			fd, 0);
		if (map != MAP_FAILED) {
			c = replay_parse(map, (size_t)status.st_size, why);
			munmap(map, (size_t)status.st_size);
		}
	}
	close(fd);
	if (c)
		c->name = path;
	return c;
}
