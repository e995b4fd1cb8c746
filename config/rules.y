/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Grammar of the rule language, hms-policy(5).  Builds the tree of ast.h;
 * what names mean is the compiler's business.
 */
%code requires {
#include "config/ast.h"
}

%code {
#include <string.h>

#include "base/text.h"
#include "config/words.h"

/*
 * The stack never grows: lists are left-recursive, so only brackets within
 * brackets need depth, and nobody nests them 60 deep.  Then bison needs no
 * memory but its own frame.
 */
#define YYINITDEPTH 200
#define YYMAXDEPTH 200
#define YYMALLOC(size) ((void *)0)
#define YYFREE(p) ((void)(p))
#define YYLLOC_DEFAULT(now, rhs, n) \
	do { \
		(now) = YYRHSLOC(rhs, (n) ? 1 : 0); \
		if (n) \
			(now).end = YYRHSLOC(rhs, n).end; \
		else \
			(now).begin = (now).end; \
	} while (0)

int hms_rules_token(HMS_RULES_STYPE *value, struct hms_loc *loc, void *scanner);

static int yylex(HMS_RULES_STYPE *value, struct hms_loc *loc,
	struct hms_parse *parse)
{
	return hms_rules_token(value, loc, parse->scanner);
}

/* Bison's own complaints: there is one, that its stack is full. */
static void yyerror(const struct hms_loc *loc, struct hms_parse *parse,
	const char *message)
{
	(void)message;
	ast_error(parse, loc, "brackets are nested too deeply here");
}

static struct ast_stmt *stmt(struct hms_parse *parse, enum ast_stmt_type type,
	const struct hms_loc *loc, const struct ast_word *name)
{
	struct ast_stmt *s = ast_alloc(parse, sizeof(*s));

	s->type = type;
	s->loc = *loc;
	s->name = name;
	return s;
}

static struct ast_cond *cond(struct hms_parse *parse, enum ast_cond_type type,
	const struct hms_loc *loc, const char *text)
{
	struct ast_cond *c = ast_alloc(parse, sizeof(*c));

	c->type = type;
	c->loc = *loc;
	c->text = text;
	c->max = UINT64_MAX;
	return c;
}

static struct ast_term *term(struct hms_parse *parse, enum ast_term_type type,
	const struct hms_loc *loc, const char *text)
{
	struct ast_term *t = ast_alloc(parse, sizeof(*t));

	t->type = type;
	t->loc = *loc;
	t->text = text;
	return t;
}

static struct ast_option *option(struct hms_parse *parse, uint32_t bit,
	const struct hms_loc *loc)
{
	struct ast_option *o = ast_alloc(parse, sizeof(*o));

	o->bit = bit;
	o->loc = *loc;
	return o;
}

/* Lists are kept by their last element while they grow, in a ring. */
#define RING(node) ((node)->next = (node))
#define RING_ADD(last, node) \
	((node)->next = (last)->next, (last)->next = (node))
/* Opens the ring: from its last element to its first. */
#define UNRING(last, first) \
	do { \
		(first) = (last)->next; \
		(last)->next = NULL; \
	} while (0)
}

%define api.pure full
%define api.prefix {hms_rules_}
%define api.token.prefix {T_}
%define api.location.type {struct hms_loc}
%define parse.error custom
%define lr.type canonical-lr
%locations
%param { struct hms_parse *parse }
%initial-action { @$ = (struct hms_loc){ 1, 1, 0, 0 }; }

%union {
	const char *text;
	unsigned number;
	bool flag;
	struct ast_word *word;
	struct ast_term *term;
	struct ast_cond *cond;
	struct ast_option *option;
	struct ast_stmt *stmt;
	enum hms_need need;
	enum hms_access access;
}

%token SEP "the end of the line"
%token <text> NAME "a name" API "an API" KIND "a kind of memory"
	ID "a target" NUMBER "a size" STRING "a string" PATH "a path"
	GLOB "a glob" CMP "<="
