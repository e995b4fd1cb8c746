/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All measurements of one target.  The chase comes first for every initiator:
 * making its order costs more than following it, and writing destroys it.
 */
#include "tools/measure/measure.h"

#include <errno.h>
#include <stdlib.h>

#include "base/text.h"
#include "tools/cmd.h"

#define SAMPLES 15
#define SAMPLE_NS UINT64_C(30000000)
#define QUICK_SAMPLES 5
#define QUICK_NS UINT64_C(10000000)

struct run {
	struct measure_options *options;
	const struct hms_graph *graph;
	struct measure_memory memory;
	struct measure_result *result;
	struct measure_cpus cpus;
	struct measure_team *team;
	unsigned own; /* of the team: those that measure, the others load */
};

static void set_part(const struct run *run, unsigned worker,
	enum measure_job job, unsigned share, unsigned shares, bool counted)
{
	size_t bytes = run->memory.bytes / shares & ~(size_t)4095;
	const struct measure_part part = {
		.job = job,
		.base = run->memory.base + share * bytes,
		.bytes = bytes,
		.counted = counted,
	};

	measure_team_part(run->team, worker, &part);
}

/* Those of the team that are there only to be in the way. */
static void set_load(const struct run *run)
{
	unsigned n = measure_team_size(run->team);

	for (unsigned i = run->own; i < n; i++)
		set_part(run, i, MEASURE_READ, i, n, false);
}

static void set_chase(const struct run *run, bool loaded)
{
	int first = run->cpus.cpu[0];

	set_part(run, 0, MEASURE_CHASE, 0, 1, true);
	for (unsigned i = 1; i < run->own; i++)
		/* A sibling would be in the way of the core, not the memory. */
		set_part(run, i,
			loaded && !measure_siblings(first, run->cpus.cpu[i])
				? MEASURE_READ
				: MEASURE_REST,
			i, run->own, false);
	set_load(run);
}

static void set_all(const struct run *run, enum measure_job job)
{
	for (unsigned i = 0; i < run->own; i++)
		set_part(run, i, job, i, run->own, true);
	set_load(run);
}

static struct measure_value sample(const struct run *run, bool latency)
{
	unsigned n = run->options->quick ? QUICK_SAMPLES : SAMPLES;
	uint64_t ns = run->options->quick ? QUICK_NS : SAMPLE_NS;
	double samples[SAMPLES];

	/* Once for nothing: frequencies rise, tables of pages are read. */
	measure_team_run(run->team, ns);
	for (unsigned i = 0; i < n; i++) {
		double rate = measure_team_run(run->team, ns);

		if (measure_stopped || rate <= 0)
			return (struct measure_value){ 0 };
		/* Bytes per ns are GB/s. */
		samples[i] = latency ? 1 / rate : rate * 1000;
	}
	return measure_summary(samples, n);
}

static void say_progress(const struct run *run, const char *what)
{
	const struct hms_graph *graph = run->graph;

	measure_progress(run->options, "%s to %s: %s",
		graph->initiators[run->result->initiator].id,
		graph->targets[run->result->target].id, what);
}

static void measure_latencies(struct run *run)
{
	struct measure_value *value = run->result->value;

	say_progress(run, "latency");
	set_chase(run, false);
	value[MEASURED_LATENCY] = sample(run, true);
	/* With nobody to be the load there is nothing to measure. */
	for (unsigned i = 1; i < run->own; i++) {
		if (measure_siblings(run->cpus.cpu[0], run->cpus.cpu[i]))
			continue;
		say_progress(run, "latency under load");
		set_chase(run, true);
		value[MEASURED_LOADED] = sample(run, true);
		break;
	}
}

