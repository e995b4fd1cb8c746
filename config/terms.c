/* SPDX-License-Identifier: BSD-2-Clause */
/* From what stands right of the arrow to places. */
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "config/compile.h"
#include "config/words.h"

/* Terms being collected; where they come from, for messages. */
struct terms {
	struct compile *c;
	const struct ast_stmt *stmt;
	unsigned n;
	struct hms_term *items;
	bool share; /* inside of an interleave */
};

static int add(struct terms *terms, const struct ast_term *ast,
	const struct hms_term *term)
{
	struct compile *c = terms->c;

	if (terms->n == MAX_TERMS)
		return compile_error(c, terms->stmt->source, &ast->loc,
			"more than %d targets in one place", MAX_TERMS);
	terms->items = compile_grow(c, terms->items, terms->n, sizeof(*term));
	if (!terms->items)
		return compile_no_memory(c);
	terms->items[terms->n++] = *term;
	return 0;
}

static struct hms_term start(struct terms *terms, const struct ast_term *ast,
	enum hms_term_type type)
{
	return (struct hms_term){
		.type = type,
		.text = ast->text,
		.line = compile_line(terms->c, terms->stmt->source, &ast->loc),
		.column = ast->loc.column,
		.weight = ast->weight,
		.limit = -1,
	};
}

/* "node1" was meant as "node:1". */
static const char *with_colon(const char *text, char *buf, size_t size)
{
	size_t n = strcspn(text, "0123456789");
	struct hms_text out = { buf, size, 0, false };

	if (!n || !text[n] || text[n + strspn(text + n, "0123456789")])
		return NULL;
	if (strncmp(text, "node", n) && strncmp(text, "dax", n) &&
		strncmp(text, "cuda", n))
		return NULL;
	hms_text_add(&out, "%.*s:%s", (int)n, text, text + n);
	return out.cut ? NULL : buf;
}

static int unknown_target(struct terms *terms, const struct ast_term *ast)
{
	static const char *const fixed[] = { "local", "default", "node:0",
		"dax:0.0", "file:/path", "best", "near", "interleave",
		"managed" };
	const char *words[MAX_TARGETS + 32], *near;
	struct compile *c = terms->c;
	const char *const *kinds;
	unsigned n = 0, nkinds;
	char buf[64];

	for (; n < c->ntargets; n++)
		words[n] = c->targets[n].stmt->name->text;
	kinds = hms_words_kinds(&nkinds);
	for (unsigned i = 0; i < nkinds; i++)
		words[n++] = kinds[i];
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		words[n++] = fixed[i];
	near = with_colon(ast->text, buf, sizeof(buf));
	if (!near)
		near = hms_text_nearest(ast->text, words, n);
	if (near)
		return compile_error(c, terms->stmt->source, &ast->loc,
			"unknown target \"%s\"; did you mean \"%s\"?",
			ast->text, near);
	return compile_error(c, terms->stmt->source, &ast->loc,
		"unknown target \"%s\"", ast->text);
}

/* Hands a name's terms over, each under the name's limit. */
static int add_name(struct terms *terms, const struct ast_term *ast)
{
	struct compile *c = terms->c;
	struct target_def *def = compile_find(c, ast->text);
	unsigned source = terms->stmt->source;
	struct hms_term list;
	char where[128];
	int rc = 0;

	if (!def)
		return unknown_target(terms, ast);
	if (def->stmt == terms->stmt)
		return compile_error(c, source, &ast->loc,
			"\"%s\" is made of itself", ast->text);
	if (!def->ready)
		return compile_error(c, source, &ast->loc,
			"\"%s\" is used before its definition on %s", ast->text,
			compile_where(c, def->stmt, where));
	if (!terms->share) {
		for (unsigned i = 0; i < def->nterms && !rc; i++)
			rc = add(terms, ast, &def->terms[i]);
		return rc;
	}
	for (unsigned i = 0; i < def->nterms; i++)
		if (def->terms[i].type == HMS_TERM_INTERLEAVE ||
			def->terms[i].type == HMS_TERM_DEVICE ||
			def->terms[i].type == HMS_TERM_MANAGED ||
			def->terms[i].type == HMS_TERM_DEFAULT)
			return compile_error(c, source, &ast->loc,
				"\"%s\" holds \"%s\", which cannot be "
				"interleaved",
				ast->text, def->terms[i].text);
	if (def->nterms == 1) {
		list = def->terms[0];
		list.weight = ast->weight;
		return add(terms, ast, &list);
	}
	list = start(terms, ast, HMS_TERM_LIST);
	list.limit = def->limit;
	list.nterms = def->nterms;
	list.terms = def->terms;
	return add(terms, ast, &list);
}

