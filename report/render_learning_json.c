/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/json.h"
#include "report/render_learning.h"

static void signed_number(struct hms_sink *sink, const char *before,
	const char *name, int64_t value)
{
	hms_json_key(sink, before, name);
	hms_sink_add(sink, "%lld", (long long)value);
}

static void sources(const struct hms_status_learning *l, struct hms_sink *sink)
{
	hms_json_key(sink, ",\n    ", "sources");
	hms_sink_add(sink, "[");
	for (uint32_t i = 0; i < l->nsources && i < HMS_LEARNING_SOURCES; i++) {
		const struct hms_learning_source *s = &l->sources[i];

		hms_json_text(
			sink, i ? ",\n      {" : "\n      {", "name", s->name);
		hms_json_text(sink, ", ", "use", hms_learning_use_name(s->use));
		hms_json_text(sink, ", ", "why", s->why);
		hms_json_number(sink, ", ", "sights", s->sights);
		hms_json_number(sink, ", ", "accesses", s->events);
		hms_json_number(sink, ", ", "cpu_ns", s->cpu_ns);
		hms_sink_add(sink, "}");
	}
	hms_sink_add(sink, "]");
}

static void tiers(const struct hms_status *status, struct hms_sink *sink)
{
	const struct hms_status_learning *l = &status->learning;

	hms_json_key(sink, ",\n    ", "tiers");
	hms_sink_add(sink, "[");
	for (uint32_t t = 0; t < l->ntiers && t < HMS_LEARNING_TIERS; t++) {
		const struct hms_learning_tier *tier = &l->tiers[t];

		hms_json_text(sink, t ? ",\n      {" : "\n      {", "target",
			hms_learning_target(status, tier->target));
		hms_json_number(sink, ", ", "blocks", tier->blocks);
		hms_json_number(sink, ", ", "room", tier->room);
		hms_json_number(sink, ", ", "latency_ps", tier->latency_ps);
		hms_json_key(sink, ", ", "rates");
		hms_sink_add(sink, "[");
		for (unsigned i = 0; i < HMS_LEARNING_RATES; i++)
			hms_sink_add(
				sink, "%s%u", i ? ", " : "", tier->rates[i]);
		hms_sink_add(sink, "]}");
	}
	hms_sink_add(sink, "]");
}

static void moves(const struct hms_status *status, struct hms_sink *sink)
{
	const struct hms_status_learning *l = &status->learning;
	const char *before = "\n      {";

	hms_json_number(sink, ",\n    ", "plans", l->plans);
	hms_json_number(sink, ", ", "planned", l->planned);
	hms_json_number(sink, ", ", "moved", l->moved);
	hms_json_number(sink, ", ", "moved_bytes", l->moved_bytes);
	hms_json_number(sink, ", ", "strayed_bytes", l->strayed_bytes);
	hms_json_number(sink, ", ", "failed", l->failed);
	hms_json_number(sink, ", ", "refused", l->refused);
	hms_json_key(sink, ",\n    ", "ends");
	for (int i = 0; i < HMS_LEARNING_ENDS; i++)
		hms_json_number(
			sink, i ? ", " : "{", hms_learning_ends[i], l->ends[i]);
	hms_json_key(sink, "},\n    ", "moves");
	hms_sink_add(sink, "[");
	for (unsigned i = 0; i < HMS_LEARNING_TARGETS; i++)
		for (unsigned j = 0; j < HMS_LEARNING_TARGETS; j++) {
			if (!l->from_to[i][j])
				continue;
			hms_json_text(sink, before, "from",
				hms_learning_target(status, i));
			hms_json_text(sink, ", ", "to",
				hms_learning_target(status, j));
			hms_json_number(sink, ", ", "bytes", l->from_to[i][j]);
			hms_sink_add(sink, "}");
			before = ",\n      {";
		}
	hms_sink_add(sink, "]");
	hms_json_number(sink, ",\n    ", "paid", l->paid);
	hms_json_number(sink, ", ", "lost", l->lost);
	signed_number(sink, ", ", "promised_ns_per_s", l->expected_ns);
	signed_number(sink, ", ", "gained_ns", l->gained_ns);
	hms_json_number(sink, ", ", "price_per_1000s", l->price);
}

