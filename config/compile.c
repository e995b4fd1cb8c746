/* SPDX-License-Identifier: BSD-2-Clause */
#include "config/compile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "config/words.h"

/* Under what is wrong in an included file: who includes it. */
void compile_chain(struct compile *c, unsigned source, struct hms_diag *diag)
{
	struct hms_text text = { diag->text, sizeof(diag->text),
		strlen(diag->text), false };

	while (c->files && c->files[source].parent != source) {
		const struct ast_stmt *by = c->files[source].stmt;

		source = c->files[source].parent;
		hms_text_add(&text, "\nincluded from %s:%u",
			c->policy->sources[source].name, by->loc.line);
	}
}

int compile_error(struct compile *c, unsigned source, const struct hms_loc *loc,
	const char *format, ...)
{
	va_list args;

	va_start(args, format);
	hms_diag_put(c->diag, &c->policy->sources[source], loc->line,
		loc->column, "error", format, args);
	va_end(args);
	compile_chain(c, source, c->diag);
	return -EINVAL;
}

int compile_no_memory(struct compile *c)
{
	struct hms_rule_text source = { c->in->source, "", 0, 1 };

	hms_diag_error(c->diag, &source, 0, 0, "no memory to read it");
	return -ENOMEM;
}

void compile_warn(struct compile *c, unsigned source, const struct hms_loc *loc,
	const char *format, ...)
{
	struct hms_policy *policy = c->policy;
	struct hms_diag diag;
	const char **grown;
	va_list args;

	if (policy->nwarnings == MAX_WARNINGS)
		return;
	va_start(args, format);
	hms_diag_put(&diag, &policy->sources[source], loc->line, loc->column,
		"warning", format, args);
	va_end(args);
	compile_chain(c, source, &diag);
	grown = compile_grow(
		c, policy->warnings, policy->nwarnings, sizeof(*grown));
	if (!grown)
		return;
	policy->warnings = grown;
	grown[policy->nwarnings] = hms_arena_strdup(c->arena, diag.text);
	if (grown[policy->nwarnings])
		policy->nwarnings++;
}

void compile_lacks(struct compile *c, unsigned source,
	const struct hms_loc *loc, const char *format, ...)
{
	va_list args;

	if (c->lacking)
		return;
	c->lacking = true;
	va_start(args, format);
	hms_diag_put(&c->lack, &c->policy->sources[source], loc->line,
		loc->column, "error", format, args);
	va_end(args);
	compile_chain(c, source, &c->lack);
}

unsigned compile_line(
	const struct compile *c, unsigned source, const struct hms_loc *loc)
{
	return c->policy->sources[source].first + loc->line - 1;
}

const char *compile_where(
	const struct compile *c, const struct ast_stmt *stmt, char *buf)
{
	if (stmt->source)
		snprintf(buf, 128, "line %u of %s", stmt->loc.line,
			c->policy->sources[stmt->source].name);
	else
		snprintf(buf, 128, "line %u", stmt->loc.line);
	return buf;
}

void *compile_grow(struct compile *c, void *array, unsigned n, size_t size)
{
	void *grown;

	/* Capacities are 4, 8, 16...; n counts what is in use. */
	if (n != 0 && (n < 4 || (n & (n - 1))))
		return array;
	grown = hms_arena_alloc(c->arena, (n ? 2 * n : 4) * size);
	if (grown && n)
		memcpy(grown, array, n * size);
	return grown;
}

struct target_def *compile_find(struct compile *c, const char *name)
{
	for (unsigned i = 0; i < c->ntargets; i++)
		if (!strcmp(c->targets[i].stmt->name->text, name))
			return &c->targets[i];
	return NULL;
}

/* First pass: which names there are, as limits may come before or after. */
static int collect_targets(struct compile *c)
{
	struct target_def *grown;

	for (struct ast_stmt *s = c->first; s; s = s->next) {
		if (s->type != AST_TARGET || compile_find(c, s->name->text))
			continue;
		if (c->ntargets == MAX_TARGETS)
			return compile_error(c, s->source, &s->loc,
				"more than %d targets", MAX_TARGETS);
		grown = compile_grow(
			c, c->targets, c->ntargets, sizeof(*grown));
		if (!grown)
			return compile_no_memory(c);
		c->targets = grown;
		grown[c->ntargets++] =
			(struct target_def){ .stmt = s, .limit = -1 };
	}
	return 0;
}

