/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include "engine/place.h"
#include "engine/resolving.h"
#include "engine/target/device.h"
#include "engine/target/node.h"

#define HMS_TARGET(type, kind) extern const struct hms_target_ops kind;
#include "engine/target/targets.def"
#undef HMS_TARGET

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

int resolve_complain(
	const struct resolving *r, const struct hms_term *term, const char *why)
{
	hms_policy_error(r->spec.policy, term->line, term->column, r->spec.diag,
		"%s: %s", term->text, why);
	return -EINVAL;
}

static struct hms_target *find_target(const struct hms_places *places,
	const struct hms_target_ops *ops, const char *text)
{
	for (unsigned i = 0; i < places->ntargets; i++)
		if (places->targets[i]->ops == ops &&
			!strcmp(places->targets[i]->text, text))
			return places->targets[i];
	return NULL;
}

/* Not counted before it is complete. */
static struct hms_target *new_target(
	struct resolving *r, const struct hms_target_ops *ops, const char *text)
{
	struct hms_target *target =
		hms_arena_alloc(r->spec.arena, sizeof(*target));

	if (!target || !text)
		return NULL;
	target->ops = ops;
	target->text = text;
	target->index = r->out->ntargets;
	return target;
}

int resolve_target(struct resolving *r, const struct hms_term *term,
	struct hms_target **found)
{
	const struct hms_target_ops *ops = hms_target_kind(term->type);
	/* `near cpu` is another word for it. */
	const char *text = term->type == HMS_TERM_LOCAL ? "local" : term->text;
	struct hms_managed_targets *inner = NULL;
	struct hms_target *target;
	int rc;

	if (!ops)
		return resolve_complain(r, term, "not available yet");
	target = find_target(r->out, ops, text);
	if (target) {
		*found = target;
		return 0;
	}
	rc = term->type == HMS_TERM_MANAGED ? resolve_managed(r, term, &inner)
					    : 0;
	if (rc)
		return rc;
	target = new_target(r, ops, text);
	if (!target)
		return -ENOMEM;
	target->state = inner;
	r->spec.term = term;
	rc = ops->create(target, &r->spec);
	if (rc)
		return rc;
	r->out->targets[r->out->ntargets++] = target;
	*found = target;
	return 0;
}

int resolve_set(struct resolving *r, const struct hms_node_set *set,
	struct hms_target **found)
{
	const char *text = hms_wish_set_text(set, r->spec.arena);
	struct hms_target *target;

	if (!text)
		return -ENOMEM;
	*found = find_target(r->out, &hms_target_node, text);
	if (*found)
		return 0;
	target = new_target(r, &hms_target_node, text);
	if (!target)
		return -ENOMEM;
	hms_node_target(target, set->nodes);
	r->out->targets[r->out->ntargets++] = target;
	*found = target;
	return 0;
}

const struct hms_wished *resolve_wished(
	const struct resolving *r, const struct hms_term *term)
{
	unsigned i = 0;

	/* Text says it all; equal ones are ranked once. */
	while (strcmp(r->wished[i].term->text, term->text) != 0)
		i++;
	return &r->wished[i];
}

static bool is_known(const struct resolving *r, const struct hms_term *term)
{
	for (unsigned i = 0; i < r->nwished; i++)
		if (!strcmp(r->wished[i].term->text, term->text))
			return true;
	return false;
}

static int warn(
	struct resolving *r, const struct hms_term *term, const char *unknown)
{
	const char *text = hms_wish_warning(
		r->spec.policy, r->spec.graph, term, unknown, r->spec.arena);

	if (!text)
		return -ENOMEM;
	r->out->warnings[r->out->nwarnings++] = text;
	return 0;
}

/* Ranks the machine for every wish in terms, once. */
static int look_up(
	struct resolving *r, const struct hms_term *terms, unsigned n)
{
	int rc = 0;

	for (unsigned i = 0; i < n && !rc; i++) {
		const struct hms_term *term = &terms[i];
		const char *unknown = NULL;

		rc = look_up(r, term->terms, term->nterms);
		if (rc || (term->type != HMS_TERM_BEST &&
				  term->type != HMS_TERM_NEAR))
			continue;
		if (is_known(r, term))
			continue;
		rc = hms_wish_resolve(r->spec.graph, term, r->spec.arena,
			&r->wished[r->nwished++], &unknown);
		if (rc == -ENOENT)
			rc = warn(r, term, unknown);
	}
	return rc;
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
	unsigned columns = resolve_columns(r, term);

