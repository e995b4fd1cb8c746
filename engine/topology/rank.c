/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/topology/rank.h"

#include <errno.h>
#include <string.h>

#include "engine/topology/order.h"

#define UNKNOWN_LATENCY UINT32_MAX

/* What one set of initiators gets of a target: the worst of each. */
struct score {
	uint32_t bandwidth; /* MB/s; 0: unknown */
	uint32_t latency; /* ns; UNKNOWN_LATENCY */
	uint32_t away; /* initiators of other nodes */
	int who; /* the worst one, -1: nobody yet */
	uint32_t value;
	enum hms_origin origin;
	struct hms_path path;
};

/* Compared number by number. */
struct key {
	uint64_t a, b, c;
};

struct work {
	const struct hms_graph *graph;
	const struct hms_wish *wish;
	struct hms_arena *arena; /* of what is returned */
	struct hms_arena scratch;
	struct hms_ranking *out;
	struct hms_path_wish paths_by;
	bool gpu_asked;
	unsigned nnamed, *named; /* but for "cpu" */
	unsigned ncpus, *cpus; /* "cpu": one ranking for each; else none */
	unsigned *place; /* of a target among all, by id */
	struct hms_path *paths; /* [ntargets]: from the one in hand */
	struct score *base, *scores; /* [ntargets]: named; with a CPU */
	struct key *keys, *best; /* [ntargets]: in hand; of any CPU */
	unsigned norders, **orders, *spare; /* targets, best first */
};

static void *scratch(struct work *w, size_t n, size_t size)
{
	return hms_arena_alloc(&w->scratch, n * size + 1);
}

static int by_target_id(const void *context, unsigned a, unsigned b)
{
	const struct hms_graph *graph = context;

	return hms_id_compare(graph->targets[a].id, graph->targets[b].id);
}

static int by_initiator_id(const void *context, unsigned a, unsigned b)
{
	const struct hms_graph *graph = context;

	return hms_id_compare(graph->initiators[a].id, graph->initiators[b].id);
}

static int compare(const struct key *x, const struct key *y)
{
	if (x->a != y->a)
		return x->a < y->a ? -1 : 1;
	if (x->b != y->b)
		return x->b < y->b ? -1 : 1;
	return x->c < y->c ? -1 : x->c > y->c;
}

static int by_key(const void *context, unsigned a, unsigned b)
{
	const struct key *keys = context;

	return compare(&keys[a], &keys[b]);
}

/* Every CPU node, in the order of their ids. */
static int find_cpus(struct work *w)
{
	const struct hms_graph *graph = w->graph;

	if (w->ncpus)
		return 0;
	w->cpus = scratch(w, graph->ninitiators, sizeof(*w->cpus));
	if (!w->cpus)
		return -ENOMEM;
	for (unsigned i = 0; i < graph->ninitiators; i++)
		if (graph->initiators[i].kind == HMS_INITIATOR_CPU)
			w->cpus[w->ncpus++] = i;
	return w->ncpus ? 0 : -ENOENT;
}

static int find_initiators(struct work *w, const char **unknown)
{
	static const char *const cpu[] = { "cpu" };
	bool none = !w->wish->ninitiators;
	unsigned n = none ? 1 : w->wish->ninitiators;
	const char *const *names = none ? cpu : w->wish->initiators;
	int rc = 0;

	w->named = scratch(w, n, sizeof(*w->named));
	if (!w->named)
		return -ENOMEM;
	for (unsigned i = 0; i < n && !rc; i++) {
		int found;

		*unknown = names[i];
		if (!strcmp(names[i], "cpu")) {
			rc = find_cpus(w);
			continue;
		}
		found = hms_graph_initiator(w->graph, names[i]);
		if (found < 0)
			return -ENOENT;
		w->named[w->nnamed++] = (unsigned)found;
		w->gpu_asked |=
			w->graph->initiators[found].kind == HMS_INITIATOR_GPU;
	}
	w->out->by_cpu = w->ncpus != 0;
	return rc;
}