static int collect_limits(struct compile *c)
{
	struct hms_policy *policy = c->policy;
	struct hms_limit_spec *grown;
	struct target_def *def;

	for (struct ast_stmt *s = c->first; s; s = s->next) {
		if (s->type != AST_LIMIT)
			continue;
		def = compile_find(c, s->name->text);
		if (!def || def->limit_stmt)
			continue;
		grown = compile_grow(
			c, policy->limits, policy->nlimits, sizeof(*grown));
		if (!grown)
			return compile_no_memory(c);
		policy->limits = grown;
		grown[policy->nlimits] =
			(struct hms_limit_spec){ .name = s->name->text,
				.what = "",
				.bytes = s->bytes,
				.shared = s->shared };
		def->limit = (int)policy->nlimits++;
		def->limit_stmt = s;
	}
	return 0;
}

static int compile_limit(struct compile *c, const struct ast_stmt *s)
{
	const char *words[MAX_TARGETS], *near;
	struct target_def *def = compile_find(c, s->name->text);
	char where[128];

	for (unsigned i = 0; i < c->ntargets; i++)
		words[i] = c->targets[i].stmt->name->text;
	if (!def && hms_word_reserved(s->name->text))
		return compile_error(c, s->source, &s->name->loc,
			"limits are for names; write \"target NAME = %s\" "
			"and limit NAME",
			s->name->text);
	near = hms_text_nearest(s->name->text, words, c->ntargets);
	if (!def && near)
		return compile_error(c, s->source, &s->name->loc,
			"unknown target \"%s\"; did you mean \"%s\"?",
			s->name->text, near);
	if (!def)
		return compile_error(c, s->source, &s->name->loc,
			"unknown target \"%s\"", s->name->text);
	if (def->limit_stmt != s)
		return compile_error(c, s->source, &s->name->loc,
			"\"%s\" has a limit already, on %s", s->name->text,
			compile_where(c, def->limit_stmt, where));
	return 0;
}

/* As given, or by its line; a second one on that line with its column. */
static const char *rule_name(struct compile *c, const struct ast_stmt *s)
{
	char buf[192], where[128];

	if (s->name)
		return s->name->text;
	compile_where(c, s, where);
	for (struct ast_stmt *t = c->first; t != s; t = t->next)
		if (t->source == s->source && t->loc.line == s->loc.line) {
			unsigned n = (unsigned)strcspn(where + 5, " ") + 5;

			snprintf(buf, sizeof(buf), "%.*s:%u%s", (int)n, where,
				s->loc.column, where + n);
			return hms_arena_strdup(c->arena, buf);
		}
	return hms_arena_strdup(c->arena, where);
}

static int check_name(struct compile *c, const struct ast_stmt *s)
{
	char where[128];

	if (!s->name)
		return 0;
	for (struct ast_stmt *t = c->first; t != s; t = t->next)
		if (t->type == AST_RULE && t->name &&
			!strcmp(t->name->text, s->name->text))
			return compile_error(c, s->source, &s->name->loc,
				"there is a rule \"%s\" already, on %s",
				s->name->text, compile_where(c, t, where));
	return 0;
}

static bool plain(const struct hms_rule *rule)
{
	return !rule->from && !rule->via && !rule->site && !rule->thread &&
	       !rule->process && !rule->flags && !rule->align_min &&
	       rule->align_max == SIZE_MAX;
}

/* Says so if an earlier rule takes every call that this one could match. */
static void warn_shadowed(struct compile *c, const struct ast_stmt *s,
	const struct hms_rule *rule)
{
	for (unsigned i = 0; i < c->policy->nrules; i++) {
		const struct hms_rule *other = &c->policy->rules[i];

		if (!plain(other) || (rule->apis & ~other->apis) ||
			other->size_min > rule->size_min ||
			other->size_max < rule->size_max)
			continue;
		compile_warn(c, s->source, &s->loc,
			"this rule never matches: the rule before it, \"%s\", "
			"takes all its calls",
			other->name);
		return;
	}
}

