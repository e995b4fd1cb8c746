/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include "engine/place.h"
#include "engine/target/node.h"

#define HMS_TARGET(type, kind) extern const struct hms_target_ops kind;
#include "engine/target/targets.def"
#undef HMS_TARGET

/* What is at hand while places are resolved. */
struct resolving {
	struct hms_places *out;
	struct hms_target_spec spec; /* term: the one in hand */
};

const struct hms_target_ops *hms_target_kind(enum hms_term_type type)
{
	static const struct {
		enum hms_term_type type;
		const struct hms_target_ops *ops;
	} kinds[] = {
#define HMS_TARGET(type, kind) { type, &kind },
#include "engine/target/targets.def"
#undef HMS_TARGET
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].type == type)
			return kinds[i].ops;
	return NULL;
}

static unsigned count_terms(const struct hms_term *terms, unsigned n)
{
	unsigned sum = n;

	for (unsigned i = 0; i < n; i++)
		sum += count_terms(terms[i].terms, terms[i].nterms);
	return sum;
}

static int complain(
	const struct resolving *r, const struct hms_term *term, const char *why)
{
	hms_policy_error(r->spec.policy, term->line, term->column, r->spec.diag,
		"%s: %s", term->text, why);
	return -EINVAL;
}

/* The target of a term, made now or shared; -ENOENT: none on this machine. */
static int find_target(struct resolving *r, const struct hms_term *term,
	struct hms_target **found)
{
	const struct hms_target_ops *ops = hms_target_kind(term->type);
	struct hms_places *out = r->out;
	struct hms_target *target;
	int rc;

	if (!ops)
		return complain(r, term, "not available yet");
	for (unsigned i = 0; i < out->ntargets; i++) {
		target = out->targets[i];
		if (target->ops == ops && !strcmp(target->text, term->text)) {
			*found = target;
			return 0;
		}
	}
	target = hms_arena_alloc(r->spec.arena, sizeof(*target));
	if (!target)
		return -ENOMEM;
	target->ops = ops;
	target->text = term->text;
	target->index = out->ntargets;
	r->spec.term = term;
	rc = ops->create(target, &r->spec);
	if (rc)
		return rc;
	out->targets[out->ntargets++] = target;
	*found = target;
	return 0;
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

static void settle_weights(struct hms_step *step, const char *root)
{
	unsigned divisor = 0;

	for (unsigned i = 0; i < step->ntargets; i++)
		divisor = common_divisor(step->weights[i], divisor);
	for (unsigned i = 0; i < step->ntargets; i++) {
		step->weights[i] /= divisor;
		step->total += step->weights[i];
	}
	if (step->ntargets > 1)
		step->sharing = hms_node_sharing(step, root);
}

static int alloc_step(struct resolving *r, struct hms_step *step, unsigned n)
{
	struct hms_arena *arena = r->spec.arena;

	memset(step, 0, sizeof(*step));
	step->targets = hms_arena_alloc(arena, n * sizeof(*step->targets));
	step->weights = hms_arena_alloc(arena, n * sizeof(*step->weights));
	step->limits = hms_arena_alloc(arena, n * sizeof(*step->limits));
	step->dealt = hms_arena_alloc(arena, n * sizeof(*step->dealt));
	return step->targets && step->weights && step->limits && step->dealt
		       ? 0
		       : -ENOMEM;
}

/*
 * The target of a share.  A name in an interleave stands for a list: its
 * column-th target of those this machine has, or the last; -ENOENT: none.
 */
static int find_share(struct resolving *r, const struct hms_term *term,
	unsigned column, struct hms_target **target, int *limit)
{
	bool list = term->type == HMS_TERM_LIST;
	const struct hms_term *terms = list ? term->terms : term;
	unsigned n = list ? term->nterms : 1, found = 0;

	for (unsigned i = 0; i < n && found <= column; i++) {
		int rc = find_target(r, &terms[i], target);

		if (rc && rc != -ENOENT)
			return rc;
		if (!rc) {
			*limit = terms[i].limit;
			found++;
		}
	}
	return found ? 0 : -ENOENT;
}

/* One column of a term is one step; -ENOENT if none of its targets is here. */
static int resolve_step(struct resolving *r, const struct hms_term *term,
	unsigned column, struct hms_step *step)
{
	bool shared = term->type == HMS_TERM_INTERLEAVE;
	const struct hms_term *terms = shared ? term->terms : term;
	unsigned n = shared ? term->nterms : 1;
	int rc = alloc_step(r, step, n), limit;

	step->limit = term->limit;
	for (unsigned i = 0; !rc && i < n; i++) {
		struct hms_target *target;

		if (shared && terms[i].type == HMS_TERM_DEFAULT)
			return complain(r, &terms[i],
				"cannot be part of an interleave");
		rc = find_share(r, &terms[i], column, &target, &limit);
		if (!rc)
			add_share(step, target,
				shared && terms[i].weight ? terms[i].weight : 1,
				shared ? limit : -1);
		else if (rc == -ENOENT)
			rc = 0;
	}
	if (rc)
		return rc;
	if (!step->ntargets)
		return -ENOENT;
	settle_weights(step, r->spec.nodes->root);
	return 0;
}

/* Steps that a term can become: as many as the longest list in it. */
static unsigned columns(const struct hms_term *term)
{
	unsigned most = 1;

	if (term->type != HMS_TERM_INTERLEAVE)
		return 1;
	for (unsigned i = 0; i < term->nterms; i++)
		if (term->terms[i].type == HMS_TERM_LIST &&
			term->terms[i].nterms > most)
			most = term->terms[i].nterms;
	return most;
}

static bool same_targets(const struct hms_step *a, const struct hms_step *b)
{
	return a->ntargets == b->ntargets &&
	       !memcmp(a->targets, b->targets,
		       a->ntargets * sizeof(*a->targets));
}

/* Adds the steps of one term; none if the machine has none of its targets. */
static int resolve_term(struct resolving *r, const struct hms_term *term,
	struct hms_place *place)
{
	for (unsigned column = 0; column < columns(term); column++) {
		struct hms_step *step = &place->steps[place->nsteps];
		int rc = resolve_step(r, term, column, step);

		if (rc == -ENOENT)
			return 0;
		if (rc)
			return rc;
		/* The lists have ended on this machine. */
		if (column && same_targets(step - 1, step))
			return 0;
		place->nsteps++;
		for (unsigned j = 0; j < step->ntargets; j++)
			place->maps |= step->targets[j]->ops->maps;
	}
	return 0;
}

/* 0 also if nothing is left of it: then it has no steps. */
static int resolve_place(struct resolving *r, const struct hms_place_spec *spec,
	struct hms_place *place)
{
	unsigned most = 0;
	int rc = 0;

