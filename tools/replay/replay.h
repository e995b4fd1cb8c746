/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hms replay, inside: planners run on programs that are not there.
 *
 * A program is a matrix: which share of the accesses of each tick goes to
 * which block.  A tick is an amount of work, so many accesses; how long it
 * takes is the model's answer, and depends on where the blocks are.  All
 * planners see the same samples.
 *
 *	generate*.c	programs by formula: rows of cases.def
 *	load.c		programs by recording (engine/policy/trace.h)
 *	model.c		what a tick takes
 *	run.c		a planner runs
 *	best.c		the best that stays where it is
 *	bound.c		what nobody can beat
 *	rivals.c, arms.c, memtis.c	planners to compare with: rows of
 *rivals.def print.c
 */
#ifndef HMS_TOOLS_REPLAY_REPLAY_H
#define HMS_TOOLS_REPLAY_REPLAY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "engine/policy/planner.h"

#define REPLAY_CPU_PER_MOVE 260e-6 /* seconds of a core for 2 MiB */
#define REPLAY_CACHE_LINE 64
#define REPLAY_BUDGET 512 /* moves in a plan */

/* The machine. */
struct replay_machine {
	double think; /* seconds between accesses that are not memory's */
	double latency[2], bandwidth[2]; /* idle seconds; bytes per second */
	double fast; /* share of the program's blocks that fit */
	double dearer; /* moving costs so many times as much */
	double samples; /* per second, if all is fast */
	uint64_t block_bytes;
};

/* A block comes into use, or changes its site, or goes. */
struct replay_change {
	uint32_t tick, block;
	uint16_t site;
	uint8_t flags; /* USED, FIXED, HUGE */
	uint8_t zero;
};

struct replay_case {
	const char *name;
	uint32_t nblocks, nticks;
	double parallelism; /* accesses under way at a time */
	float *share; /* [nticks][nblocks]; a tick's sum is 1, or 0 */
	double *seconds; /* [nticks]: what it takes if all is fast */
	struct replay_change *changes; /* by tick */
	size_t nchanges;
	uint32_t peak; /* blocks used at a time, at most */
	/* Samples: what was seen in which tick; first[nticks + 1]. */
	struct hms_seen *seen;
	size_t *first;
	float *part; /* [nticks]: of all accesses, the part that is sampled */
	float *taken; /* [nticks]: part of fast memory's bandwidth that others
			 take; or NULL */
	bool *idle; /* [nticks]: no accesses that are known; or NULL */
	bool recorded;
};

/* Generators by name or number (cases.def); NULL at the end. */
const char *replay_case_name(unsigned i);
const char *replay_case_text(unsigned i);
struct replay_ask {
	uint32_t nblocks;
	double seconds; /* of the program, if all is fast */
	uint64_t seed;
	const struct replay_machine *machine;
};
struct replay_case *replay_generate(unsigned i, const struct replay_ask *ask);
/* NULL, and the reason, if it is none. */
struct replay_case *replay_load(const char *path, const char **why);
/* The same from memory; a copy is made of what is needed. */
struct replay_case *replay_parse(
	const void *bytes, size_t len, const char **why);
void replay_free(struct replay_case *c);
/* What would be seen of it, by chance. */
void replay_sample(struct replay_case *c, const struct replay_machine *machine,
	uint64_t *random);

/* Random numbers for generators. */
double replay_uniform(uint64_t *random);
uint32_t replay_below(uint64_t *random, uint32_t n);
uint32_t replay_poisson(uint64_t *random, double mean);
uint32_t *replay_permutation(uint64_t *random, uint32_t n);
struct replay_case *replay_new(
	const char *name, const struct replay_ask *ask, double parallelism);
/* All blocks are used from the start, of this site. */
void replay_use_all(struct replay_case *c, uint16_t site);
void replay_change(struct replay_case *c, struct replay_change change);
float *replay_tick(const struct replay_case *c, uint32_t tick);

#define REPLAY_TICK 0.1 /* seconds, if all is fast */

/* model.c */
struct replay_load {
	double parallelism;
	double accesses; /* in this tick */
	double on_fast; /* share of them */
	double moved; /* blocks, in this tick */
};
struct replay_answer {
	double seconds; /* it takes */
	double latency[2]; /* under load */
	double rate[2]; /* bytes per second */
};
struct replay_answer replay_model(
	const struct replay_machine *machine, const struct replay_load *load);
/* What is left of it for the program in this tick. */
struct replay_machine replay_left(const struct replay_machine *machine,
	const struct replay_case *c, uint32_t tick);
/* Accesses of a tick. */
double replay_accesses(const struct replay_machine *machine,
	const struct replay_case *c, uint32_t tick);
/* Seconds that the program loses to a move, idle otherwise. */
double replay_move_cost(
	const struct replay_machine *machine, const struct replay_case *c);

struct replay_result {
	double seconds; /* it took */
	double relative; /* to all-fast, in throughput; 0: not known */
	double gap; /* share closed between static and bound; NaN: there is none
		     */
	double bytes; /* moved */
	double cpu; /* of the planner: seconds per second of the program */
	uint64_t moves, refused, paid, lost;
};

/* run.c; false: no memory. */
bool replay_run(const struct replay_case *c,
	const struct replay_machine *machine, const struct hms_planner *planner,
	uint64_t seed, struct replay_result *out);
/* Blocks that fit the fast tier. */
uint32_t replay_capacity(
	const struct replay_case *c, const struct replay_machine *machine);
double replay_all_fast(
	const struct replay_case *c, const struct replay_machine *machine);

/* best.c, bound.c: seconds; of bound 0 if it says nothing. */
double replay_static(
	const struct replay_case *c, const struct replay_machine *machine);
double replay_bound(
	const struct replay_case *c, const struct replay_machine *machine);

/* Planners of the library, then rivals; by name. */
const struct hms_planner *replay_planner(const char *name);
extern const struct hms_planner *const replay_rivals[];

/* print.c */
#define REPLAY_PLANNERS 12
#define REPLAY_CASES 64
struct replay_row {
	const char *name;
	bool recorded, bounded;
	double best, bound; /* relative to all-fast */
	struct replay_result results[REPLAY_PLANNERS];
};
struct replay_table {
	const struct replay_machine *machine;
	const struct replay_ask *ask;
	const struct hms_planner *planners[REPLAY_PLANNERS];
	unsigned nplanners, nrows;
	struct replay_row rows[REPLAY_CASES];
};
void replay_print(const struct replay_table *table, FILE *out);
void replay_print_json(const struct replay_table *table, FILE *out);

#endif