static int add_kind(struct terms *terms, const struct ast_term *ast)
{
	struct hms_term term = start(terms, ast, HMS_TERM_KIND);

	term.kind = (enum hms_kind)hms_word_kind(ast->text);
	return add(terms, ast, &term);
}

static int add_id(struct terms *terms, const struct ast_term *ast)
{
	struct hms_term term = start(terms, ast, HMS_TERM_NODE);
	int rc = compile_id(terms->c, terms->stmt->source, ast, &term);

	if (!rc && term.type == HMS_TERM_DEVICE && terms->share)
		return compile_error(terms->c, terms->stmt->source, &ast->loc,
			"memory of devices (%s) cannot be interleaved",
			ast->text);
	return rc ? rc : add(terms, ast, &term);
}

static void put_terms(struct hms_text *text, const struct hms_term *terms,
	unsigned n, const char *join);

static int add_terms(struct terms *terms, const struct ast_term *list);

/* Where some weights are written, the others are 1. */
static void weigh(struct terms *shares)
{
	bool written = false;

	for (unsigned i = 0; i < shares->n; i++)
		written |= shares->items[i].weight > 0;
	for (unsigned i = 0; written && i < shares->n; i++)
		shares->items[i].weight += !shares->items[i].weight;
}

static int add_group(struct terms *terms, const struct ast_term *ast)
{
	bool share = ast->type == AST_INTERLEAVE;
	struct hms_term term = start(
		terms, ast, share ? HMS_TERM_INTERLEAVE : HMS_TERM_MANAGED);
	struct terms inner = { terms->c, terms->stmt, 0, NULL, share };
	char buf[512];
	struct hms_text text = HMS_TEXT(buf);
	int rc = add_terms(&inner, ast->inner);

	if (rc)
		return rc;
	weigh(&inner);
	term.nterms = inner.n;
	term.terms = inner.items;
	hms_text_add(&text, share ? "interleave(" : "managed(");
	put_terms(&text, inner.items, inner.n, share ? ", " : " then ");
	hms_text_add(&text, ")");
	term.text = hms_arena_strdup(terms->c->arena, buf);
	return term.text ? add(terms, ast, &term) : compile_no_memory(terms->c);
}

static int add_fixed(struct terms *terms, const struct ast_term *ast,
	enum hms_term_type type)
{
	struct hms_term term = start(terms, ast, type);

	return add(terms, ast, &term);
}

static int add_term(struct terms *terms, const struct ast_term *ast)
{
	struct hms_term wish;
	int rc;

	if (terms->share &&
		(ast->type == AST_INTERLEAVE || ast->type == AST_MANAGED ||
			ast->type == AST_DEFAULT))
		return compile_error(terms->c, terms->stmt->source, &ast->loc,
			"\"%s\" cannot be interleaved",
			ast->type == AST_DEFAULT   ? "default"
			: ast->type == AST_MANAGED ? "managed"
						   : "interleave");
	switch (ast->type) {
	case AST_NAME:
		return add_name(terms, ast);
	case AST_KIND:
		return add_kind(terms, ast);
	case AST_ID:
		return add_id(terms, ast);
	case AST_LOCAL:
		return add_fixed(terms, ast, HMS_TERM_LOCAL);
	case AST_DEFAULT:
		return add_fixed(terms, ast, HMS_TERM_DEFAULT);
	case AST_BEST:
	case AST_NEAR:
		rc = compile_wish(terms->c, terms->stmt->source, ast, &wish);
		return rc ? rc : add(terms, ast, &wish);
	default:
		return add_group(terms, ast);
	}
}

static int add_terms(struct terms *terms, const struct ast_term *list)
{
	int rc = 0;

	for (; list && !rc; list = list->next)
		rc = add_term(terms, list);
	return rc;
}

/* Weights of 1 go without saying, but not all of them. */
static void put_terms(struct hms_text *text, const struct hms_term *terms,
	unsigned n, const char *join)
{
	bool even = true;

	for (unsigned i = 0; i < n; i++)
		even = even && terms[i].weight == 1;
	for (unsigned i = 0; i < n; i++) {
		hms_text_add(text, "%s%s", i ? join : "", terms[i].text);
		if (terms[i].weight > !even)
			hms_text_add(text, "*%u", terms[i].weight);
	}
}