%token TARGET "target" RULE "rule" LIMIT "limit" MIGRATE "migrate"
	INCLUDE "include" SIZE "size" ALIGN "align" FROM "from" VIA "via"
	SITE "site" THREAD "thread" PROCESS "process" FLAGS "flags"
	THEN "then" LOCAL "local" DEFAULT "default" BEST "best" NEAR "near"
	INTERLEAVE "interleave" MANAGED "managed" BANDWIDTH "bandwidth"
	LATENCY "latency" CAPACITY "capacity" READ "read" WRITE "write"
	FOR "for" AND "and" NONCOHERENT "noncoherent" STRICT "strict" PIN "pin" HUGE "huge"
	NOHUGE "nohuge" POPULATE "populate" SHARED "shared" AUTO "auto"
	OFF "off"
%token ARROW "->" EQUALS "=" DOTS ".." OPEN "(" CLOSE ")" STAR "*" COMMA ","
	COLON ":" BAR "|" AT "@"

%type <stmt> statement rule
%type <cond> match conds cond
%type <term> place terms term shares share
%type <option> options option_list option
%type <word> apis flags initiator initiators for_initiators settings
	setting_list name value
%type <flag> shared noncoherent
%type <need> need
%type <access> access
%type <text> compare

%%

policy:
	line
|	policy SEP line
;

line:
	%empty
|	statement {
		$1->loc = @1;
		*parse->end = $1;
		parse->end = &$1->next;
	}
;

statement:
	TARGET name EQUALS place {
		$$ = stmt(parse, AST_TARGET, &@$, $2);
		$$->terms = $4;
	}
|	RULE name COLON rule { $$ = $4; $$->name = $2; }
|	rule
|	LIMIT name NUMBER shared {
		$$ = stmt(parse, AST_LIMIT, &@$, $2);
		$$->shared = $4;
		if (!ast_size(parse, $3, &@3, &$$->bytes))
			YYABORT;
	}
|	MIGRATE AUTO settings {
		$$ = stmt(parse, AST_MIGRATE, &@$, NULL);
		$$->on = true;
		$$->settings = $3;
	}
|	MIGRATE OFF settings {
		$$ = stmt(parse, AST_MIGRATE, &@$, NULL);
		$$->settings = $3;
	}
|	INCLUDE PATH {
		$$ = stmt(parse, AST_INCLUDE, &@$, ast_word(parse, $2, &@2));
	}
;

name:
	NAME { $$ = ast_word(parse, $1, &@1); }
;

shared:
	%empty { $$ = false; }
|	SHARED { $$ = true; }
;

settings:
	%empty { $$ = NULL; }
|	setting_list { UNRING($1, $$); }
;

setting_list:
	name value { RING($1); RING_ADD($1, $2); $$ = $2; }
|	setting_list name value {
		RING_ADD($1, $2);
		RING_ADD($2, $3);
		$$ = $3;
	}
;

value:
	NAME { $$ = ast_word(parse, $1, &@1); }
|	NUMBER { $$ = ast_word(parse, $1, &@1); }
;

rule:
	match ARROW place options {
		$$ = stmt(parse, AST_RULE, &@$, NULL);
		$$->conds = $1;
		$$->terms = $3;
		$$->options = $4;
	}
;

match:
	STAR { $$ = NULL; }
|	conds { UNRING($1, $$); }
;

conds:
	cond { RING($1); $$ = $1; }
|	conds COMMA cond { RING_ADD($1, $3); $$ = $3; }
;

cond:
	apis {
		$$ = cond(parse, AST_APIS, &@$, NULL);
		UNRING($1, $$->words);
	}
|	SIZE compare NUMBER {
		uint64_t bytes;

		$$ = cond(parse, AST_SIZE, &@$, NULL);
		if (!ast_size(parse, $3, &@3, &bytes))
			YYABORT;
		ast_interval($$, $2, bytes);
	}
|	SIZE NUMBER DOTS NUMBER {
		$$ = cond(parse, AST_SIZE, &@$, NULL);
		if (!ast_size(parse, $2, &@2, &$$->min) ||
			!ast_size(parse, $4, &@4, &$$->max))
			YYABORT;
	}
