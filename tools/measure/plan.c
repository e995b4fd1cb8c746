/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/measure/measure.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/text.h"
#include "tools/cmd.h"
#include "tools/measure/device.h"

/*
 * Of a memory n times as large as a cache, 1/n of random loads still hit it:
 * 16 makes that 6 %.  Going through the memory in order needs less.
 */
#define CHASE_CACHES 16
#define SWEEP_CACHES 4
#define LEAST_WANTED ((size_t)256 << 20)
#define MOST_WANTED ((size_t)4 << 30)

/* Of all initiators, so that each is measured over the same memory. */
size_t measure_wanted(const struct hms_graph *graph,
	const struct measure_result *results, unsigned n)
{
	size_t bytes = LEAST_WANTED;

	for (unsigned i = 0; i < n; i++) {
		struct measure_cpus cpus;
		size_t largest, all;

		if (measure_cpus_of(
			    graph->initiators[results[i].initiator].cpus,
			    &cpus))
			continue;
		measure_caches(&cpus, &largest, &all);
		free(cpus.cpu);
		if (largest * CHASE_CACHES > bytes)
			bytes = largest * CHASE_CACHES;
		if (all * SWEEP_CACHES > bytes)
			bytes = all * SWEEP_CACHES;
	}
	return bytes < MOST_WANTED ? bytes : MOST_WANTED;
}

/* A GPU's memory is asked for by name or left alone. */
static bool is_ordinary(const struct hms_memory *target)
{
	return target->manager == HMS_MANAGED_BY_KERNEL && target->node >= 0 &&
	       target->node < HMS_MAX_NODES && target->allowed &&
	       (target->size || !target->origin[HMS_FIELD_SIZE]);
}

static bool is_target(const struct hms_graph *graph, unsigned index,
	const struct measure_wish *wish)
{
	const struct hms_memory *target = &graph->targets[index];

	if (!is_ordinary(target))
		return false;
	for (unsigned i = 0; i < wish->n; i++)
		if (hms_graph_target(graph, wish->names[i]) == (int)index)
			return true;
	return !wish->n && target->kind != HMS_KIND_GPU;
}

static bool is_initiator(const struct hms_graph *graph, unsigned index,
	const struct measure_wish *wish)
{
	const struct hms_initiator *from = &graph->initiators[index];
	struct measure_cpus cpus;

	if (from->kind != HMS_INITIATOR_CPU ||
		measure_cpus_of(from->cpus, &cpus))
		return false;
	free(cpus.cpu);
	if (!cpus.n)
		return false;
	for (unsigned i = 0; i < wish->n; i++) {
		unsigned device;

		/* A device that is CPUs is asked through its runtime. */
		if (!measure_runtime_of(wish->names[i], &device) &&
			hms_graph_initiator(graph, wish->names[i]) ==
				(int)index)
			return true;
	}
	return !wish->n;
}

static int unknown(
	const char *what, const char *name, const char **names, unsigned n)
{
	const char *near = hms_text_nearest(name, names, n);

	if (near)
		hms_complain("measure", "there is no %s %s; did you mean %s?",
			what, name, near);
	else
		hms_complain("measure",
			"there is no %s %s; `hms list` shows what there is",
			what, name);
	return EX_USAGE;
}

static int check_targets(
	const struct hms_graph *graph, const struct measure_wish *wish)
{
	const char *names[HMS_MAX_NODES];
	unsigned n = 0;

	for (unsigned i = 0; i < graph->ntargets && n < HMS_MAX_NODES; i++)
		names[n++] = graph->targets[i].id;
	for (unsigned i = 0; i < wish->n; i++) {
		int found = hms_graph_target(graph, wish->names[i]);

		if (found < 0)
			return unknown("target", wish->names[i], names, n);
		if (!is_ordinary(&graph->targets[found]) &&
			graph->targets[found].kind != HMS_KIND_GPU) {
			hms_complain("measure",
				"%s is no memory that CPUs of this process "
				"can be measured with",
				wish->names[i]);
			return EX_USAGE;
		}
	}
	return EX_OK;
}

static int check_initiators(
	const struct hms_graph *graph, const struct measure_wish *wish)
{
	const char *names[HMS_MAX_NODES];
	unsigned n = 0;

	for (unsigned i = 0; i < graph->ninitiators && n < HMS_MAX_NODES; i++)
		names[n++] = graph->initiators[i].id;
	for (unsigned i = 0; i < wish->n; i++) {
		struct measure_wish one = { { wish->names[i] }, 1 };
		int found = hms_graph_initiator(graph, wish->names[i]);
		unsigned device;

		if (found >= 0 && measure_runtime_of(wish->names[i], &device))
			continue;
		if (found < 0)
			return unknown("initiator", wish->names[i], names, n);
		if (!is_initiator(graph, (unsigned)found, &one)) {
			hms_complain("measure",
				"%s is neither CPUs that this process may use "
				"nor a device of CUDA or OpenCL",
				wish->names[i]);
			return EX_USAGE;
		}
	}
	return EX_OK;
}