	for (unsigned column = 0; column < columns; column++) {
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

/* Two targets that are not the same memory under two names. */
static bool has_choice(const struct hms_place *place)
{
	const struct hms_target *first = NULL;

	for (unsigned i = 0; i < place->nsteps; i++)
		for (unsigned j = 0; j < place->steps[i].ntargets; j++) {
			const struct hms_target *t = place->steps[i].targets[j];

			if (!first)
				first = t;
			else if (t != first &&
				 (t->ops->maps || first->ops->maps ||
					 memcmp(t->nodes, first->nodes,
						 sizeof(t->nodes))))
				return true;
		}
	return false;
}

/* 0 also if nothing is left of it: then it has no steps. */
static int resolve_place(struct resolving *r, const struct hms_place_spec *spec,
	struct hms_place *place)
{
	unsigned most = 0;
	int rc = 0;

	for (unsigned i = 0; i < spec->nterms; i++)
		most += resolve_columns(r, &spec->terms[i]);
	place->text = spec->text;
	place->steps = hms_arena_alloc(
		r->spec.arena, most * sizeof(*place->steps) + 1);
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
	/* What it is for is what its first choice is for. */
	if (!rc && place->nsteps && spec->nterms)
		rc = resolve_reach(r, &spec->terms[0], place);
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
		place->choice = has_choice(place);
		index[i] = place->nsteps ? out->nplaces : 0;
		if (place->nsteps)
			place->index = out->nplaces++;
		else if (spec->terms[0].type != HMS_TERM_DEFAULT)
			++*missing;
	}
	return 0;
}

/* A block that the kernel interleaves is on no target that it could leave. */
static void share_by_stripes(struct hms_place *place)
{
	for (unsigned i = 0; i < place->nsteps; i++)
		place->steps[i].sharing = HMS_SHARE_STRIPES;
}

static void resolve_rules(const struct hms_policy *policy,
	struct hms_places *out, const unsigned *index)
{
	out->nrules = policy->nrules;
	for (unsigned i = 0; i < policy->nrules; i++) {
		struct hms_place *place;

		out->rule_place[i] = index[policy->rules[i].place];
		place = &out->places[out->rule_place[i]];
		if (place->choice &&
			hms_rule_migrates(policy, &policy->rules[i])) {
			out->rule_moves[i] = out->moves = true;
			share_by_stripes(place);
		}
		out->rule_limit[i].bytes = policy->rules[i].limit;
	}
	out->nlimits = policy->nlimits;
	for (unsigned i = 0; i < policy->nlimits; i++)
		out->limits[i].spec = &policy->limits[i];
}

static int alloc_tables(struct resolving *r, unsigned nterms)
{
	const struct hms_policy *policy = r->spec.policy;
	struct hms_arena *arena = r->spec.arena;
	struct hms_places *out = r->out;

	r->wished = hms_arena_alloc(arena, nterms * sizeof(*r->wished) + 1);
	out->warnings =
		hms_arena_alloc(arena, nterms * sizeof(*out->warnings) + 1);
	out->places = hms_arena_alloc(
		arena, (policy->nplaces + 1) * sizeof(*out->places));
	out->limits = hms_arena_alloc(
		arena, policy->nlimits * sizeof(*out->limits) + 1);
	out->rule_place = hms_arena_alloc(
		arena, policy->nrules * sizeof(*out->rule_place) + 1);
	out->rule_moves = hms_arena_alloc(
		arena, policy->nrules * sizeof(*out->rule_moves) + 1);
	out->rule_limit = hms_arena_alloc(
		arena, policy->nrules * sizeof(*out->rule_limit) + 1);
	return r->wished && out->warnings && out->places && out->limits &&
			       out->rule_place && out->rule_moves &&
			       out->rule_limit
		       ? 0
		       : -ENOMEM;
}

/* All wishes, then room for every target that there can be. */
static int prepare(struct resolving *r)
{
	const struct hms_policy *policy = r->spec.policy;
	unsigned nterms = 0, most = r->spec.nodes->count;
	int rc;

	for (unsigned i = 0; i < policy->nplaces; i++)
		nterms += count_terms(
			policy->places[i].terms, policy->places[i].nterms);
	rc = alloc_tables(r, nterms);
	for (unsigned i = 0; i < policy->nplaces && !rc; i++)
		rc = look_up(
			r, policy->places[i].terms, policy->places[i].nterms);
	if (rc)
		return rc;
	most += nterms;
	for (unsigned i = 0; i < r->nwished; i++)
		most += r->wished[i].nsets;
	r->out->targets = hms_arena_alloc(
		r->spec.arena, most * sizeof(*r->out->targets) + 1);
	return r->out->targets ? 0 : -ENOMEM;
}

int hms_places_resolve(const struct hms_policy *policy,
	const struct hms_graph *graph, const struct hms_nodes *nodes,
	struct hms_arena *arena, struct hms_places *out, unsigned *missing,
	struct hms_diag *diag)
{
	struct resolving r = {
		.out = out,
		.spec = { .policy = policy,
			.graph = graph,
			.nodes = nodes,
			.arena = arena,
			.diag = diag },
	};
	unsigned *index;
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
	index = hms_arena_alloc(arena, policy->nplaces * sizeof(*index) + 1);
	rc = index ? prepare(&r) : -ENOMEM;
	if (!rc)
		rc = resolve_places(&r, index, missing);
	if (rc)
		return rc;
	resolve_rules(policy, out, index);
	if (out->moves)
		resolve_speeds(&r);
	return 0;
}
