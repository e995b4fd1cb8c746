/* SPDX-License-Identifier: BSD-2-Clause */
/* Steps of a place: one target, or shares of an interleave. */
#include <errno.h>
#include <string.h>

#include "engine/resolving.h"
#include "engine/target/device.h"
#include "engine/target/node.h"

static bool is_wish(const struct hms_term *term)
{
	return term->type == HMS_TERM_BEST || term->type == HMS_TERM_NEAR;
}

/* No weight at all: shares are by bandwidth. */
static bool by_bandwidth(const struct hms_term *term)
{
	if (term->type != HMS_TERM_INTERLEAVE)
		return false;
	for (unsigned i = 0; i < term->nterms; i++)
		if (term->terms[i].weight)
			return false;
	return true;
}

unsigned resolve_columns(const struct resolving *r, const struct hms_term *term)
{
	bool spread = by_bandwidth(term);
	unsigned most = 1, n, sum = 0;

	if (is_wish(term))
		return resolve_wished(r, term)->nsets;
	if (term->type == HMS_TERM_LIST) {
		for (unsigned i = 0; i < term->nterms; i++)
			sum += resolve_columns(r, &term->terms[i]);
		return sum;
	}
	if (term->type != HMS_TERM_INTERLEAVE)
		return 1;
	for (unsigned i = 0; i < term->nterms; i++) {
		if (spread && is_wish(&term->terms[i]))
			continue;
		n = resolve_columns(r, &term->terms[i]);
		if (n > most)
			most = n;
	}
	return most;
}

static int alloc_step(struct resolving *r, struct hms_step *step, unsigned n)
{
	struct hms_arena *arena = r->spec.arena;

	memset(step, 0, sizeof(*step));
	step->targets = hms_arena_alloc(arena, n * sizeof(*step->targets));
	step->weights = hms_arena_alloc(arena, n * sizeof(*step->weights));
	step->limits = hms_arena_alloc(arena, n * sizeof(*step->limits));
	step->capped = hms_arena_alloc(arena, n * sizeof(*step->capped));
	step->dealt = hms_arena_alloc(arena, n * sizeof(*step->dealt));
	return step->targets && step->weights && step->limits && step->capped &&
			       step->dealt
		       ? 0
		       : -ENOMEM;
}

/*
 * The same target twice in an interleave is one with both weights, and the
 * first one's limit.
 */
static void add_share(struct hms_step *step, struct hms_target *target,
	unsigned weight, int limit)
{
	for (unsigned i = 0; i < step->ntargets; i++) {
		if (step->targets[i] != target)
			continue;
		step->weights[i] += weight;
		return;
	}
	step->targets[step->ntargets] = target;
	step->weights[step->ntargets] = weight;
	step->limits[step->ntargets++] = limit;
}