static int prepare(struct work *w)
{
	unsigned n = w->graph->ntargets, sets = w->ncpus ? w->ncpus : 1;
	unsigned *ids = scratch(w, n, sizeof(*ids));

	w->place = scratch(w, n, sizeof(*w->place));
	w->spare = scratch(w, n > w->ncpus ? n : w->ncpus, sizeof(*w->spare));
	w->paths = scratch(w, n, sizeof(*w->paths));
	w->base = scratch(w, n, sizeof(*w->base));
	w->scores = scratch(w, n, sizeof(*w->scores));
	w->keys = scratch(w, n, sizeof(*w->keys));
	w->best = scratch(w, n, sizeof(*w->best));
	w->orders = scratch(w, sets, sizeof(*w->orders));
	w->out->candidates =
		hms_arena_alloc(w->arena, n * sizeof(*w->out->candidates) + 1);
	if (!ids || !w->place || !w->spare || !w->paths || !w->base ||
		!w->scores || !w->keys || !w->best || !w->orders ||
		!w->out->candidates)
		return -ENOMEM;
	w->out->ncandidates = n;
	for (unsigned i = 0; i < n; i++) {
		ids[i] = i;
		w->base[i] =
			(struct score){ .bandwidth = UINT32_MAX, .who = -1 };
		w->best[i].a = w->best[i].b = w->best[i].c = UINT64_MAX;
	}
	hms_order(ids, n, w->spare, by_target_id, w->graph);
	for (unsigned i = 0; i < n; i++)
		w->place[ids[i]] = i;
	if (w->ncpus)
		hms_order(
			w->cpus, w->ncpus, w->spare, by_initiator_id, w->graph);
	return 0;
}

/* What rules a target out whoever asks; ordinary memory stays. */
static enum hms_verdict look(
	const struct work *w, const struct hms_memory *memory)
{
	if (memory->origin[HMS_FIELD_SIZE] != HMS_UNKNOWN && !memory->size)
		return HMS_NO_MEMORY;
	if (!memory->allowed)
		return HMS_NOT_ALLOWED;
	if (memory->manager != HMS_MANAGED_BY_KERNEL || memory->node < 0 ||
		memory->kind == HMS_KIND_FILE)
		return HMS_NOT_ORDINARY;
	if (!hms_memory_has(memory, HMS_CPU_ACCESS))
		return HMS_NOT_CPU;
	if (memory->kind == HMS_KIND_GPU && !w->gpu_asked)
		return HMS_NOT_ASKED;
	return HMS_CHOSEN;
}

static void refuse(struct work *w, unsigned target, unsigned initiator)
{
	struct hms_candidate *c = &w->out->candidates[target];
	struct hms_path_wish any = w->paths_by;

	any.noncoherent = true;
	c->who = (int)initiator;
	c->verdict = HMS_NOT_REACHED;
	if (!w->paths_by.noncoherent &&
		!hms_path_find(w->graph, initiator, target, &any, &c->path))
		c->verdict = HMS_NOT_COHERENT;
}

/* One more initiator that the memory is for. */
static void add_score(
	struct work *w, struct score *s, unsigned target, unsigned initiator)
{
	const struct hms_path *path = &w->paths[target];
	enum hms_access access = w->paths_by.access;
	bool by_latency = w->paths_by.need == HMS_LATENCY, worse;
	enum hms_origin from[2];
	uint32_t bandwidth =
		hms_perf_value(&path->perf, HMS_BANDWIDTH, access, &from[0]);
	uint32_t value =
		hms_perf_value(&path->perf, HMS_LATENCY, access, &from[1]);
	uint32_t latency = value ? value : UNKNOWN_LATENCY;

	worse = by_latency ? latency > s->latency : bandwidth < s->bandwidth;
	if (worse || s->who < 0) {
		s->who = (int)initiator;
		s->value = by_latency ? value : bandwidth;
		s->origin = from[by_latency];
		s->path = *path;
	}
	if (bandwidth < s->bandwidth)
		s->bandwidth = bandwidth;
	if (latency > s->latency)
		s->latency = latency;
	s->away += w->graph->initiators[initiator].node !=
		   w->graph->targets[target].node;
}

static int add_initiator(
	struct work *w, struct score *scores, unsigned initiator)
{
	int rc = hms_paths_from(w->graph, initiator, &w->paths_by, w->paths);

	if (rc)
		return rc;
	for (unsigned t = 0; t < w->graph->ntargets; t++) {
		if (w->out->candidates[t].verdict != HMS_CHOSEN)
			continue;
		if (w->paths[t].nlinks)
			add_score(w, &scores[t], t, initiator);
		else
			refuse(w, t, initiator);
	}
	return 0;
}

