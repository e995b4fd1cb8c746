/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sites: where in the program memory was asked for, and what became of it.
 *
 * Plain data beside the status page, FOLDER/PID.sites, mapped by the process
 * that counts and readable however it ended.  Rows are found by their number,
 * appended, and never removed.  The file grows, its blocks reserved, as sites
 * come: a full disk must not be a SIGBUS, and few sites must cost little.
 * Writers use relaxed atomics; counters may be a few calls apart.  A row below
 * nsites is complete but for its counters.  Where no file can be had, the same
 * stands in private memory, and is gone with the process.
 *
 * A forked child begins with a copy of its parent's.  The file is removed
 * together with the status page.
 *
 * Frames are stored as module and offset.  What function and line that is,
 * readers find out (tools/symbols/), so that a process need not.
 */
#ifndef HMS_REPORT_SITES_H
#define HMS_REPORT_SITES_H

#include <stddef.h>
#include <stdint.h>

#define HMS_SITES_MAGIC UINT64_C(0x0200534554495348) /* "HSITES", 0, 2 */
#define HMS_SITES_MAX 65535 /* rows; 0: unknown stacks, and what is beyond */
#define HMS_SITES_MODULES 1024 /* the last one stands for those beyond */
#define HMS_SITES_FRAMES 16 /* the ID is made of the first SITE_FRAMES */
#define HMS_SITES_LIVES 32
#define HMS_SITES_PATH 256

enum hms_sites_mode {
	HMS_SITES_OFF,
	HMS_SITES_SAMPLED, /* numbers are estimates, without bias */
	HMS_SITES_EXACT,
};

struct hms_sites_module {
	char path[HMS_SITES_PATH]; /* its end, if it is longer */
	uint8_t build_id[32];
	uint32_t build_id_len; /* bytes; 0: it has none */
	uint32_t pad;
	uint64_t base; /* address minus this is the file's own address */
};

/* module << 48 | the return address as the module's file counts. */
#define HMS_SITES_NOWHERE 0xffffu /* no module's code: a JIT's */
static inline unsigned hms_sites_frame_module(uint64_t frame)
{
	return (unsigned)(frame >> 48);
}
static inline uint64_t hms_sites_frame_offset(uint64_t frame)
{
	return frame & ((UINT64_C(1) << 48) - 1);
}

struct hms_sites_row {
	uint64_t id;
	/*
	 * A hexadecimal digit per frame, the nearest one first, made of its
	 * function's name: what is left of a site in another build.
	 */
	uint32_t hint;
	uint16_t nframes;
	uint16_t rule; /* of its last call, from 1; 0: none matched */
	uint64_t frame[HMS_SITES_FRAMES];
	uint64_t samples; /* blocks whose lifetimes are known */
	uint64_t calls, bytes; /* asked for */
	uint64_t freed_calls, freed_bytes;
	uint64_t live_peak; /* most of bytes - freed_bytes at one time */
	/* Page faults in its memory that perf told of; engine/worker/. */
	uint64_t minor_faults, major_faults;
	/*
	 * Blocks freed, by lifetime: [i] below 2^i microseconds; the rest.
	 * Estimated from samples in every mode: looking at the clock twice
	 * costs more than a block.
	 */
	uint64_t lives[HMS_SITES_LIVES];
};

struct hms_sites {
	uint64_t magic;
	uint64_t size; /* bytes of the file that hold something */
	uint32_t mode; /* enum hms_sites_mode */
	uint32_t nsites; /* rows, the first included */
	uint32_t nmodules;
	uint32_t pad;
	uint64_t period; /* mean bytes between samples; 1: exact */
	uint64_t lost; /* calls whose site found no room */
	struct hms_sites_module modules[HMS_SITES_MODULES];
	struct hms_sites_row rows[]; /* HMS_SITES_MAX at most */
};

/*
 * This process's own; NULL: nothing is accounted, or nothing was yet.  It may
 * be replaced by a larger or newer one, which holds the same.
 */
extern struct hms_sites *hms_sites __attribute__((visibility("hidden")));

/* An ID as people write it, "0123456789abcdef.01234567", with its end. */
#define HMS_SITES_ID 26

#endif