static unsigned common_divisor(unsigned a, unsigned b)
{
	while (b) {
		unsigned rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

static void settle_weights(struct resolving *r, struct hms_step *step)
{
	unsigned divisor = 0;

	for (unsigned i = 0; i < step->ntargets; i++)
		divisor = common_divisor(step->weights[i], divisor);
	for (unsigned i = 0; i < step->ntargets; i++) {
		step->weights[i] /= divisor;
		step->total += step->weights[i];
	}
	for (unsigned i = 0; i < step->ntargets; i++) {
		if (step->limits[i] < 0)
			continue;
		for (unsigned j = 0; j < step->ntargets; j++)
			if (step->limits[j] == step->limits[i])
				step->capped[i] += step->weights[j];
	}
	if (step->ntargets > 1)
		step->sharing = hms_node_sharing(step, r->spec.nodes->root);
}

static int wished_target(struct resolving *r, const struct hms_wished *w,
	unsigned i, struct hms_target **target)
{
	int rc =
		w->targets[i] ? 0 : resolve_set(r, &w->sets[i], &w->targets[i]);

	*target = w->targets[i];
	return rc;
}

/*
 * The target of a share.  A name and a wish stand for a list: the column-th
 * target of those this machine has, or the last; -ENOENT: none.
 */
static int find_share(struct resolving *r, const struct hms_term *term,
	unsigned column, struct hms_target **target, int *limit)
{
	bool list = term->type == HMS_TERM_LIST;
	const struct hms_term *terms = list ? term->terms : term;
	unsigned n = list ? term->nterms : 1, found = 0;

	for (unsigned i = 0; i < n && found <= column; i++) {
		unsigned left = column - found, last;
		int rc;

		if (is_wish(&terms[i])) {
			const struct hms_wished *w =
				resolve_wished(r, &terms[i]);

			if (!w->nsets)
				continue;
			last = left < w->nsets ? left : w->nsets - 1;
			rc = wished_target(r, w, last, target);
			found += last;
		} else {
			rc = resolve_target(r, &terms[i], target);
		}
		if (rc && rc != -ENOENT)
			return rc;
		if (rc)
			continue;
		*limit = terms[i].limit;
		found++;
	}
	return found ? 0 : -ENOENT;
}

static bool wishes_for(const struct hms_wished *w, unsigned n)
{
	const unsigned bits = 8 * sizeof(unsigned long);

	for (unsigned i = 0; i < w->nsets; i++)
		if (w->sets[i].nodes[n / bits] >> n % bits & 1)
			return true;
	return false;
}

/*
 * Without weights a wish is no list to spill along: all nodes that answer it
 * share, each by itself.
 */
static int spread(
	struct resolving *r, const struct hms_term *term, struct hms_step *step)
{
	const struct hms_wished *w = resolve_wished(r, term);
	const unsigned bits = 8 * sizeof(unsigned long);

	for (unsigned n = 0; n <= r->spec.nodes->max; n++) {
		unsigned long nodes[HMS_MASK_WORDS] = { 0 };
		const struct hms_node_set set = { nodes };
		struct hms_target *target;
		int rc;

		if (!wishes_for(w, n))
			continue;
		nodes[n / bits] = 1UL << n % bits;
		rc = resolve_set(r, &set, &target);
		if (rc)
			return rc;
		add_share(step, target, 1, term->limit);
	}
	return 0;
}

/* Whoever touches `local` gets one of its nodes: the first stands for it. */
static const unsigned long *one_of(
	struct resolving *r, const struct hms_target *target)
{
	unsigned long *one =
		hms_arena_alloc(r->spec.arena, HMS_MASK_WORDS * sizeof(*one));
	unsigned n = 0;

	while (one && n < HMS_MASK_WORDS && !target->nodes[n])
		n++;
	if (one && n < HMS_MASK_WORDS)
		one[n] = target->nodes[n] & -target->nodes[n];
	return one;
}

/* Memory that is not of nodes, or whose speed nobody knows: all alike. */
static int weigh_by_bandwidth(struct resolving *r, struct hms_step *step)
{
	struct hms_node_set *sets = hms_arena_alloc(
		r->spec.arena, step->ntargets * sizeof(*sets) + 1);
	bool nodes = step->ntargets > 1;

	if (!sets)
		return -ENOMEM;
	for (unsigned i = 0; i < step->ntargets; i++) {
		const struct hms_target *target = step->targets[i];

		step->weights[i] = 1;
		nodes = nodes && target->nnodes;
		sets[i].nodes =
			target->local ? one_of(r, target) : target->nodes;
		if (!sets[i].nodes)
			return -ENOMEM;
	}
	if (nodes)
		hms_rank_weights(
			r->spec.graph, sets, step->ntargets, step->weights);
	return 0;
}

static int add_shares(struct resolving *r, const struct hms_term *term,
	unsigned column, struct hms_step *step)
{
	bool weighed = !by_bandwidth(term);
	int rc = 0, limit;

	for (unsigned i = 0; !rc && i < term->nterms; i++) {
		const struct hms_term *share = &term->terms[i];
		struct hms_target *target;

		if (share->type == HMS_TERM_DEFAULT)
			return resolve_complain(
				r, share, "cannot be part of an interleave");
		if (!weighed && is_wish(share)) {
			rc = spread(r, share, step);
			continue;
		}
		rc = find_share(r, share, column, &target, &limit);
		if (!rc)
			add_share(step, target,
				share->weight ? share->weight : 1, limit);
		else if (rc == -ENOENT)
			rc = 0;
	}
	return rc || weighed ? rc : weigh_by_bandwidth(r, step);
}

int resolve_step(struct resolving *r, const struct hms_term *term,
	unsigned column, struct hms_step *step)
{
	bool shared = term->type == HMS_TERM_INTERLEAVE;
	unsigned n = shared ? term->nterms : 1;
	struct hms_target *target;
	int rc, limit;

	if (by_bandwidth(term))
		n += r->spec.nodes->count;
	rc = alloc_step(r, step, n);
	if (rc)
		return rc;
	step->limit = term->limit;
	if (shared) {
		rc = add_shares(r, term, column, step);
	} else {
		rc = find_share(r, term, column, &target, &limit);
		if (!rc)
			add_share(step, target, 1, -1);
	}
	if (rc)
		return rc;
	if (!step->ntargets)
		return -ENOENT;
	settle_weights(r, step);
	return 0;
}

/* Each column of each term is one more place where it may be. */
static int add_columns(struct resolving *r, const struct hms_term *term,
	struct hms_managed_targets *in)
{
	unsigned columns = resolve_columns(r, term);

	for (unsigned column = 0; column < columns; column++) {
		struct hms_step step;
		int rc = resolve_step(r, term, column, &step);

		if (rc == -ENOENT)
			return 0;
		if (rc)
			return rc;
		if (!in->n || in->targets[in->n - 1] != step.targets[0])
			in->targets[in->n++] = step.targets[0];
	}
	return 0;
}

int resolve_managed(struct resolving *r, const struct hms_term *term,
	struct hms_managed_targets **out)
{
	struct hms_managed_targets *in =
		hms_arena_alloc(r->spec.arena, sizeof(*in));
	unsigned most = 0;
	int rc = 0;

	for (unsigned i = 0; i < term->nterms; i++)
		most += resolve_columns(r, &term->terms[i]);
	if (in)
		in->targets = hms_arena_alloc(
			r->spec.arena, most * sizeof(*in->targets) + 1);
	if (!in || !in->targets)
		return -ENOMEM;
	for (unsigned i = 0; i < term->nterms && !rc; i++)
		rc = add_columns(r, &term->terms[i], in);
	*out = in;
	return rc || in->n ? rc : -ENOENT;
}