/*
 * Sizes are compared in eighths of a power of two, rounded up: firmware and
 * kernel keep back some per cent of each node, more of the first one, and two
 * nodes of the same modules are to be equals.
 */
static uint64_t coarse_size(uint64_t bytes)
{
	unsigned shift = bytes < 8 ? 0 : 60 - (unsigned)__builtin_clzll(bytes);
	uint64_t part = UINT64_C(1) << shift;

	return bytes > UINT64_MAX - part ? UINT64_MAX
					 : (bytes + part - 1) & ~(part - 1);
}

static void make_key(const struct work *w, const struct score *s,
	unsigned target, struct key *key)
{
	uint64_t narrow = UINT32_MAX - s->bandwidth, slow = s->latency;

	key->b = 0;
	key->c = (uint64_t)s->away << 32 | w->place[target];
	if (w->wish->near) {
		key->a = slow << 32 | s->away;
		key->b = narrow;
	} else if (w->wish->need == HMS_CAPACITY) {
		key->a = UINT64_MAX -
			 coarse_size(w->graph->targets[target].size);
		key->b = narrow << 32 | slow;
	} else if (w->wish->need == HMS_LATENCY) {
		key->a = slow << 32 | narrow;
	} else {
		key->a = narrow << 32 | slow;
	}
}

/* What is shown of a target is what its best CPU gets of it. */
static void keep_best(struct work *w, unsigned target, const struct score *s)
{
	struct hms_candidate *c = &w->out->candidates[target];

	if (compare(&w->keys[target], &w->best[target]) >= 0)
		return;
	w->best[target] = w->keys[target];
	c->who = s->who;
	c->value = s->value;
	c->origin = s->origin;
	c->path = s->path;
}

/* The order of the targets by one set of scores; those refused are last. */
static int add_order(struct work *w, const struct score *scores)
{
	unsigned n = w->graph->ntargets, *order = scratch(w, n, sizeof(*order));

	if (!order)
		return -ENOMEM;
	for (unsigned t = 0; t < n; t++) {
		order[t] = t;
		w->keys[t] = (struct key){ UINT64_MAX, UINT64_MAX, t };
		if (w->out->candidates[t].verdict != HMS_CHOSEN)
			continue;
		make_key(w, &scores[t], t, &w->keys[t]);
		keep_best(w, t, &scores[t]);
	}
	hms_order(order, n, w->spare, by_key, w->keys);
	w->orders[w->norders++] = order;
	return 0;
}

static int rank(struct work *w)
{
	unsigned n = w->graph->ntargets;
	int rc = 0;

	for (unsigned t = 0; t < n; t++) {
		w->out->candidates[t].who = -1;
		w->out->candidates[t].verdict = look(w, &w->graph->targets[t]);
	}
	for (unsigned i = 0; i < w->nnamed && !rc; i++)
		rc = add_initiator(w, w->base, w->named[i]);
	if (!rc && !w->ncpus)
		rc = add_order(w, w->base);
	for (unsigned i = 0; i < w->ncpus && !rc; i++) {
		memcpy(w->scores, w->base, n * sizeof(*w->scores));
		rc = add_initiator(w, w->scores, w->cpus[i]);
		if (!rc)
			rc = add_order(w, w->scores);
	}
	return rc;
}

int hms_rank(const struct hms_graph *graph, const struct hms_wish *wish,
	struct hms_arena *arena, struct hms_ranking *out, const char **unknown)
{
	struct work w = {
		.graph = graph, .wish = wish, .arena = arena, .out = out
	};
	int rc;

	memset(out, 0, sizeof(*out));
	w.paths_by.need = wish->near ? HMS_LATENCY : wish->need;
	/* Of ways to large memory the widest counts. */
	if (w.paths_by.need == HMS_CAPACITY)
		w.paths_by.need = HMS_BANDWIDTH;
	w.paths_by.access = wish->access;
	w.paths_by.noncoherent = wish->noncoherent;
	rc = find_initiators(&w, unknown);
	if (!rc)
		rc = prepare(&w);
	if (!rc)
		rc = rank(&w);
	if (!rc) {
		struct hms_orders orders = { w.norders, w.orders,
			w.ncpus ? w.cpus : NULL, by_key, w.best };

		rc = hms_rank_steps(graph, &orders, arena, &w.scratch, out);
	}
	hms_arena_free(&w.scratch);
	return rc;
}
