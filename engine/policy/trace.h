/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Recordings: what a planner was told of a process, tick by tick, as a file
 * that `hms replay` reads.
 *
 *	head
 *	tick, its changes, its seen blocks
 *	tick, ...
 *
 * Numbers are as this machine has them (little-endian); all structures are
 * multiples of four bytes, without holes.  The file may end anywhere: a tick
 * that is not whole is as if it had never been written, so a process that is
 * killed leaves a recording that is right.
 *
 * A block has an index of its own as long as it is used.  It comes into use,
 * changes its tier or site, and goes (flags without USED) by a change; the
 * first tick names all that are used then.  Plain data, for anyone to write.
 */
#ifndef HMS_ENGINE_POLICY_TRACE_H
#define HMS_ENGINE_POLICY_TRACE_H

#include <stdint.h>

#include "engine/policy/planner.h"

#define HMS_TRACE_MAGIC "HMSTRAC1"
#define HMS_TRACE_TICK 0x4b434954u /* "TICK" */

struct hms_trace_tier {
	uint64_t capacity; /* blocks; 0: not known */
	float latency; /* seconds, idle; 0: not known */
	float bandwidth; /* bytes per second; 0: not known */
};

struct hms_trace_head {
	char magic[8];
	uint32_t ntiers; /* 1 to HMS_TIERS */
	float parallelism; /* as in a snapshot; 0: not known */
	uint64_t block_bytes;
	struct hms_trace_tier tiers[HMS_TIERS]; /* fastest first */
};

struct hms_trace_tick {
	uint32_t mark; /* HMS_TRACE_TICK */
	uint32_t nchanges; /* struct hms_trace_change */
	uint32_t nseen; /* struct hms_seen, after the changes */
	float dt; /* seconds since the tick before */
	float exposure; /* as in a snapshot */
	uint32_t zero;
};

struct hms_trace_change {
	uint32_t block;
	uint16_t site;
	uint8_t tier;
	uint8_t flags; /* USED, FIXED, HUGE */
};

_Static_assert(sizeof(struct hms_trace_head) == 24 + 16 * HMS_TIERS, "holes");
_Static_assert(sizeof(struct hms_trace_tick) == 24, "holes");
_Static_assert(sizeof(struct hms_trace_change) == 8, "holes");
_Static_assert(sizeof(struct hms_seen) == 12, "holes");

#endif
