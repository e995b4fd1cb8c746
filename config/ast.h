/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the grammar (rules.y) hands to the compiler: statements as written,
 * names not looked up.  All of it lives in the arena of the parse.
 */
#ifndef HMS_CONFIG_AST_H
#define HMS_CONFIG_AST_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "config/policy.h"

/* Where a token or statement stands: line and column from 1, bytes from 0. */
struct hms_loc {
	unsigned line, column;
	unsigned begin, end;
};

struct ast_word {
	struct ast_word *next;
	const char *text;
	struct hms_loc loc;
};

enum ast_term_type {
	AST_NAME, /* text: a target's name */
	AST_KIND, /* text */
	AST_ID, /* text: "node:1", "file:/path" */
	AST_LOCAL,
	AST_DEFAULT,
	AST_BEST, /* need, access, initiators */
	AST_NEAR, /* initiators: one */
	AST_INTERLEAVE, /* inner, each with its weight */
	AST_MANAGED, /* inner */
};

struct ast_term {
	struct ast_term *next;
	enum ast_term_type type;
	struct hms_loc loc;
	const char *text;
	enum hms_need need;
	enum hms_access access;
	struct ast_word *initiators;
	bool noncoherent; /* BEST, NEAR */
	unsigned weight; /* 0: none is written */
	struct ast_term *inner;
};

enum ast_cond_type {
	AST_APIS, /* words */
	AST_SIZE, /* min, max */
	AST_ALIGN, /* min, max */
	AST_FROM, /* text */
	AST_VIA, /* text, module */
	AST_SITE, /* text */
	AST_THREAD,
	AST_PROCESS,
	AST_FLAGS, /* words */
	AST_CONDS,
};

struct ast_cond {
	struct ast_cond *next;
	enum ast_cond_type type;
	struct hms_loc loc;
	struct ast_word *words;
	uint64_t min, max; /* inclusive; min > max: no number at all */
	const char *text, *module;
};

struct ast_option {
	struct ast_option *next;
	uint32_t bit; /* enum hms_option; 0: limit */
	uint64_t limit;
	struct hms_loc loc;
};

enum ast_stmt_type {
	AST_TARGET, /* name, terms */
	AST_RULE, /* name or NULL, conds (none: *), terms, options */
	AST_LIMIT, /* name, bytes, shared */
	AST_MIGRATE, /* on, settings: name, value, name, value... */
	AST_INCLUDE, /* name: the path */
};

struct ast_stmt {
	struct ast_stmt *next;
	enum ast_stmt_type type;
	struct hms_loc loc;
	const struct ast_word *name;
	struct ast_term *terms;
	struct ast_cond *conds;
	struct ast_option *options;
	struct ast_word *settings;
	uint64_t bytes;
	bool shared, on;
	unsigned source; /* set by the compiler */
};

/* One parse of one source; scanner and parser share it. */
struct hms_parse {
	struct hms_arena *arena;
	const struct hms_rule_text *source;
	struct hms_diag *diag;
	jmp_buf oom; /* where ast_alloc() goes when the arena is dry */
	void *scanner;
	unsigned line, column, offset; /* of the next byte */
	struct ast_stmt *statements;
	struct ast_stmt **end;
};

/*
 * Parses source, whose text is not changed.  0 and *out the statements in
 * order; -EINVAL or -ENOMEM, diag filled.
 */
int hms_rules_read(const struct hms_rule_text *source, struct hms_arena *arena,
	struct ast_stmt **out, struct hms_diag *diag);

/* For rules.l and rules.y only.  Memory never fails: it jumps to oom. */
void *ast_alloc(struct hms_parse *parse, size_t size);
struct ast_word *ast_word(
	struct hms_parse *parse, const char *text, const struct hms_loc *loc);
void ast_error(struct hms_parse *parse, const struct hms_loc *loc,
	const char *format, ...) __attribute__((format(printf, 3, 4)));
/* False: an error is in diag. */
bool ast_size(struct hms_parse *parse, const char *text,
	const struct hms_loc *loc, uint64_t *out);
bool ast_weight(struct hms_parse *parse, const char *text,
	const struct hms_loc *loc, unsigned *out);
/* Turns `op bytes` into an interval, op one of < <= > >= = ==. */
void ast_interval(struct ast_cond *cond, const char *op, uint64_t bytes);

#endif
