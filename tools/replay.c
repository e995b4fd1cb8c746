/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Planners on programs that are not there: recordings and generators.
 */
#include "tools/replay/replay.h"

#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/text.h"
#include "tools/cmd.h"

/* Of the shared tables: what papers measured of DRAM and CXL memory. */
static struct replay_machine machine = {
	.think = 40e-9,
	.latency = { 100e-9, 250e-9 },
	.bandwidth = { 150e9, 40e9 },
	.fast = 0.2,
	.dearer = 1,
	.samples = 20000,
	.block_bytes = 2 << 20,
};

static struct replay_ask ask = {
	.nblocks = 4096, .seconds = 120, .seed = 1, .machine = &machine
};

struct wanted {
	const char *cases[REPLAY_CASES];
	unsigned ncases;
	bool json, bound;
};

static bool number(const char *text, double low, double high, double *out)
{
	char *end;

	*out = strtod(text, &end);
	return end != text && !*end && *out >= low && *out <= high;
}

static int add_planner(struct replay_table *table, const char *name)
{
	const char *names[REPLAY_PLANNERS + 8], *near;
	const struct hms_planner *planner = replay_planner(name);
	unsigned n = 0;

	if (planner && table->nplanners < REPLAY_PLANNERS) {
		table->planners[table->nplanners++] = planner;
		return 0;
	}
	for (unsigned i = 0; hms_planners[i]; i++)
		names[n++] = hms_planners[i]->name;
	for (unsigned i = 0; replay_rivals[i]; i++)
		names[n++] = replay_rivals[i]->name;
	near = planner ? NULL : hms_text_nearest(name, names, n);
	hms_complain("replay", "%s: %s%s%s%s", name,
		planner ? "too many planners" : "no such planner",
		near ? "; did you mean " : "", near ? near : "",
		near ? "?" : "");
	return EX_USAGE;
}

enum {
	BLOCKS = 256,
	BOUND,
	CASE,
	DEARER,
	FAST,
	JSON,
	LIST,
	PLANNER,
	SAMPLES,
	SECONDS,
	SEED
};

static const struct option names[] = {
	{ "blocks", required_argument, NULL, BLOCKS },
	{ "case", required_argument, NULL, CASE },
	{ "dearer", required_argument, NULL, DEARER },
	{ "fast", required_argument, NULL, FAST },
	{ "json", no_argument, NULL, JSON },
	{ "list", no_argument, NULL, LIST },
	{ "no-bound", no_argument, NULL, BOUND },
	{ "planner", required_argument, NULL, PLANNER },
	{ "samples", required_argument, NULL, SAMPLES },
	{ "seconds", required_argument, NULL, SECONDS },
	{ "seed", required_argument, NULL, SEED },
	{ NULL, 0, NULL, 0 },
};

static int list(void)
{
	for (unsigned i = 0; replay_case_name(i); i++)
		printf("%-10s %s\n", replay_case_name(i), replay_case_text(i));
	fputs("planners:", stdout);
	for (unsigned i = 0; hms_planners[i]; i++)
		printf(" %s", hms_planners[i]->name);
	fputs("; to compare with:", stdout);
	for (unsigned i = 0; replay_rivals[i]; i++)
		printf(" %s", replay_rivals[i]->name);
	putchar('\n');
	return EX_OK;
}

static bool set_number(int option, const char *text)
{
	double value;

	switch (option) {
	case BLOCKS:
		if (!number(text, 128, 1 << 18, &value))
			return false;
		ask.nblocks = (uint32_t)value;
		return true;
	case DEARER:
		return number(text, 0, 1e4, &machine.dearer);
	case FAST:
		return number(text, 0, 1, &machine.fast);
	case SAMPLES:
		return number(text, 1, 1e9, &machine.samples);
	case SECONDS:
		return number(text, 1, 3600, &ask.seconds);
	case SEED:
		if (!number(text, 0, 4294967295.0, &value))
			return false;
		ask.seed = (uint64_t)value;
		return true;
	}
	return false;
}

