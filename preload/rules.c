/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A policy meets this machine: places are resolved, rules get heap slots and
 * rows in the status page, the engine learns what to look at.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "engine/engine.h"
#include "engine/heap/heap.h"
#include "engine/heap/window.h"
#include "engine/mover/mover.h"
#include "engine/range.h"
#include "engine/site/memo.h"
#include "engine/site/walk.h"
#include "engine/source/source.h"
#include "engine/topology/topology.h"
#include "engine/witness.h"
#include "preload/preload.h"
#include "preload/worker.h"
#include "report/account.h"
#include "report/report.h"
#include "report/status.h"
#include "shims/heap.h"
#include "shims/map.h"

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

/* In the order of preload/fork.c. */
static void lock_maps(void)
{
	hms_windows_lock();
	hms_map_lock();
}

static void unlock_maps(void)
{
	hms_map_unlock();
	hms_windows_unlock();
}

int hms_rules_setup(struct hms_diag *diag)
{
	static const struct hms_source_holds holds = { lock_maps, unlock_maps,
		hms_worker_still };
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
	hms_places_share(&hms_process.places, &hms_process.arena,
		secure_getenv("XDG_RUNTIME_DIR"));
	hms_ranges_setup(&hms_process.places);
	hms_mover_setup(lock_maps, unlock_maps);
	hms_sources_setup(&holds);
	hms_report_describe(hms_process.policy, &hms_process.places);
	rc = hms_worker_setup(diag);
	if (rc)
		return rc;
	hms_engine.policy = hms_process.policy;
	hms_engine.places = &hms_process.places;
	hms_engine.witness = &hms_process_witness;
	for (unsigned family = 0; family < HMS_FAMILIES; family++)
		if (hms_family_ruled(family))
			hms_engine.ruled |= 1u << family;
	hms_engine.has_map_rules = hms_family_ruled(HMS_FAMILY_MAP);
	hms_engine.has_brk_rules = hms_family_ruled(HMS_FAMILY_BRK);
	return 0;
}

/*
 * Without stacks, `from` still knows the module that called, C++ runtime or
 * not; `via` and `site` match nothing.
 */
void hms_rules_stacks(void)
{
	const struct hms_policy *policy = hms_process.policy;
	bool asked = policy->needs_modules || policy->needs_stacks;
	uint64_t left = hms_counter.left;
	int rc;

	if (!asked && !hms_accounting)
		return;
	/* What the loader asks for now is not counted, see hms_count_fast(). */
	hms_counter.left = 0;
	if (hms_accounting)
		hms_sites_want_hints();
	if (!policy->needs_stacks)
		hms_sites_only_callers();
	site_memo_watch = hms_thread_watch;
	rc = hms_sites_start(policy->patterns, policy->npatterns);
	hms_counter.left = left;
	hms_learning = !rc && policy->needs_modules;
	hms_stacks = !rc && asked;
	if (rc && policy->needs_stacks)
		hms_log(HMS_LOG_ERROR,
			"rules with \"via\" or \"site\" match nothing here: %s",
			rc == -ENOENT ? "there is no libunwind-x86_64.so.8 "
					"(apt-get install libunwind8)"
				      : strerrordesc_np(-rc));
}