static int compile_rule(struct compile *c, const struct ast_stmt *s)
{
	struct hms_policy *policy = c->policy;
	const char *text = policy->sources[s->source].text;
	struct hms_rule rule = {
		.line = compile_line(c, s->source, &s->loc),
		.column = s->loc.column,
		.size_max = SIZE_MAX,
		.align_max = SIZE_MAX,
		.limit = UINT64_MAX,
	};
	struct hms_rule *grown;
	bool here = true;
	int rc;

	if (policy->nrules == MAX_RULES)
		return compile_error(
			c, s->source, &s->loc, "more than %d rules", MAX_RULES);
	rc = check_name(c, s);
	if (!rc)
		rc = compile_conditions(c, s, &rule, &here);
	if (!rc)
		rc = compile_options(c, s, &rule);
	if (!rc)
		rc = compile_place(c, s, here, &rule.place);
	if (!rc && here)
		rc = compile_devices(c, s, &rule);
	if (rc || !here)
		return rc;
	rule.name = rule_name(c, s);
	rule.text = hms_arena_strndup(
		c->arena, text + s->loc.begin, s->loc.end - s->loc.begin);
	grown = compile_grow(c, policy->rules, policy->nrules, sizeof(*grown));
	if (!rule.name || !rule.text || !grown)
		return compile_no_memory(c);
	policy->rules = grown;
	warn_shadowed(c, s, &rule);
	grown[policy->nrules++] = rule;
	policy->needs_modules |= rule.from != NULL;
	policy->needs_stacks |= rule.via || rule.site;
	policy->needs_threads |= rule.thread != NULL;
	return 0;
}

static int compile_statement(struct compile *c, const struct ast_stmt *s)
{
	switch (s->type) {
	case AST_TARGET:
		return compile_target(c, s);
	case AST_RULE:
		return compile_rule(c, s);
	case AST_LIMIT:
		return compile_limit(c, s);
	case AST_MIGRATE:
		return compile_settings(c, s);
	default:
		return 0;
	}
}

static int compile_all(struct compile *c)
{
	int rc = compile_sources(c);

	if (!rc)
		rc = collect_targets(c);
	if (!rc)
		rc = collect_limits(c);
	for (struct ast_stmt *s = c->first; s && !rc; s = s->next)
		rc = compile_statement(c, s);
	if (!rc && c->lacking) {
		*c->diag = c->lack;
		rc = -EINVAL;
	}
	return rc ? rc : compile_routes(c);
}

int hms_policy_parse(const struct hms_policy_input *in, struct hms_arena *arena,
	struct hms_policy **out, struct hms_diag *diag)
{
	struct compile c = { .in = in, .arena = arena, .diag = diag };
	int rc;

	diag->text[0] = 0;
	diag->line = diag->column = 0;
	c.last = &c.first;
	c.policy = hms_arena_alloc(arena, sizeof(*c.policy));
	if (!c.policy)
		return compile_no_memory(&c);
	rc = compile_all(&c);
	if (!rc)
		*out = c.policy;
	return rc;
}

const struct hms_rule_text *hms_policy_line(
	const struct hms_policy *policy, unsigned line, unsigned *local)
{
	unsigned i = policy->nsources - 1;

	while (i > 0 && policy->sources[i].first > line)
		i--;
	*local = line ? line - policy->sources[i].first + 1 : 0;
	return &policy->sources[i];
}

static void put_diag(const struct hms_policy *policy, unsigned line,
	unsigned column, struct hms_diag *diag, const char *what,
	const char *format, va_list args)
{
	const struct hms_rule_text *source;
	unsigned local;

	source = hms_policy_line(policy, line, &local);
	hms_diag_put(diag, source, local, column, what, format, args);
}

void hms_policy_error(const struct hms_policy *policy, unsigned line,
	unsigned column, struct hms_diag *diag, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	put_diag(policy, line, column, diag, "error", format, args);
	va_end(args);
}

void hms_policy_warning(const struct hms_policy *policy, unsigned line,
	unsigned column, struct hms_diag *diag, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	put_diag(policy, line, column, diag, "warning", format, args);
	va_end(args);
}