static int parse(int argc, char **argv, struct replay_table *table,
	struct wanted *wanted)
{
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (option) {
		case BOUND:
			wanted->bound = false;
			break;
		case JSON:
			wanted->json = true;
			break;
		case LIST:
			exit(list());
		case PLANNER:
			if (add_planner(table, optarg))
				return EX_USAGE;
			break;
		case CASE:
			if (wanted->ncases == REPLAY_CASES)
				return hms_usage("replay");
			wanted->cases[wanted->ncases++] = optarg;
			break;
		case '?':
			return hms_usage("replay");
		default:
			if (set_number(option, optarg))
				break;
			hms_complain("replay", "%s: out of range", optarg);
			return EX_USAGE;
		}
	}
	return 0;
}

/* An exit status; EX_OK: there is room for one more. */
static int room(const struct replay_table *table)
{
	if (table->nrows < REPLAY_CASES)
		return EX_OK;
	hms_complain("replay", "at most %d programs at a time", REPLAY_CASES);
	return EX_USAGE;
}

static bool run_case(struct replay_table *table, struct replay_case *c,
	const struct wanted *wanted)
{
	struct replay_row *row = &table->rows[table->nrows++];
	double all = replay_all_fast(c, &machine), bound = 0;
	double best = replay_static(c, &machine);

	row->name = c->name;
	row->recorded = c->recorded;
	row->best = all / best;
	if (wanted->bound)
		bound = replay_bound(c, &machine);
	row->bounded = bound > 0;
	row->bound = bound > 0 ? all / bound : 0;
	for (unsigned p = 0; p < table->nplanners; p++) {
		struct replay_result *result = &row->results[p];

		if (!replay_run(
			    c, &machine, table->planners[p], ask.seed, result))
			return false;
		/* Nothing to close where the bound is no better. */
		result->gap =
			bound > 0 && best - bound > 0.001 * best
				? (best - result->seconds) / (best - bound)
				: NAN;
	}
	return true;
}

static int run_generators(
	struct replay_table *table, const struct wanted *wanted)
{
	for (unsigned i = 0; replay_case_name(i); i++) {
		bool want = !wanted->ncases;
		struct replay_case *c;

		for (unsigned w = 0; w < wanted->ncases; w++)
			want |= !strcmp(wanted->cases[w], replay_case_name(i));
		if (!want)
			continue;
		if (room(table))
			return EX_USAGE;
		c = replay_generate(i, &ask);
		if (!run_case(table, c, wanted))
			return EX_OSERR;
		replay_free(c);
	}
	return EX_OK;
}

static int check_cases(const struct wanted *wanted)
{
	const char *known[REPLAY_CASES], *near;
	unsigned n = 0;

	while (replay_case_name(n)) {
		known[n] = replay_case_name(n);
		n++;
	}
	for (unsigned w = 0; w < wanted->ncases; w++) {
		unsigned i = 0;

		while (i < n && strcmp(known[i], wanted->cases[w]))
			i++;
		if (i < n)
			continue;
		near = hms_text_nearest(wanted->cases[w], known, n);
		hms_complain("replay", "%s: no such case%s%s%s",
			wanted->cases[w], near ? "; did you mean " : "",
			near ? near : "", near ? "?" : "");
		return EX_USAGE;
	}
	return 0;
}

static int run_files(
	struct replay_table *table, const struct wanted *wanted, char **files)
{
	for (; *files; files++) {
		const char *why = "";
		struct replay_case *c;

		if (room(table))
			return EX_USAGE;
		c = replay_load(*files, &why);
		if (!c) {
			hms_complain("replay", "%s: %s", *files, why);
			return EX_DATAERR;
		}
		if (!run_case(table, c, wanted))
			return EX_OSERR;
		replay_free(c);
	}
	return EX_OK;
}

int hms_cmd_replay(int argc, char **argv)
{
	static struct replay_table table = { .machine = &machine, .ask = &ask };
	struct wanted wanted = { .bound = true };
	int status = parse(argc, argv, &table, &wanted);

	if (!status)
		status = check_cases(&wanted);
	if (status)
		return status;
	if (!table.nplanners) {
		static const char *const usual[] = { "threshold", "memtis",
			"arms", "rate" };

		for (unsigned i = 0; i < 4; i++)
			add_planner(&table, usual[i]);
	}
	if (argv[optind])
		status = run_files(&table, &wanted, argv + optind);
	if (!status && (!argv[optind] || wanted.ncases))
		status = run_generators(&table, &wanted);
	if (status)
		return status;
	(wanted.json ? replay_print_json : replay_print)(&table, stdout);
	return EX_OK;
}
