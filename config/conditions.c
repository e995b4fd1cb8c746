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

/*
 * The number of a pattern, from 1; 0 if there is no room for one more.  -1:
 * no memory.
 */
static int pattern(struct compile *c, const char *function, const char *module)
{
	struct hms_policy *policy = c->policy;
	struct hms_pattern *grown;

	for (unsigned i = 0; i < policy->npatterns; i++) {
		const struct hms_pattern *p = &policy->patterns[i];

		if (!function == !p->function && !module == !p->module &&
			(!function || !strcmp(function, p->function)) &&
			(!module || !strcmp(module, p->module)))
			return (int)i + 1;
	}
	if (policy->npatterns == HMS_PATTERNS)
		return 0;
	grown = compile_grow(
		c, policy->patterns, policy->npatterns, sizeof(*grown));
	if (!grown)
		return -1;
	policy->patterns = grown;
	grown[policy->npatterns++] = (struct hms_pattern){ function, module };
	return (int)policy->npatterns;
}

/* Without a pattern of its own, the glob is tried at each call. */
static int from(struct conditions *s, const struct ast_cond *cond)
{
	int rc = glob(s, cond, &s->rule->from), n;

	if (rc)
		return rc;
	n = pattern(s->c, NULL, cond->text);
	s->rule->from_pattern = n > 0 ? (unsigned)n : 0;
	return n < 0 ? compile_no_memory(s->c) : 0;
}

/* "0x12ab": where in the module; names never begin like that. */
static int check_offset(struct conditions *s, const struct ast_cond *cond)
{
	const char *text = s->rule->via;
	size_t digits;

	if (text[0] != '0' || text[1] != 'x')
		return 0;
	digits = strspn(text + 2, "0123456789abcdefABCDEF");
	if (!digits || digits > 16 || text[2 + digits])
		return compile_error(s->c, s->stmt->source, &cond->loc,
			"\"%s\" is no offset in a module, such as "
			"\"0x12ab\"",
			text);
	if (!s->rule->via_module)
		return compile_error(s->c, s->stmt->source, &cond->loc,
			"an offset needs its module: %s@libfoo.so*", text);
	return 0;
}

/* No name of a function holds "@", so quotes may be around both globs. */
static int split(struct conditions *s, const struct ast_cond *cond)
{
	struct hms_rule *rule = s->rule;
	const char *at = strrchr(cond->text, '@');

	rule->via = cond->text;
	rule->via_module = cond->module;
	if (cond->module || !at)
		return 0;
	rule->via = hms_arena_strndup(
		s->c->arena, cond->text, (size_t)(at - cond->text));
	rule->via_module = at + 1;
	return rule->via ? 0 : compile_no_memory(s->c);
}

static int via(struct conditions *s, const struct ast_cond *cond)
{
	const char *unused;
	int rc = split(s, cond), n;

	if (!rc && (!*s->rule->via ||
			   (s->rule->via_module && !*s->rule->via_module)))
		rc = glob(s, &(struct ast_cond){ .text = "", .loc = cond->loc },
			&unused);
	if (!rc)
		rc = check_offset(s, cond);
	if (rc)
		return rc;
	n = pattern(s->c, s->rule->via, s->rule->via_module);
	if (n < 0)
		return compile_no_memory(s->c);
	if (!n)
		return compile_error(s->c, s->stmt->source, &cond->loc,
			"too many different \"from\" and \"via\"; %d can be "
			"told apart",
			HMS_PATTERNS);
	s->rule->via_pattern = (unsigned)n;
	return 0;
}

static int site(struct conditions *s, const struct ast_cond *cond)
{
	int rc = glob(s, cond, &s->rule->site);

	if (rc)
		return rc;
	if (!hms_word_site(cond->text, &s->rule->site_id, &s->rule->site_hint))
		return compile_error(s->c, s->stmt->source, &cond->loc,
			"\"%s\" is no site; reports print them, 16 digits 0-9 "
			"and a-f, and 8 after a dot",
			cond->text);
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
		return from(s, cond);
	case AST_THREAD:
		return glob(s, cond, &s->rule->thread);
	case AST_PROCESS:
		return process(s, cond);
	case AST_FLAGS:
		return flags(s, cond);
	case AST_VIA:
		return via(s, cond);
	default:
		return site(s, cond);
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
		rule->apis = hms_apis_any();
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
		if ((rule->options & HMS_OPT_MIGRATE) &&
			(rule->options & HMS_OPT_STRICT))
			return compile_error(c, stmt->source, &o->loc,
				"\"migrate\" and \"strict\" exclude each other: "
				"strict memory stays on its first target");
	}
	return 0;
}