|	ALIGN compare NUMBER {
		uint64_t bytes;

		$$ = cond(parse, AST_ALIGN, &@$, NULL);
		if (!ast_size(parse, $3, &@3, &bytes))
			YYABORT;
		ast_interval($$, $2, bytes);
	}
|	FROM GLOB { $$ = cond(parse, AST_FROM, &@$, $2); }
|	VIA GLOB { $$ = cond(parse, AST_VIA, &@$, $2); }
|	VIA GLOB AT GLOB {
		$$ = cond(parse, AST_VIA, &@$, $2);
		$$->module = $4;
	}
|	SITE GLOB { $$ = cond(parse, AST_SITE, &@$, $2); }
|	THREAD GLOB { $$ = cond(parse, AST_THREAD, &@$, $2); }
|	PROCESS GLOB { $$ = cond(parse, AST_PROCESS, &@$, $2); }
|	FLAGS flags {
		$$ = cond(parse, AST_FLAGS, &@$, NULL);
		UNRING($2, $$->words);
	}
;

compare:
	CMP
|	EQUALS { $$ = "="; }
;

apis:
	API { $$ = ast_word(parse, $1, &@1); RING($$); }
|	apis BAR API {
		$$ = ast_word(parse, $3, &@3);
		RING_ADD($1, $$);
	}
;

flags:
	name { RING($1); $$ = $1; }
|	flags BAR name { RING_ADD($1, $3); $$ = $3; }
;

place:
	terms { UNRING($1, $$); }
;

terms:
	term { RING($1); $$ = $1; }
|	terms THEN term { RING_ADD($1, $3); $$ = $3; }
;

term:
	LOCAL { $$ = term(parse, AST_LOCAL, &@$, "local"); }
|	DEFAULT { $$ = term(parse, AST_DEFAULT, &@$, "default"); }
|	NAME { $$ = term(parse, AST_NAME, &@$, $1); }
|	KIND { $$ = term(parse, AST_KIND, &@$, $1); }
|	ID { $$ = term(parse, AST_ID, &@$, $1); }
|	BEST need access for_initiators noncoherent {
		$$ = term(parse, AST_BEST, &@$, NULL);
		$$->need = $2;
		$$->access = $3;
		$$->initiators = $4;
		$$->noncoherent = $5;
	}
|	NEAR initiator noncoherent {
		$$ = term(parse, AST_NEAR, &@$, NULL);
		$$->initiators = $2;
		$$->noncoherent = $3;
	}
|	INTERLEAVE OPEN shares CLOSE {
		$$ = term(parse, AST_INTERLEAVE, &@$, NULL);
		UNRING($3, $$->inner);
	}
|	INTERLEAVE OPEN CLOSE {
		ast_error(parse, &@3,
			"an interleave needs at least one target");
		YYABORT;
	}
|	MANAGED OPEN place CLOSE {
		$$ = term(parse, AST_MANAGED, &@$, NULL);
		$$->inner = $3;
	}
;

shares:
	share { RING($1); $$ = $1; }
|	shares COMMA share { RING_ADD($1, $3); $$ = $3; }
;

share:
	term
|	term STAR NUMBER {
		$$ = $1;
		if (!ast_weight(parse, $3, &@3, &$$->weight))
			YYABORT;
	}
;

need:
	BANDWIDTH { $$ = HMS_BANDWIDTH; }
|	LATENCY { $$ = HMS_LATENCY; }
|	CAPACITY { $$ = HMS_CAPACITY; }
;

access:
	%empty { $$ = HMS_READ_WRITE; }
|	READ { $$ = HMS_READ; }
|	WRITE { $$ = HMS_WRITE; }
;

noncoherent:
	%empty { $$ = false; }
|	NONCOHERENT { $$ = true; }
;

for_initiators:
	%empty { $$ = NULL; }
|	FOR initiators { UNRING($2, $$); }
;

initiators:
	initiator { RING($1); $$ = $1; }