/* What the limit of a name is about. */
static int say_limited(struct compile *c, const struct target_def *def)
{
	char buf[1024];
	struct hms_text text = HMS_TEXT(buf);
	const char *what;

	put_terms(&text, def->terms, def->nterms, " then ");
	what = hms_arena_strdup(c->arena, buf);
	if (!what)
		return compile_no_memory(c);
	c->policy->limits[def->limit].what = what;
	return 0;
}

int compile_target(struct compile *c, const struct ast_stmt *stmt)
{
	struct target_def *def = compile_find(c, stmt->name->text);
	struct terms terms = { .c = c, .stmt = stmt };
	char where[128];
	int rc;

	if (hms_word_reserved(stmt->name->text))
		return compile_error(c, stmt->source, &stmt->name->loc,
			"\"%s\" is a word of the language; choose another "
			"name",
			stmt->name->text);
	if (def->stmt != stmt)
		return compile_error(c, stmt->source, &stmt->name->loc,
			"there is a target \"%s\" already, on %s",
			stmt->name->text, compile_where(c, def->stmt, where));
	rc = add_terms(&terms, stmt->terms);
	if (rc)
		return rc;
	for (unsigned i = 0; i < terms.n && def->limit >= 0; i++) {
		struct hms_term *term = &terms.items[i];

		if (term->limit >= 0)
			return compile_error(c, stmt->source, &stmt->name->loc,
				"both \"%s\" and \"%s\", a part of it, have a "
				"limit; only one can count",
				stmt->name->text,
				c->policy->limits[term->limit].name);
		term->limit = def->limit;
	}
	def->nterms = terms.n;
	def->terms = terms.items;
	def->ready = true;
	return def->limit < 0 ? 0 : say_limited(c, def);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* Text says it all, but for what is inside and under which limit. */
static bool same_terms(
	const struct hms_term *a, const struct hms_term *b, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (a[i].type != b[i].type || a[i].limit != b[i].limit ||
			a[i].weight != b[i].weight ||
			a[i].nterms != b[i].nterms ||
			!same_text(a[i].path, b[i].path))
			return false;
		if (a[i].nterms ? !same_terms(
					  a[i].terms, b[i].terms, a[i].nterms)
				: !same_text(a[i].text, b[i].text))
			return false;
	}
	return true;
}

static void warn_unreachable(struct compile *c, const struct ast_stmt *stmt,
	const struct terms *terms)
{
	for (unsigned i = 0; i + 1 < terms->n; i++)
		if ((terms->items[i].type == HMS_TERM_DEFAULT ||
			    terms->items[i].type == HMS_TERM_LOCAL) &&
			terms->items[i].limit < 0) {
			compile_warn(c, stmt->source, &stmt->terms->loc,
				"nothing spills over \"%s\": the targets after "
				"it are never used",
				terms->items[i].text);
			return;
		}
}

int compile_place(struct compile *c, const struct ast_stmt *stmt, bool keep,
	unsigned *place)
{
	struct hms_policy *policy = c->policy;
	struct terms terms = { .c = c, .stmt = stmt };
	struct hms_place_spec *grown;
	char buf[512];
	struct hms_text text = HMS_TEXT(buf);
	int rc = add_terms(&terms, stmt->terms);

	if (rc)
		return rc;
	warn_unreachable(c, stmt, &terms);
	if (!keep)
		return 0;
	for (unsigned i = 0; i < policy->nplaces; i++)
		if (policy->places[i].nterms == terms.n &&
			same_terms(policy->places[i].terms, terms.items,
				terms.n)) {
			*place = i;
			return 0;
		}
	if (policy->nplaces == MAX_PLACES)
		return compile_error(c, stmt->source, &stmt->terms->loc,
			"more than %d different places", MAX_PLACES);
	put_terms(&text, terms.items, terms.n, " then ");
	grown = compile_grow(
		c, policy->places, policy->nplaces, sizeof(*grown));
	if (!grown)
		return compile_no_memory(c);
	policy->places = grown;
	*place = policy->nplaces++;
	grown[*place] =
		(struct hms_place_spec){ hms_arena_strdup(c->arena, buf),
			terms.n, terms.items };
	return grown[*place].text ? 0 : compile_no_memory(c);
}
