/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/ranking.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "engine/needs.h"

/* One wish that is being explained. */
struct showing {
	FILE *out;
	const struct hms_graph *graph;
	struct hms_wish wish;
	struct hms_ranking ranking;
	int width; /* of the longest id */
};

static void put_value(FILE *out, enum hms_need need, uint32_t value)
{
	if (need == HMS_LATENCY)
		fprintf(out, "%u ns", value);
	else if (value < 1000)
		fprintf(out, "%u MB/s", value);
	else
		fprintf(out, "%.4g GB/s", value / 1e3);
}

/* "(400 GB/s firmware, 120 ns guessed)"; nothing if nothing is known. */
static void put_perf(const struct showing *s, const struct hms_perf *perf)
{
	static const enum hms_need needs[] = { HMS_BANDWIDTH, HMS_LATENCY };
	const char *join = " (";

	for (int i = 0; i < 2; i++) {
		enum hms_origin origin;
		uint32_t value =
			hms_perf_value(perf, needs[i], s->wish.access, &origin);

		if (!value)
			continue;
		fputs(join, s->out);
		put_value(s->out, needs[i], value);
		fprintf(s->out, " %s", hms_origin_name(origin));
		join = ", ";
	}
	if (*join == ',')
		fputc(')', s->out);
}

static void put_path(const struct showing *s, const struct hms_path *path)
{
	const struct hms_graph *graph = s->graph;

	for (unsigned i = 0; i < path->nlinks; i++) {
		const struct hms_link *link = &graph->links[path->links[i]];

		if (i) {
			const struct hms_bridge *bridge =
				&graph->bridges[path->bridges[i - 1]];

			fprintf(s->out, " > %s",
				bridge->id ? bridge->id : "bridge");
			put_perf(s, &bridge->perf);
			fputs(" > ", s->out);
		}
		fputs(link->id, s->out);
		put_perf(s, &link->perf);
	}
}

static void put_chosen(const struct showing *s, unsigned target)
{
	const struct hms_candidate *c = &s->ranking.candidates[target];
	const struct hms_memory *memory = &s->graph->targets[target];
	bool by_latency = s->wish.near || s->wish.need == HMS_LATENCY;
	char human[16];

	fprintf(s->out, "    %2u. %-*s  %-4s  ", c->step + 1, s->width,
		memory->id, hms_kind_name(memory->kind));
	if (!s->wish.near && s->wish.need == HMS_CAPACITY)
		fprintf(s->out, "%s %s, ", hms_text_human(memory->size, human),
			hms_origin_name((enum hms_origin)memory
						->origin[HMS_FIELD_SIZE]));
	if (c->value) {
		put_value(s->out, by_latency ? HMS_LATENCY : HMS_BANDWIDTH,
			c->value);
		fprintf(s->out, " %s", hms_origin_name(c->origin));
	} else {
		fprintf(s->out, "%s unknown",
			by_latency ? "latency" : "bandwidth");
	}
	fprintf(s->out, "\n        %s: ",
		c->who >= 0 ? s->graph->initiators[c->who].id : "nobody");
	put_path(s, &c->path);
	fputc('\n', s->out);
}

static void put_candidates(const struct showing *s)
{
	char why[128];

	for (unsigned i = 0; i < s->ranking.nsteps; i++) {
		const struct hms_rank_step *step = &s->ranking.steps[i];

		for (unsigned j = 0; j < step->ntargets; j++)
			put_chosen(s, step->targets[j]);
	}
	for (unsigned t = 0; t < s->ranking.ncandidates; t++) {
		const struct hms_candidate *c = &s->ranking.candidates[t];

		if (c->verdict == HMS_CHOSEN)
			continue;
		fprintf(s->out, "     -  %-*s  %-4s  %s\n", s->width,
			s->graph->targets[t].id,
			hms_kind_name(s->graph->targets[t].kind),
			hms_verdict_text(s->graph, c, why, sizeof(why)));
	}
}

static void put_ranking(
	FILE *out, const struct hms_graph *graph, const struct hms_term *term)
{
	struct showing s = {
		.out = out, .graph = graph, .wish = hms_wish_of(term)
	};
	struct hms_arena arena = { 0 };
	const char *unknown = NULL;
	int rc = hms_rank(graph, &s.wish, &arena, &s.ranking, &unknown);

	if (rc == -ENOENT)
		fprintf(out, "  %s: there is no %s here\n", term->text,
			unknown);
	else if (rc)
		fprintf(out, "  %s: %s\n", term->text, strerror(-rc));
	for (unsigned t = 0; t < graph->ntargets; t++) {
		int len = (int)strlen(graph->targets[t].id);

		if (len > s.width)
			s.width = len;
	}
	if (!rc) {
		fprintf(out, "  %s%s:\n", term->text,
			!s.ranking.nsteps  ? ", which nothing here answers"
			: s.ranking.by_cpu ? ", of the CPUs the nearest"
					   : "");
		put_candidates(&s);
	}
	hms_arena_free(&arena);
}

static bool is_first(const struct hms_term *terms, unsigned i)
{
	for (unsigned j = 0; j < i; j++)
		if (terms[j].type == terms[i].type &&
			!strcmp(terms[j].text, terms[i].text))
			return false;
	return true;
}

void tool_put_rankings(FILE *out, const struct hms_graph *graph,
	const struct hms_term *terms, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (!is_first(terms, i))
			continue;
		if (terms[i].type == HMS_TERM_BEST ||
			terms[i].type == HMS_TERM_NEAR)
			put_ranking(out, graph, &terms[i]);
		tool_put_rankings(out, graph, terms[i].terms, terms[i].nterms);
	}
}