|	initiators AND initiator { RING_ADD($1, $3); $$ = $3; }
;

initiator:
	NAME { $$ = ast_word(parse, $1, &@1); }
|	ID { $$ = ast_word(parse, $1, &@1); }
|	KIND { $$ = ast_word(parse, $1, &@1); }
;

options:
	%empty { $$ = NULL; }
|	COMMA option_list { UNRING($2, $$); }
;

option_list:
	option { RING($1); $$ = $1; }
|	option_list COMMA option { RING_ADD($1, $3); $$ = $3; }
;

option:
	STRICT { $$ = option(parse, HMS_OPT_STRICT, &@$); }
|	MIGRATE { $$ = option(parse, HMS_OPT_MIGRATE, &@$); }
|	PIN { $$ = option(parse, HMS_OPT_PIN, &@$); }
|	HUGE { $$ = option(parse, HMS_OPT_HUGE, &@$); }
|	NOHUGE { $$ = option(parse, HMS_OPT_NOHUGE, &@$); }
|	POPULATE { $$ = option(parse, HMS_OPT_POPULATE, &@$); }
|	LIMIT NUMBER {
		$$ = option(parse, 0, &@$);
		if (!ast_size(parse, $2, &@2, &$$->limit))
			YYABORT;
	}
;

%%

/* Tokens that one phrase stands for, when its first one is expected. */
static const struct {
	const char *phrase;
	yysymbol_kind_t members[16];
} groups[] = {
	{ "a statement",
		{ YYSYMBOL_TARGET, YYSYMBOL_RULE, YYSYMBOL_LIMIT,
			YYSYMBOL_MIGRATE, YYSYMBOL_INCLUDE, YYSYMBOL_STAR,
			YYSYMBOL_API, YYSYMBOL_SIZE, YYSYMBOL_ALIGN,
			YYSYMBOL_FROM, YYSYMBOL_VIA, YYSYMBOL_SITE,
			YYSYMBOL_THREAD, YYSYMBOL_PROCESS, YYSYMBOL_FLAGS,
			YYSYMBOL_YYEMPTY } },
	{ "a condition",
		{ YYSYMBOL_API, YYSYMBOL_SIZE, YYSYMBOL_ALIGN, YYSYMBOL_FROM,
			YYSYMBOL_VIA, YYSYMBOL_SITE, YYSYMBOL_THREAD,
			YYSYMBOL_PROCESS, YYSYMBOL_FLAGS, YYSYMBOL_YYEMPTY } },
	{ "a target",
		{ YYSYMBOL_LOCAL, YYSYMBOL_DEFAULT, YYSYMBOL_NAME,
			YYSYMBOL_KIND, YYSYMBOL_ID, YYSYMBOL_BEST,
			YYSYMBOL_NEAR, YYSYMBOL_INTERLEAVE, YYSYMBOL_MANAGED,
			YYSYMBOL_YYEMPTY } },
	{ "an option",
		{ YYSYMBOL_STRICT, YYSYMBOL_MIGRATE, YYSYMBOL_PIN,
			YYSYMBOL_HUGE, YYSYMBOL_NOHUGE, YYSYMBOL_POPULATE,
			YYSYMBOL_LIMIT, YYSYMBOL_YYEMPTY } },
	{ "an initiator",
		{ YYSYMBOL_ID, YYSYMBOL_NAME, YYSYMBOL_KIND,
			YYSYMBOL_YYEMPTY } },
	{ "a comparison",
		{ YYSYMBOL_CMP, YYSYMBOL_EQUALS, YYSYMBOL_YYEMPTY } },
	{ "a name or a size",
		{ YYSYMBOL_NUMBER, YYSYMBOL_NAME, YYSYMBOL_YYEMPTY } },
	{ "the end of the line",
		{ YYSYMBOL_SEP, YYSYMBOL_YYEOF, YYSYMBOL_YYEMPTY } },
};

#define MAX_PHRASES 12

