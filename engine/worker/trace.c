/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A recording of what the planner is told, see engine/policy/trace.h.  The
 * file is opened for each tick and closed again: a descriptor that is kept
 * could be the program's own by then.  A tick is written whole or taken back;
 * once that fails, the recording has ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "base/log.h"
#include "base/sys.h"
#include "engine/policy/trace.h"
#include "engine/worker/learn.h"

#define BUFFER ((size_t)64 << 10)
/* Beyond this nobody would read it: it ends. */
#define MOST_BYTES (UINT64_C(4) << 30)

struct writer {
	struct hms_learn *l;
	int fd, rc;
	size_t used;
	uint8_t *buffer;
};

static void flush(struct writer *w)
{
	if (!w->rc && w->used)
		w->rc = hms_sys_write_all(w->fd, w->buffer, w->used);
	w->l->trace.bytes += w->used;
	w->used = 0;
}

static void put(struct writer *w, const void *bytes, size_t len)
{
	if (w->used + len > BUFFER)
		flush(w);
	memcpy(w->buffer + w->used, bytes, len);
	w->used += len;
}

static void put_head(struct writer *w)
{
	const struct hms_learn *l = w->l;
	struct hms_trace_head head = {
		.ntiers = l->tiers.n,
		.parallelism = l->snapshot.parallelism,
		.block_bytes = HMS_HEAT_BLOCK,
	};

	memcpy(head.magic, HMS_TRACE_MAGIC, sizeof(head.magic));
	for (unsigned t = 0; t < l->tiers.n; t++)
		head.tiers[t] = (struct hms_trace_tier){
			.capacity = l->snapshot.tiers[t].blocks +
				    l->snapshot.tiers[t].room,
			.latency = l->tiers.latency[t],
			.bandwidth = l->tiers.bandwidth[t],
		};
	put(w, &head, sizeof(head));
}

/* What the recording says of a block, in a word; 0: it is not used. */
static uint32_t state_of(const struct hms_block *b)
{
	const uint8_t told = HMS_BLOCK_USED | HMS_BLOCK_FIXED | HMS_BLOCK_HUGE;

	if (!(b->flags & HMS_BLOCK_USED))
		return 0;
	return (uint32_t)b->site << 16 | (uint32_t)b->tier << 8 |
	       (b->flags & told);
}

/* Those that are not as they were told; put: they are told now. */
static uint32_t changes(struct writer *w, bool tell)
{
	struct hms_heat *heat = &w->l->heat;
	uint32_t n = 0;

	for (uint32_t i = 0; i < heat->top; i++) {
		uint32_t state =
			i < heat->nblocks ? state_of(&heat->blocks[i]) : 0;
		struct hms_trace_change change = {
			.block = i,
			.site = (uint16_t)(state >> 16),
			.tier = (uint8_t)(state >> 8),
			.flags = (uint8_t)state,
		};

		if (state == heat->info[i].told)
			continue;
		n++;
		if (!tell)
			continue;
		heat->info[i].told = state;
		put(w, &change, sizeof(change));
	}
	return n;
}

static void put_tick(struct writer *w)
{
	const struct hms_snapshot *s = &w->l->snapshot;
	const struct hms_trace_tick tick = {
		.mark = HMS_TRACE_TICK,
		.nchanges = changes(w, false),
		.nseen = s->nseen,
		.dt = (float)s->dt,
		.exposure = s->exposure,
	};

	put(w, &tick, sizeof(tick));
	changes(w, true);
	for (uint32_t i = 0; i < s->nseen; i++)
		put(w, &s->seen[i], sizeof(s->seen[i]));
	flush(w);
}

static void write_tick(struct hms_learn *l, uint8_t *buffer)
{
	int how = l->traced ? O_APPEND : O_CREAT | O_TRUNC;
	struct writer w = { .l = l, .buffer = buffer };

	w.fd = hms_sys_open(
		l->with.trace, how | O_WRONLY | O_CLOEXEC | O_NOCTTY, 0600);
	if (w.fd < 0) {
		l->trace.rc = w.fd;
		return;
	}
	if (!l->traced)
		put_head(&w);
	l->traced = true;
	put_tick(&w);
	l->trace.rc = w.rc;
	if (!w.rc && l->trace.bytes > MOST_BYTES)
		l->trace.rc = -EFBIG;
	hms_sys_close(w.fd);
}

void learn_trace(struct hms_learn *l)
{
	uint8_t *buffer;

	if (!l->with.trace || l->trace.rc)
		return;
	buffer = hms_sys_mmap(NULL, BUFFER, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (hms_sys_failed(buffer))
		l->trace.rc = -ENOMEM;
	else
		write_tick(l, buffer);
	if (!hms_sys_failed(buffer))
		hms_sys_munmap(buffer, BUFFER);
	if (l->trace.rc)
		hms_log_once(HMS_LOG_WARN,
			"%s: the recording ends here (errno %d)", l->with.trace,
			-l->trace.rc);
}