	for (unsigned i = 0; i < spec->nterms; i++)
		most += columns(&spec->terms[i]);
	place->text = spec->text;
	place->steps =
		hms_arena_alloc(r->spec.arena, most * sizeof(*place->steps));
	if (!place->steps)
		return -ENOMEM;
	for (unsigned i = 0; !rc && i < spec->nterms; i++) {
		struct hms_step *step = &place->steps[place->nsteps];

		/* What stands behind it is never reached. */
		if (spec->terms[i].type == HMS_TERM_DEFAULT) {
			memset(step, 0, sizeof(*step));
			step->limit = -1;
			place->nsteps += place->nsteps != 0;
			return 0;
		}
		rc = resolve_term(r, &spec->terms[i], place);
	}
	return rc;
}

static int resolve_places(
	struct resolving *r, unsigned *index, unsigned *missing)
{
	const struct hms_policy *policy = r->spec.policy;
	struct hms_places *out = r->out;

	out->places[0].text = "default";
	out->nplaces = 1;
	for (unsigned i = 0; i < policy->nplaces; i++) {
		const struct hms_place_spec *spec = &policy->places[i];
		struct hms_place *place = &out->places[out->nplaces];
		int rc = resolve_place(r, spec, place);

		if (rc)
			return rc;
		index[i] = place->nsteps ? out->nplaces : 0;
		if (place->nsteps)
			place->index = out->nplaces++;
		else if (spec->terms[0].type != HMS_TERM_DEFAULT)
			++*missing;
	}
	return 0;
}

static void resolve_rules(const struct hms_policy *policy,
	struct hms_places *out, const unsigned *index)
{
	out->nrules = policy->nrules;
	for (unsigned i = 0; i < policy->nrules; i++) {
		out->rule_place[i] = index[policy->rules[i].place];
		out->rule_limit[i].bytes = policy->rules[i].limit;
	}
	out->nlimits = policy->nlimits;
	for (unsigned i = 0; i < policy->nlimits; i++)
		out->limits[i].spec = &policy->limits[i];
}

int hms_places_resolve(const struct hms_policy *policy,
	const struct hms_nodes *nodes, struct hms_arena *arena,
	struct hms_places *out, unsigned *missing, struct hms_diag *diag)
{
	struct resolving r = {
		.out = out,
		.spec = { .policy = policy,
			.nodes = nodes,
			.arena = arena,
			.diag = diag },
	};
	unsigned nterms = 0, *index;
	int rc;

	memset(out, 0, sizeof(*out));
	out->nodes = nodes;
	*missing = 0;
	if (policy->nplaces >= HMS_MAX_PLACES) {
		hms_policy_error(policy, 0, 0, diag,
			"%u different places are too many; at most %u work",
			policy->nplaces, HMS_MAX_PLACES - 1);
		return -EINVAL;
	}
	for (unsigned i = 0; i < policy->nplaces; i++)
		nterms += count_terms(
			policy->places[i].terms, policy->places[i].nterms);
	index = hms_arena_alloc(arena, policy->nplaces * sizeof(*index) + 1);
	out->places = hms_arena_alloc(
		arena, (policy->nplaces + 1) * sizeof(*out->places));
	out->targets =
		hms_arena_alloc(arena, nterms * sizeof(*out->targets) + 1);
	out->limits = hms_arena_alloc(
		arena, policy->nlimits * sizeof(*out->limits) + 1);
	out->rule_place = hms_arena_alloc(
		arena, policy->nrules * sizeof(*out->rule_place) + 1);
	out->rule_limit = hms_arena_alloc(
		arena, policy->nrules * sizeof(*out->rule_limit) + 1);
	if (!index || !out->places || !out->targets || !out->limits ||
		!out->rule_place || !out->rule_limit)
		return -ENOMEM;
	rc = resolve_places(&r, index, missing);
	if (!rc)
		resolve_rules(policy, out, index);
	return rc;
}