static void fault_list(struct hms_sink *sink, const char *key,
	const struct hms_learning_faults *faults, uint32_t n,
	const struct hms_status *status)
{
	const char *before = "\n      {";

	hms_json_key(sink, ",\n    ", key);
	hms_sink_add(sink, "[");
	for (uint32_t i = 0; i < n; i++) {
		if (!faults[i].minor && !faults[i].major)
			continue;
		hms_json_text(sink, before, "name",
			faults == status->learning.rule_faults
				? status->rules[i].name
				: status->targets[i].text);
		hms_json_number(sink, ", ", "minor", faults[i].minor);
		hms_json_number(sink, ", ", "major", faults[i].major);
		hms_sink_add(sink, "}");
		before = ",\n      {";
	}
	hms_sink_add(sink, "]");
}

static void threads(const struct hms_status_learning *l, struct hms_sink *sink)
{
	hms_json_key(sink, ",\n    ", "thread_faults");
	hms_sink_add(sink, "[");
	for (uint32_t i = 0; i < l->nthreads && i < HMS_LEARNING_THREADS; i++) {
		const struct hms_learning_thread *t = &l->threads[i];

		hms_json_number(
			sink, i ? ",\n      {" : "\n      {", "tid", t->tid);
		hms_json_text(sink, ", ", "name", t->name);
		hms_json_key(sink, ", ", "ended");
		hms_sink_add(sink, t->ended ? "true" : "false");
		hms_json_number(sink, ", ", "minor", t->faults.minor);
		hms_json_number(sink, ", ", "major", t->faults.major);
		hms_sink_add(sink, "}");
	}
	hms_sink_add(sink, "]");
}

static void remaining(struct hms_sink *sink, const char *key,
	const struct hms_learning_faults *faults)
{
	hms_json_key(sink, ",\n    ", key);
	hms_json_number(sink, "{", "minor", faults->minor);
	hms_json_number(sink, ", ", "major", faults->major);
	hms_sink_add(sink, "}");
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static void faults(const struct hms_status *status, struct hms_sink *sink)
{
	const struct hms_status_learning *l = &status->learning;

	hms_json_key(sink, ",\n    ", "faults");
	hms_json_number(sink, "{", "minor", l->faults.minor);
	hms_json_number(sink, ", ", "major", l->faults.major);
	hms_json_number(sink, ", ", "seen", l->faults_seen);
	hms_json_number(sink, ", ", "lost", l->faults_lost);
	hms_sink_add(sink, "}");
	fault_list(sink, "rule_faults", l->rule_faults,
		least(status->nrules, HMS_LEARNING_RULES), status);
	fault_list(sink, "target_faults", l->target_faults,
		least(status->ntargets, HMS_LEARNING_TARGETS), status);
	remaining(sink, "ruleless_faults", &l->other_faults);
	remaining(sink, "siteless_faults", &l->siteless_faults);
	threads(l, sink);
	remaining(sink, "other_threads_faults", &l->other_threads);
}

static void head(const struct hms_status_learning *l, struct hms_sink *sink)
{
	hms_json_text(
		sink, "{\n    ", "state", hms_learning_state_name(l->state));
	hms_json_text(sink, ", ", "why", l->why);
	hms_json_text(sink, ", ", "planner", l->planner);
	hms_json_number(sink, ",\n    ", "blocks", l->blocks);
	hms_json_number(sink, ", ", "block_bytes", l->block_bytes);
	hms_json_number(sink, ", ", "bytes", l->bytes);
	hms_json_number(sink, ", ", "unblocked", l->unblocked);
	hms_json_number(sink, ",\n    ", "ticks", l->ticks);
	hms_json_number(sink, ", ", "walks", l->walks);
	hms_json_number(sink, ", ", "interval_ns", l->interval_ns);
	hms_json_number(sink, ", ", "ran_ns", l->until_ns - l->since_ns);
	hms_json_key(sink, ",\n    ", "cpu_ns");
	for (int i = 0; i < HMS_LEARNING_PARTS; i++)
		hms_json_number(sink, i ? ", " : "{", hms_learning_parts[i],
			l->cpu_ns[i]);
	hms_sink_add(sink, "}");
}

void hms_render_learning_json(
	const struct hms_status *status, struct hms_sink *sink)
{
	const struct hms_status_learning *l = &status->learning;

	if (l->state == HMS_LEARNING_OFF) {
		hms_sink_add(sink, "null");
		return;
	}
	head(l, sink);
	sources(l, sink);
	tiers(status, sink);
	moves(status, sink);
	faults(status, sink);
	hms_sink_add(sink, "}");
}
