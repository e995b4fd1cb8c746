/* SPDX-License-Identifier: BSD-2-Clause */
/* From what stands left of the arrow, and after the place, to a rule. */
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "config/compile.h"
#include "config/words.h"

static const char *const cond_names[AST_CONDS] = { "API", "size", "align",
	"from", "via", "site", "thread", "process", "flags" };

struct conditions {
	struct compile *c;
	const struct ast_stmt *stmt;
	struct hms_rule *rule;
	unsigned seen[AST_CONDS];
	bool *here;
};

static int glob(
	struct conditions *s, const struct ast_cond *cond, const char **out)
{
	*out = cond->text;
	if (*cond->text)
		return 0;
	return compile_error(s->c, s->stmt->source, &cond->loc,
		"an empty glob matches nothing; \"*\" matches everything");
}

static int apis(struct conditions *s, const struct ast_cond *cond)
{
	uint64_t now = hms_apis_now(), set;

	for (const struct ast_word *w = cond->words; w; w = w->next) {
		set = hms_word_apis(w->text);
		s->rule->apis |= set;
		if (!(set & now))
			compile_lacks(s->c, s->stmt->source, &w->loc,
				"\"%s\" is not intercepted yet", w->text);
	}
	return 0;
}

static int size(struct conditions *s, const struct ast_cond *cond)
{
	struct hms_rule *rule = s->rule;

	if (cond->min > cond->max)
		return compile_error(s->c, s->stmt->source, &cond->loc,
			"no size is in this range");
	if (cond->min > rule->size_min)
		rule->size_min = cond->min;
	if (cond->max < rule->size_max)
		rule->size_max = cond->max;
	if (rule->size_min > rule->size_max)
		return compile_error(s->c, s->stmt->source, &cond->loc,
			"no size is in both ranges of this rule");
	return 0;
}

static int align(struct conditions *s, const struct ast_cond *cond)
{
	if (cond->min > cond->max)
		return compile_error(s->c, s->stmt->source, &cond->loc,
			"no alignment is in this range");
	s->rule->align_min = cond->min;
	s->rule->align_max = cond->max;
	return 0;
}

static int flags(struct conditions *s, const struct ast_cond *cond)
{
	const char *const *words;
	const char *near;
	unsigned n;

	words = hms_words_flags(&n);
	for (const struct ast_word *w = cond->words; w; w = w->next) {
		uint32_t bit = hms_word_flag(w->text);

		s->rule->flags |= bit;
		if (bit)
			continue;
		near = hms_text_nearest(w->text, words, n);
		if (near)
			return compile_error(s->c, s->stmt->source, &w->loc,
				"unknown flag \"%s\"; did you mean \"%s\"?",
				w->text, near);
		return compile_error(s->c, s->stmt->source, &w->loc,
			"unknown flag \"%s\"", w->text);
	}
	return 0;
}

static int process(struct conditions *s, const struct ast_cond *cond)
{
	const char *program = s->c->in->program;
	int rc = glob(s, cond, &s->rule->process);

	if (rc)
		return rc;
	if (strchr(cond->text, '/'))
		compile_warn(s->c, s->stmt->source, &cond->loc,
			"programs are matched by name, without their folder");
	*s->here = !program || hms_text_glob(cond->text, program);
	return 0;
}

static int one(struct conditions *s, const struct ast_cond *cond)
{
	switch (cond->type) {
	case AST_APIS:
		return apis(s, cond);
	case AST_SIZE:
		return size(s, cond);
	case AST_ALIGN:
		return align(s, cond);
	case AST_FROM:
		return glob(s, cond, &s->rule->from);
	case AST_THREAD:
		return glob(s, cond, &s->rule->thread);
	case AST_PROCESS:
		return process(s, cond);
	case AST_FLAGS:
		return flags(s, cond);
	case AST_VIA:
		s->rule->via_module = cond->module;
		compile_lacks(s->c, s->stmt->source, &cond->loc,
			"\"via\" is not supported yet");
		return glob(s, cond, &s->rule->via);
	default:
		compile_lacks(s->c, s->stmt->source, &cond->loc,
			"\"site\" is not supported yet");
		return glob(s, cond, &s->rule->site);
	}
}

int compile_conditions(struct compile *c, const struct ast_stmt *stmt,
	struct hms_rule *rule, bool *here)
{
	struct conditions s = {
		.c = c, .stmt = stmt, .rule = rule, .here = here
	};
	int rc = 0;

