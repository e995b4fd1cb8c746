/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A policy meets this machine: places are resolved, rules get heap slots and
 * rows in the status page, the engine learns what to look at.
 */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "engine/engine.h"
#include "engine/heap/heap.h"
#include "engine/range.h"
#include "engine/topology/topology.h"
#include "engine/witness.h"
#include "preload/preload.h"
#include "report/report.h"
#include "shims/heap.h"

static uint64_t family_apis(enum hms_family family)
{
	uint64_t apis = 0;

	for (unsigned api = 0; api < HMS_APIS; api++)
		if (hms_api_family(api) == family)
			apis |= HMS_API_BIT(api);
	return apis;
}

bool hms_family_ruled(enum hms_family family)
{
	const struct hms_policy *policy = hms_process.policy;
	uint64_t apis = family_apis(family);

	if (!(hms_process.options.shims & (1u << family)))
		return false;
	for (unsigned i = 0; i < policy->nrules; i++)
		if (policy->rules[i].apis & apis)
			return true;
	return false;
}

static int assign_slots(struct hms_diag *diag)
{
	const struct hms_policy *policy = hms_process.policy;
	const struct hms_places *places = &hms_process.places;
	uint64_t heap = family_apis(HMS_FAMILY_HEAP);

	hms_rule_slots = hms_arena_alloc(
		&hms_process.arena, policy->nrules ? policy->nrules : 1);
	if (!hms_rule_slots)
		return -ENOMEM;
	for (unsigned i = 0; i < policy->nrules; i++) {
		const struct hms_rule *rule = &policy->rules[i];
		unsigned slot = HMS_SLOT_DEFAULT;

		if (rule->apis & heap)
			slot = hms_heap_add(
				&places->places[places->rule_place[i]], (int)i,
				rule->options);
		if (slot == HMS_SLOT_NONE) {
			hms_policy_error(policy, rule->line, rule->column, diag,
				"too many rules for heap memory; %d can be told apart",
				HMS_SLOTS - 2);
			return -EINVAL;
		}
		hms_rule_slots[i] = (uint8_t)slot;
	}
	return 0;
}

/* As deep as the rules need it; the graph is not kept. */
static int resolve(unsigned *missing, struct hms_diag *diag)
{
	const struct hms_topology_request request = {
		.root = hms_process.options.topology,
		.depth = hms_topology_depth(hms_process.policy),
	};
	struct hms_nodes *nodes =
		hms_arena_alloc(&hms_process.arena, sizeof(*nodes));
	struct hms_graph *graph;
	int rc = nodes ? hms_topology_read(&request, &graph) : -ENOMEM;

	if (rc == -ENOENT || rc == -ENAMETOOLONG) {
		struct hms_text text = { diag->text, sizeof(diag->text), 0,
			false };

		hms_text_add(&text, "HMS_TOPOLOGY: %s: %s", request.root,
			rc == -ENOENT ? "there is no such folder"
				      : "the name is too long");
	}
	if (rc)
		return rc;
	hms_topology_nodes(graph, nodes);
	nodes->root = request.root;
	rc = hms_places_resolve(hms_process.policy, graph, nodes,
		&hms_process.arena, &hms_process.places, missing, diag);
	hms_graph_free(graph);
	return rc;
}

int hms_rules_setup(struct hms_diag *diag)
{
	unsigned missing = 0;
	int rc = resolve(&missing, diag);

	if (!rc)
		rc = assign_slots(diag);
	if (rc)
		return rc;
	for (unsigned i = 0; i < hms_process.places.nwarnings; i++)
		hms_log(HMS_LOG_WARN, "%s", hms_process.places.warnings[i]);
	if (missing)
		hms_log(HMS_LOG_WARN,
			"%u place(s) name only memory that this machine lacks; that memory is left alone",
			missing);
	hms_ranges_setup(&hms_process.places);
	hms_report_describe(hms_process.policy, &hms_process.places);
	hms_engine.policy = hms_process.policy;
	hms_engine.places = &hms_process.places;
	hms_engine.witness = &hms_process_witness;
	hms_engine.has_map_rules = hms_family_ruled(HMS_FAMILY_MAP);
	hms_engine.has_brk_rules = hms_family_ruled(HMS_FAMILY_BRK);
	return 0;
}
