/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/needs.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"

#define WORD_BITS (8 * sizeof(unsigned long))
/* A list of runs of nodes can be this long: each second one of 1,024. */
#define SET_TEXT 4096

struct hms_wish hms_wish_of(const struct hms_term *term)
{
	return (struct hms_wish){
		.near = term->type == HMS_TERM_NEAR,
		.need = term->need,
		.access = term->access,
		.noncoherent = term->noncoherent,
		.ninitiators = term->ninitiators,
		.initiators = term->initiators,
	};
}

static int add_set(const struct hms_graph *graph,
	const struct hms_rank_step *step, struct hms_arena *arena,
	struct hms_node_set *set)
{
	unsigned long *nodes =
		hms_arena_alloc(arena, HMS_MASK_WORDS * sizeof(*nodes));

	if (!nodes)
		return -ENOMEM;
	for (unsigned i = 0; i < step->ntargets; i++) {
		/* The ranking takes nothing but nodes. */
		unsigned n = (unsigned)graph->targets[step->targets[i]].node;

		if (n < HMS_MAX_NODES)
			nodes[n / WORD_BITS] |= 1UL << n % WORD_BITS;
	}
	set->nodes = nodes;
	return 0;
}

int hms_wish_resolve(const struct hms_graph *graph, const struct hms_term *term,
	struct hms_arena *arena, struct hms_wished *out, const char **unknown)
{
	const struct hms_wish wish = hms_wish_of(term);
	struct hms_arena scratch = { 0 };
	struct hms_ranking ranking;
	int rc = hms_rank(graph, &wish, &scratch, &ranking, unknown);

	*out = (struct hms_wished){ .term = term };
	if (!rc) {
		out->sets = hms_arena_alloc(
			arena, ranking.nsteps * sizeof(*out->sets) + 1);
		out->targets = hms_arena_alloc(
			arena, ranking.nsteps * sizeof(*out->targets) + 1);
		rc = out->sets && out->targets ? 0 : -ENOMEM;
	}
	for (unsigned i = 0; !rc && i < ranking.nsteps; i++) {
		rc = add_set(graph, &ranking.steps[i], arena, &out->sets[i]);
		out->nsets = i + 1;
	}
	hms_arena_free(&scratch);
	return rc;
}

static bool in_set(const struct hms_node_set *set, unsigned n)
{
	return n < HMS_MAX_NODES &&
	       set->nodes[n / WORD_BITS] >> n % WORD_BITS & 1;
}

const char *hms_wish_set_text(
	const struct hms_node_set *set, struct hms_arena *arena)
{
	char buf[SET_TEXT];
	struct hms_text text = HMS_TEXT(buf);
	const char *join = "node:";

	buf[0] = 0;
	for (unsigned n = 0; n < HMS_MAX_NODES; n++) {
		unsigned first = n;

		if (!in_set(set, n))
			continue;
		while (in_set(set, n + 1))
			n++;
		hms_text_add(&text, "%s%u", join, first);
		if (n > first)
			hms_text_add(&text, "-%u", n);
		join = ",";
	}
	return hms_arena_strdup(arena, buf);
}

const char *hms_wish_warning(const struct hms_policy *policy,
	const struct hms_graph *graph, const struct hms_term *term,
	const char *unknown, struct hms_arena *arena)
{
	char buf[256];
	struct hms_text text = HMS_TEXT(buf);
	struct hms_diag diag;

	hms_text_add(&text, "cpu");
	for (unsigned i = 0; i < graph->ninitiators; i++) {
		const struct hms_initiator *at = &graph->initiators[i];

		/* The last one that fits is followed by dots. */
		if (text.len + strlen(at->id) + 8 > sizeof(buf)) {
			hms_text_add(&text, ", ...");
			break;
		}
		hms_text_add(&text, ", %s", at->id);
		if (at->naliases && at->kind != HMS_INITIATOR_CPU &&
			text.len + strlen(at->aliases[0]) + 12 < sizeof(buf))
			hms_text_add(&text, " (%s)", at->aliases[0]);
	}
	hms_policy_warning(policy, term->line, term->column, &diag,
		"there is no %s here; \"%s\" is left out; initiators here: %s",
		unknown, term->text, buf);
	return hms_arena_strdup(arena, diag.text);
}