const char *measure_initiator(const struct measure_plan *plan,
	const struct measure_result *result, char buf[24])
{
	if (!result->runtime)
		return plan->graph->initiators[result->initiator].id;
	snprintf(buf, 24, "%s:%u", result->runtime->name, result->device);
	return buf;
}

static void add_cpus(struct measure_plan *plan,
	const struct measure_wish *initiators,
	const struct measure_wish *targets)
{
	const struct hms_graph *graph = plan->graph;

	for (unsigned t = 0; t < graph->ntargets; t++) {
		if (!is_target(graph, t, targets))
			continue;
		for (unsigned i = 0; i < graph->ninitiators; i++)
			if (is_initiator(graph, i, initiators))
				plan->results[plan->n++] =
					(struct measure_result){
						.initiator = i,
						.target = t,
					};
	}
}

/* The device's own memory: by its name, or by where it is. */
static int own_memory(
	const struct hms_graph *graph, unsigned initiator, const char *name)
{
	const char *id = graph->initiators[initiator].id;
	int found = hms_graph_target(graph, name);

	for (unsigned t = 0; found < 0 && t < graph->ntargets; t++) {
		const char *device = graph->targets[t].device;

		if (device && !strncmp(id, "pci:", 4) &&
			!strcmp(device, id + 4))
			found = (int)t;
	}
	return found;
}

static void add_device(struct measure_plan *plan, unsigned initiator,
	const char *name, const struct measure_wish *targets)
{
	const struct hms_graph *graph = plan->graph;
	int near = graph->initiators[initiator].node;
	int own = own_memory(graph, initiator, name);
	struct measure_result result = {
		.initiator = initiator,
		.near = near < 0 ? 0 : (unsigned)near,
	};

	result.runtime = measure_runtime_of(name, &result.device);
	for (unsigned t = 0; t < graph->ntargets; t++) {
		/* Its memory that is a node is measured as one. */
		bool inside = (int)t == own && graph->targets[t].manager ==
						       HMS_MANAGED_BY_DRIVER;
		bool wanted = is_target(graph, t, targets);

		for (unsigned i = 0; inside && i < targets->n; i++)
			wanted |= hms_graph_target(graph, targets->names[i]) ==
				  (int)t;
		if (!wanted && (!inside || targets->n))
			continue;
		result.target = t;
		plan->results[plan->n++] = result;
	}
}

/* GPUs by the first runtime that knows them; or those that are named. */
static void add_devices(struct measure_plan *plan, const char *runtime,
	const struct measure_wish *initiators,
	const struct measure_wish *targets)
{
	const struct hms_graph *graph = plan->graph;
	unsigned device;

	for (unsigned i = 0; i < graph->ninitiators; i++) {
		const struct hms_initiator *from = &graph->initiators[i];
		bool taken = false;

		for (unsigned a = 0; a < from->naliases; a++) {
			const char *name = from->aliases[a];
			const struct measure_runtime *of =
				measure_runtime_of(name, &device);
			bool named = false;

			for (unsigned w = 0; of && w < initiators->n; w++)
				named |= !strcmp(initiators->names[w], name);
			if (of && !initiators->n && !taken)
				named = from->kind == HMS_INITIATOR_GPU;
			taken |= named;
			if (named && !strcmp(of->name, runtime))
				add_device(plan, i, name, targets);
		}
	}
}

int measure_plan_make(struct measure_plan *plan, const struct hms_graph *graph,
	const struct measure_wish *initiators,
	const struct measure_wish *targets)
{
	/* A device has an alias for each runtime, and one row each. */
	size_t most = (size_t)graph->ntargets * graph->ninitiators * 3;
	int rc = check_targets(graph, targets);

	if (!rc)
		rc = check_initiators(graph, initiators);
	if (rc)
		return rc;
	*plan = (struct measure_plan){ .graph = graph };
	plan->results = calloc(most ? most : 1, sizeof(plan->results[0]));
	if (!plan->results) {
		hms_complain("measure", "no memory for the results");
		return EX_OSERR;
	}
	add_cpus(plan, initiators, targets);
	add_devices(plan, "cuda", initiators, targets);
	add_devices(plan, "opencl", initiators, targets);
	return EX_OK;
}
