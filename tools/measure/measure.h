/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `hms measure`, in parts: the loops that are timed, the threads that run
 * them, the memory they run over, what is known afterwards, and where that is
 * kept.  Latencies in ns, bandwidths in MB/s of 10^6 bytes, sizes in bytes.
 * Not thread-safe: one measurement at a time, from the main thread.
 */
#ifndef HMS_TOOLS_MEASURE_H
#define HMS_TOOLS_MEASURE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "engine/topology/topology.h"

/* Set by SIGINT, SIGTERM, SIGHUP: everything ends soon, nothing is stored. */
extern volatile sig_atomic_t measure_stopped;

/* --- loops: loops.c ----------------------------------------------------
 * What one thread does over its part of the memory, again and again.
 * COPY copies the first half of the part over the second; its bytes are
 * counted once, as memcpy(3)'s are.  STREAM: with stores that go past the
 * caches, where the processor has them.
 */
enum measure_job {
	MEASURE_REST, /* nothing */
	MEASURE_CHASE,
	MEASURE_READ,
	MEASURE_WRITE,
	MEASURE_WRITE_STREAM,
	MEASURE_COPY,
	MEASURE_COPY_STREAM,
};

#define MEASURE_LINE 64 /* bytes: a step of the chase goes to another one */

/*
 * Makes one cycle through all lines of the memory, in an order that no
 * prefetcher can know; base is the start of it.
 */
void measure_chase_make(void *base, size_t bytes);
/* Follows it; each load's address is the result of the one before. */
void *measure_chase(void *at, size_t steps);
/* bytes: a multiple of 256 for each; addresses: of 64. */
void measure_read(const void *from, size_t bytes);
void measure_write(void *to, size_t bytes);
void measure_copy(void *to, const void *from, size_t bytes);
/* Asked of the processor at run time; without, STREAM jobs are refused. */
bool measure_can_stream(void);
void measure_write_stream(void *to, size_t bytes);
void measure_copy_stream(void *to, const void *from, size_t bytes);

/* --- threads: team.c --------------------------------------------------- */
struct measure_team;

/* One thread on each of these CPUs; NULL: the system refuses, errno is set. */
struct measure_team *measure_team_new(const int *cpus, unsigned n);
void measure_team_free(struct measure_team *team);
unsigned measure_team_size(const struct measure_team *team);
/* What a thread does in the runs from now on. */
struct measure_part {
	enum measure_job job;
	unsigned char *base;
	size_t bytes;
	bool counted; /* else it is only there as a load */
};
void measure_team_part(struct measure_team *team, unsigned worker,
	const struct measure_part *part);
/*
 * Runs all parts side by side for so long, after a warm-up; returns the sum
 * of the counted ones' rates: bytes per ns, and for CHASE steps per ns.
 */
double measure_team_run(struct measure_team *team, uint64_t ns);
/* The share of the time in which other programs had the CPUs, 0 to 1. */
double measure_team_disturbed(const struct measure_team *team);

/* --- memory: memory.c -------------------------------------------------- */
struct measure_memory {
	unsigned char *base;
	size_t bytes; /* 0: none */
	size_t wanted; /* more than bytes: there was not enough free */
	size_t elsewhere; /* bytes that the kernel put on other nodes */
	double huge; /* share of it on huge pages, 0 to 1 */
	void *map; /* with what alignment cost */
	size_t mapped;
};

#define MEASURE_LEAST ((size_t)4 << 20) /* less is not worth looking at */

/*
 * Bytes that may be taken of a node without pushing anybody out: a quarter of
 * what is free there, on the machine, and in the control groups.
 */
size_t measure_room(unsigned node);
/*
 * Maps, binds (preferred, never by force), touches and looks where the pages
 * are.  0; -ENOMEM: not enough room, *out says what was wanted; -EINTR.
 */
int measure_memory_get(
	struct measure_memory *out, unsigned node, size_t wanted, size_t most);
void measure_memory_put(struct measure_memory *memory);

/* --- the machine: cpus.c ----------------------------------------------- */
struct measure_cpus {
	unsigned n;
	int *cpu;
};
/*
 * The CPUs of a list ("0-3,8"; NULL: of all) that this process may run on;
 * malloc'd.  0 or -errno.
 */
int measure_cpus_of(const char *list, struct measure_cpus *out);
/* Bytes of the last-level caches: of the largest, and of all together. */
void measure_caches(
	const struct measure_cpus *cpus, size_t *largest, size_t *all);
/* Do two CPUs share a core? */
bool measure_siblings(int a, int b);