static int index_of(const yysymbol_kind_t *set, int n, yysymbol_kind_t symbol)
{
	for (int i = 0; i < n; i++)
		if (set[i] == symbol)
			return i;
	return -1;
}

/* Takes a group out of the set if all of it is there. */
static bool take_group(yysymbol_kind_t *set, int *n,
	const yysymbol_kind_t *members)
{
	for (int i = 0; members[i] != YYSYMBOL_YYEMPTY; i++)
		if (index_of(set, *n, members[i]) < 0)
			return false;
	for (int i = 0; members[i] != YYSYMBOL_YYEMPTY; i++) {
		int at = index_of(set, *n, members[i]);

		set[at] = set[--*n];
	}
	return true;
}

/* "a target, "size" or "(""; the set is used up. */
static void put_expected(struct hms_text *text, yysymbol_kind_t *set, int n)
{
	const char *phrases[MAX_PHRASES];
	bool quoted[MAX_PHRASES];
	int count = 0;

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (take_group(set, &n, groups[i].members)) {
			quoted[count] = false;
			phrases[count++] = groups[i].phrase;
			/* Nothing needs to follow, but that is no hint. */
			if (i == 0)
				n = 0;
		}
	for (int i = 0; i < n && count < MAX_PHRASES; i++) {
		const char *name = yysymbol_name(set[i]);

		quoted[count] = strncmp(name, "a ", 2) && strncmp(name, "an ", 3);
		phrases[count++] = name;
	}
	for (int i = 0; i < count; i++) {
		const char *join = !i ? "" : i + 1 < count ? ", " : " or ";

		hms_text_add(text, quoted[i] ? "%s\"%s\"" : "%s%s", join,
			phrases[i]);
	}
}

/* The word that was meant by one that nobody knows, among those expected. */
static const char *meant(const char *word, const yysymbol_kind_t *set, int n)
{
	const char *words[YYNTOKENS + 64];
	const char *const *more;
	size_t count = 0;
	unsigned nmore;

	for (int i = 0; i < n; i++) {
		more = NULL;
		if (set[i] == YYSYMBOL_API)
			more = hms_words_apis(&nmore);
		else if (set[i] == YYSYMBOL_KIND)
			more = hms_words_kinds(&nmore);
		else if (set[i] >= YYSYMBOL_TARGET && set[i] < YYSYMBOL_ARROW)
			words[count++] = yysymbol_name(set[i]);
		for (unsigned j = 0; more && j < nmore && j < 32; j++)
			words[count++] = more[j];
	}
	return hms_text_nearest(word, words, count);
}

static int yyreport_syntax_error(const yypcontext_t *context,
	struct hms_parse *parse)
{
	const struct hms_loc *loc = yypcontext_location(context);
	yysymbol_kind_t set[YYNTOKENS], got = yypcontext_token(context);
	int n = yypcontext_expected_tokens(context, set, YYNTOKENS);
	const char *near = NULL, *bytes = parse->source->text + loc->begin;
	char expected[256], word[64];
	struct hms_text text = HMS_TEXT(expected), copy = HMS_TEXT(word);

	expected[0] = word[0] = 0;
	hms_text_put(&copy, bytes, loc->end - loc->begin);
	if (got == YYSYMBOL_NAME)
		near = meant(word, set, n);
	if (n > 0)
		put_expected(&text, set, n);
	if (near)
		ast_error(parse, loc,
			"unknown word \"%s\"; did you mean \"%s\"?", word,
			near);
	else if (got == YYSYMBOL_NAME)
		ast_error(parse, loc, "unknown word \"%s\"; expected %s", word,
			expected);
	else if (got == YYSYMBOL_YYEOF || (got == YYSYMBOL_SEP && *word != ';'))
		ast_error(parse, loc, "the %s ends here; expected %s",
			got == YYSYMBOL_SEP ? "line" : "text", expected);
	else
		ast_error(parse, loc, got == YYSYMBOL_STRING ?
			"unexpected %s; expected %s" :
			"unexpected \"%s\"; expected %s", word, expected);
	return 0;
}