static void measure_bandwidths(struct run *run)
{
	static const struct {
		enum measure_job job;
		enum measure_what what;
		bool streams;
	} jobs[] = {
		{ MEASURE_READ, MEASURED_READ, false },
		{ MEASURE_WRITE, MEASURED_WRITE_PLAIN, false },
		{ MEASURE_WRITE_STREAM, MEASURED_WRITE_STREAM, true },
		{ MEASURE_COPY, MEASURED_COPY_PLAIN, false },
		{ MEASURE_COPY_STREAM, MEASURED_COPY_STREAM, true },
	};
	struct measure_value *value = run->result->value;

	for (unsigned i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++) {
		if (jobs[i].streams && !measure_can_stream())
			continue;
		if (measure_stopped)
			return;
		say_progress(run, measure_what_name(jobs[i].what));
		set_all(run, jobs[i].job);
		value[jobs[i].what] = sample(run, false);
	}
	value[MEASURED_WRITE] =
		value[MEASURED_WRITE_PLAIN].median >
				value[MEASURED_WRITE_STREAM].median
			? value[MEASURED_WRITE_PLAIN]
			: value[MEASURED_WRITE_STREAM];
	value[MEASURED_COPY] =
		value[MEASURED_COPY_PLAIN].median >
				value[MEASURED_COPY_STREAM].median
			? value[MEASURED_COPY_PLAIN]
			: value[MEASURED_COPY_STREAM];
}

static int with_initiator(struct run *run, void (*measure)(struct run *run))
{
	const struct hms_initiator *from =
		&run->graph->initiators[run->result->initiator];
	int rc = measure_cpus_of(from->cpus, &run->cpus);
	double disturbed;

	if (rc)
		return rc;
	run->result->cpus = 0;
	run->own = run->options->load ? run->cpus.n / 2 : run->cpus.n;
	if (run->own) {
		run->team = measure_team_new(run->cpus.cpu, run->cpus.n);
		rc = run->team ? 0 : -errno;
	}
	if (run->team) {
		run->result->cpus = run->own;
		measure(run);
		disturbed = measure_team_disturbed(run->team);
		if (disturbed > run->result->disturbed)
			run->result->disturbed = disturbed;
		measure_team_free(run->team);
		run->team = NULL;
	}
	free(run->cpus.cpu);
	run->options->step++;
	return measure_stopped ? -EINTR : rc;
}

static void remark(const struct run *run, const struct hms_memory *target)
{
	const struct measure_memory *memory = &run->memory;
	char a[16], b[16];

	measure_progress_end(run->options);
	if (memory->bytes < memory->wanted)
		hms_complain("measure",
			"%s: measured over %s instead of %s: latency may be "
			"too low, part of it comes from caches",
			target->id, hms_text_human(memory->bytes, a),
			hms_text_human(memory->wanted, b));
	if (memory->huge < 0.9)
		hms_complain("measure",
			"%s: %.0f %% of the memory is on huge pages: latency "
			"includes the walk of page tables",
			target->id, memory->huge * 100);
}

int measure_target(const struct hms_graph *graph,
	struct measure_options *options, struct measure_result *results,
	unsigned n)
{
	const struct hms_memory *target = &graph->targets[results[0].target];
	struct run run = { .options = options, .graph = graph };
	double disturbed = 0;
	int rc;

	measure_progress(options, "%s: preparing memory", target->id);
	rc = measure_memory_get(&run.memory, (unsigned)target->node,
		measure_wanted(graph, results, n), options->most);
	if (rc)
		return rc;
	/* What is mostly on other nodes would be a measurement of those. */
	if (run.memory.elsewhere > run.memory.bytes / 50) {
		measure_memory_put(&run.memory);
		return -EXDEV;
	}
	remark(&run, target);
	measure_chase_make(run.memory.base, run.memory.bytes);
	for (unsigned i = 0; i < n && !rc; i++) {
		run.result = &results[i];
		run.result->bytes = run.memory.bytes;
		run.result->huge = run.memory.huge;
		rc = with_initiator(&run, measure_latencies);
	}
	for (unsigned i = 0; i < n && !rc; i++) {
		run.result = &results[i];
		rc = with_initiator(&run, measure_bandwidths);
		run.result->done = !rc && run.result->cpus;
		if (run.result->disturbed > disturbed)
			disturbed = run.result->disturbed;
	}
	measure_progress_end(options);
	if (!rc && disturbed > 0.02)
		hms_complain("measure",
			"%s: other programs had %.0f %% of the CPUs' time: "
			"measure again when the machine has nothing else to do",
			target->id, disturbed * 100);
	measure_memory_put(&run.memory);
	return rc;
}