	for (const struct ast_cond *cond = stmt->conds; cond && !rc;
		cond = cond->next) {
		unsigned most = cond->type == AST_SIZE ? 2 : 1;

		if (++s.seen[cond->type] <= most)
			rc = one(&s, cond);
		else if (cond->type == AST_APIS)
			rc = compile_error(c, stmt->source, &cond->loc,
				"all conditions must hold, and no call is of "
				"two APIs; join them with \"|\"");
		else
			rc = compile_error(c, stmt->source, &cond->loc,
				"\"%s\" is given %s in this rule",
				cond_names[cond->type],
				most == 1 ? "twice" : "three times");
	}
	if (!s.seen[AST_APIS])
		rule->apis = hms_apis_now();
	return rc;
}

int compile_options(
	struct compile *c, const struct ast_stmt *stmt, struct hms_rule *rule)
{
	static const char *const names[] = { "strict", "migrate", "pin", "huge",
		"nohuge", "populate" };
	bool limit = false;

	for (struct ast_option *o = stmt->options; o; o = o->next) {
		const char *name =
			o->bit ? names[__builtin_ctz(o->bit)] : "limit";

		if (o->bit ? (rule->options & o->bit) != 0 : limit)
			return compile_error(c, stmt->source, &o->loc,
				"\"%s\" is given twice", name);
		rule->options |= o->bit;
		if (!o->bit) {
			limit = true;
			rule->limit = o->limit;
		}
		if ((rule->options & HMS_OPT_HUGE) &&
			(rule->options & HMS_OPT_NOHUGE))
			return compile_error(c, stmt->source, &o->loc,
				"\"huge\" and \"nohuge\" exclude each other");
		if ((rule->options & HMS_OPT_MIGRATE) &&
			(rule->options & HMS_OPT_PIN))
			return compile_error(c, stmt->source, &o->loc,
				"\"migrate\" and \"pin\" exclude each other");
		if (o->bit == HMS_OPT_MIGRATE)
			compile_lacks(c, stmt->source, &o->loc,
				"\"migrate\" is not supported yet");
	}
	return 0;
}

/* A number and us, ms, s or m. */
static bool is_duration(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	const char *unit = text + digits;

	return digits && (!strcmp(unit, "us") || !strcmp(unit, "ms") ||
				 !strcmp(unit, "s") || !strcmp(unit, "m"));
}

static int check_setting(struct compile *c, unsigned source,
	const struct ast_word *name, const struct ast_word *value)
{
	static const char *const names[] = { "interval", "rate", "source" };
	uint64_t bytes;
	const char *near, *wanted = NULL;

	if (!strcmp(name->text, "interval")) {
		if (!is_duration(value->text))
			wanted = "a time such as 100ms";
	} else if (!strcmp(name->text, "rate")) {
		if (hms_text_size(value->text, strlen(value->text), &bytes))
			wanted = "bytes per second, such as 1G";
	} else if (!strcmp(name->text, "source")) {
		if (strspn(value->text, "0123456789"))
			wanted = "a name";
	} else {
		near = hms_text_nearest(name->text, names, 3);
		if (near)
			return compile_error(c, source, &name->loc,
				"unknown setting \"%s\"; did you mean "
				"\"%s\"?",
				name->text, near);
		return compile_error(c, source, &name->loc,
			"unknown setting \"%s\"; there are interval, rate and "
			"source",
			name->text);
	}
	if (wanted)
		return compile_error(c, source, &value->loc, "\"%s\" wants %s",
			name->text, wanted);
	return 0;
}

int compile_settings(struct compile *c, const struct ast_stmt *stmt)
{
	const struct ast_word *w, *v;
	int rc;

	if (c->migrate)
		return compile_error(c, stmt->source, &stmt->loc,
			"there is a \"migrate\" already");
	c->migrate = true;
	for (w = stmt->settings; w; w = w->next->next) {
		for (v = stmt->settings; v != w; v = v->next->next)
			if (!strcmp(v->text, w->text))
				return compile_error(c, stmt->source, &w->loc,
					"\"%s\" is given twice", w->text);
		rc = check_setting(c, stmt->source, w, w->next);
		if (rc)
			return rc;
	}
	if (stmt->on)
		compile_lacks(c, stmt->source, &stmt->loc,
			"\"migrate auto\" is not supported yet");
	return 0;
}
