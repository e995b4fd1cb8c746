/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "base/text.h"
#include "engine/needs.h"
#include "engine/topology/topology.h"

static int complain(const struct hms_diag *diag, int rc)
{
	fprintf(stderr, "%s\n", diag->text);
	return rc == -ENOMEM ? EX_OSERR : EX_DATAERR;
}

/* A file's plain name is a path to this tool, as to every other. */
static const char *as_path(struct hms_arena *arena, const char *value)
{
	char buf[4096];
	struct hms_text text = HMS_TEXT(buf);
	struct stat st;

	if (hms_preset_text(value) || strchr(value, '/') || stat(value, &st) ||
		!S_ISREG(st.st_mode))
		return value;
	hms_text_add(&text, "./%s", value);
	return hms_arena_strdup(arena, buf);
}

static int resolve(struct tool_policy *out, struct hms_diag *diag)
{
	const char *root = getenv("HMS_TOPOLOGY");
	const struct hms_topology_request request = {
		.root = root ? root : "",
		.depth = HMS_DEPTH_DEVICES,
		.may_load = true,
	};
	unsigned missing;
	int rc = hms_topology_read(&request, &out->graph);

	if (rc) {
		fprintf(stderr, "%s: cannot read the machine: %s\n",
			root ? root : "/sys", strerror(-rc));
		return EX_NOINPUT;
	}
	diag->text[0] = 0;
	hms_topology_nodes(out->graph, &out->nodes);
	rc = hms_places_resolve(out->policy, out->graph, &out->nodes,
		&out->arena, &out->places, &missing, diag);
	for (unsigned i = 0; !rc && i < out->places.nwarnings; i++)
		fprintf(stderr, "%s\n", out->places.warnings[i]);
	return rc ? complain(diag, rc) : EX_OK;
}

int tool_policy_open(
	struct tool_policy *out, const char *value, const char *program)
{
	struct hms_diag diag;
	int rc;

	memset(out, 0, sizeof(*out));
	value = value ? as_path(&out->arena, value) : getenv("HMS_POLICY");
	rc = hms_policy_find(
		value, program, true, &out->arena, &out->policy, &diag);
	if (rc) {
		complain(&diag, rc);
		/* Errors without a place in a text are about the file. */
		return rc == -ENOMEM ? EX_OSERR
		       : diag.line || rc == -EINVAL || rc == -EFBIG
			       ? EX_DATAERR
			       : EX_NOINPUT;
	}
	return out->policy ? resolve(out, &diag) : EX_OK;
}

static void put_target(FILE *out, const struct hms_target *target)
{
	const char *join = target->nnodes > 1 ? " (nodes " : " (node ";
	bool kind = true;

	if (target->local) {
		fputs("local (next to the CPU that touches it first)", out);
		return;
	}
	fputs(target->text, out);
	/* "node:1" says which one already. */
	kind = strncmp(target->text, "node:", 5) != 0 && target->nnodes;
	for (unsigned i = 0; kind && i < HMS_MAX_NODES; i++) {
		unsigned bits = 8 * sizeof(target->nodes[0]);

		if (!(target->nodes[i / bits] >> i % bits & 1))
			continue;
		fprintf(out, "%s%u", join, i);
		join = ", ";
	}
	if (kind)
		fputc(')', out);
}

static void put_step(FILE *out, const struct hms_step *step)
{
	if (!step->ntargets)
		fputs("left to the system", out);
	for (unsigned i = 0; i < step->ntargets; i++) {
		if (step->ntargets > 1)
			fprintf(out, "%s%u/%u ", i ? " + " : "",
				step->weights[i], step->total);
		put_target(out, step->targets[i]);
	}
}

static bool is_here(const struct tool_policy *tool, const struct hms_term *term)
{
	const struct hms_wish wish = hms_wish_of(term);
	struct hms_arena scratch = { 0 };
	struct hms_ranking ranking;
	const char *unknown;
	bool here = false;

	if (term->type == HMS_TERM_KIND) {
		for (unsigned n = 0; n <= tool->nodes.max && !here; n++)
			here = tool->nodes.node[n].present &&
			       tool->nodes.node[n].kind == term->kind;
		return here;
	}
	if (term->type != HMS_TERM_BEST && term->type != HMS_TERM_NEAR)
		return true;
	here = !hms_rank(tool->graph, &wish, &scratch, &ranking, &unknown) &&
	       ranking.nsteps;
	hms_arena_free(&scratch);
	return here;
}

/* Kinds that the place names and the machine lacks, wishes it cannot grant. */
static void put_missing(FILE *out, const struct tool_policy *tool,
	const struct hms_term *terms, unsigned n, const char **join)
{
	for (unsigned i = 0; i < n; i++) {
		put_missing(out, tool, terms[i].terms, terms[i].nterms, join);
		if (is_here(tool, &terms[i]))
			continue;
		fprintf(out, "%s%s", *join, terms[i].text);
		*join = ", ";
	}
}

void tool_put_place(FILE *out, const struct tool_policy *tool, unsigned rule)
{
	const struct hms_place *place =
		&tool->places.places[tool->places.rule_place[rule]];
	const struct hms_place_spec *spec =
		&tool->policy->places[tool->policy->rules[rule].place];
	const char *join = " [not on this machine: ";

	if (!place->nsteps)
		fputs("left to the system", out);
	for (unsigned i = 0; i < place->nsteps; i++) {
		if (i)
			fputs(", then ", out);
		put_step(out, &place->steps[i]);
	}
	put_missing(out, tool, spec->terms, spec->nterms, &join);
	if (join[0] == ',')
		fputc(']', out);
}

const char *tool_moves(const struct tool_policy *tool, unsigned rule)
{
	const struct hms_policy *policy = tool->policy;
	uint32_t options = policy->rules[rule].options;

	if (!policy->migration.automatic && !(options & HMS_OPT_MIGRATE))
		return NULL;
	if (tool->places.rule_moves[rule])
		return "may move";
	return options & HMS_OPT_PIN	  ? "stays: it is pinned"
	       : options & HMS_OPT_STRICT ? "stays: it is strict"
					  : "stays: it has one target here";
}