/* --- results: result.c ------------------------------------------------- */
enum measure_what {
	MEASURED_LATENCY,
	MEASURED_LOADED,
	MEASURED_READ,
	MEASURED_WRITE, /* the greater of both kinds of stores */
	MEASURED_COPY, /* likewise */
	MEASURED_WRITE_PLAIN,
	MEASURED_WRITE_STREAM,
	MEASURED_COPY_PLAIN,
	MEASURED_COPY_STREAM,
	MEASURED,
};

struct measure_value {
	double median; /* ns or MB/s; 0: not measured */
	double spread; /* half of the distance of the quartiles / median */
	unsigned samples;
};

struct measure_runtime;

struct measure_result {
	unsigned initiator, target; /* of the graph */
	const struct measure_runtime *runtime; /* of a device; NULL: CPUs */
	unsigned device, near; /* the runtime's number; the node next to it */
	bool done;
	unsigned cpus; /* that took part */
	size_t bytes; /* of memory it was measured over */
	double huge;
	double disturbed; /* the most of it, 0 to 1 */
	struct measure_value value[MEASURED];
};

const char *measure_what_name(enum measure_what what);
/* Sorts the samples; n > 0. */
struct measure_value measure_summary(double *samples, unsigned n);

struct measure_options {
	bool quick, load;
	bool progress, terminal; /* to standard error */
	size_t most; /* of memory per target; 0: as much as is sensible */
	unsigned steps, step; /* of progress; step moves */
};

/* One line of progress, if it is wanted; over the one before on a terminal. */
void measure_progress(const struct measure_options *options, const char *format,
	...) __attribute__((format(printf, 2, 3)));
void measure_progress_end(const struct measure_options *options);

/*
 * All initiators of one target; fills in results[0..n), which name the same
 * target.  0; -ENOMEM: not enough room; -EXDEV: the kernel put the pages
 * elsewhere; -EINTR; -errno.
 */
int measure_target(const struct hms_graph *graph,
	struct measure_options *options, struct measure_result *results,
	unsigned n);

/* --- devices: device.c ------------------------------------------------- */
/* The runtime and number that a name such as "cuda:0" means, or NULL. */
const struct measure_runtime *measure_runtime_of(
	const char *name, unsigned *device);
/*
 * Fills in results[0..n), all of one runtime: copies from and to nodes, and
 * inside of the device's memory.  0; -EIO: not all of them, and it was said
 * why; -EINTR; -errno.
 */
int measure_devices(const struct hms_graph *graph,
	struct measure_options *options, struct measure_result *results,
	unsigned n);

/* --- what is asked for: plan.c ------------------------------------------ */
struct measure_plan {
	const struct hms_graph *graph;
	unsigned n;
	/* CPUs' by target, then by initiator; then devices' by runtime. */
	struct measure_result *results;
};
struct measure_wish {
	const char *names[64];
	unsigned n; /* 0: all */
};
/* What people call the initiator of a result: "cpu:0", "cuda:0". */
const char *measure_initiator(const struct measure_plan *plan,
	const struct measure_result *result, char buf[24]);
/* malloc'd.  EX_OK; EX_USAGE or EX_OSERR after saying why. */
int measure_plan_make(struct measure_plan *plan, const struct hms_graph *graph,
	const struct measure_wish *initiators,
	const struct measure_wish *targets);
/* Bytes that measuring a target wants to have. */
size_t measure_wanted(const struct hms_graph *graph,
	const struct measure_result *results, unsigned n);

/* --- what is printed: print.c ------------------------------------------- */
void measure_print_plan(FILE *out, const struct measure_plan *plan,
	const struct measure_options *options, const char *path);
void measure_print_table(FILE *out, const struct measure_plan *plan,
	const struct measure_options *options);
/* stored: where, or NULL. */
void measure_print_json(FILE *out, const struct measure_plan *plan,
	const struct measure_options *options, const char *stored);

/* --- what is kept: store.c ---------------------------------------------- */
/* Where this user's measurements go; EX_OK, or EX_* after saying why not. */
int measure_store_path(char *buf, size_t size);
/* What a runtime that plays devices on CPUs says is not: it is no device. */
bool measure_is_kept(
	const struct hms_graph *graph, const struct measure_result *result);
/* The file's text: what was measured now, and what is kept of the old. */
int measure_store_print(
	FILE *out, const struct measure_plan *plan, const char *old);
/* Replaces the file as a whole.  EX_OK, or EX_* after saying why not. */
int measure_store(const struct measure_plan *plan, const char *path);

#endif
