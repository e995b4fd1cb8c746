/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside of the compiler: from statements (ast.h) to a policy (policy.h).
 * One struct compile lives for one hms_policy_parse().  Functions that
 * return int return 0, or -EINVAL or -ENOMEM with c->diag filled.
 */
#ifndef HMS_CONFIG_COMPILE_H
#define HMS_CONFIG_COMPILE_H

#include <stdarg.h>
#include <sys/types.h>

#include "config/ast.h"
#include "config/diag.h"
#include "config/policy.h"

/* More than anyone writes by hand; they bound the work, and the engine. */
#define MAX_RULES 1000
#define MAX_TARGETS 1000
#define MAX_PLACES 199
#define MAX_SOURCES 64
#define MAX_DEPTH 16
#define MAX_TERMS 64
#define MAX_WARNINGS 32

/* A name that `target` defines. */
struct target_def {
	const struct ast_stmt *stmt; /* its first definition */
	bool ready; /* that has been compiled */
	int limit; /* index into policy->limits, or -1 */
	const struct ast_stmt *limit_stmt;
	unsigned nterms;
	struct hms_term *terms;
};

/* What a source is besides its text. */
struct source_file {
	const char *path; /* NULL: text without a file */
	dev_t dev;
	ino_t ino;
	unsigned parent; /* source that includes it; itself for the first */
	unsigned depth;
	const struct ast_stmt *stmt; /* the include */
};

struct compile {
	const struct hms_policy_input *in;
	struct hms_arena *arena;
	struct hms_diag *diag;
	struct hms_policy *policy;
	struct source_file *files; /* beside policy->sources */
	struct ast_stmt *first, **last;
	struct target_def *targets;
	unsigned ntargets;
	bool migrate; /* such a statement was there */
	/* Something this version lacks; said if nothing else is wrong. */
	bool lacking;
	struct hms_diag lack;
};

/* Returns -EINVAL. */
int compile_error(struct compile *c, unsigned source, const struct hms_loc *loc,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Returns -ENOMEM. */
int compile_no_memory(struct compile *c);
void compile_warn(struct compile *c, unsigned source, const struct hms_loc *loc,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Remembers the first thing that parses but is not there yet. */
void compile_lacks(struct compile *c, unsigned source,
	const struct hms_loc *loc, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Adds to a message about an included source who includes it. */
void compile_chain(struct compile *c, unsigned source, struct hms_diag *diag);

/* Line as policies count them. */
unsigned compile_line(
	const struct compile *c, unsigned source, const struct hms_loc *loc);
/* "line 3", "line 3 of base.hms"; buf of 128 bytes. */
const char *compile_where(
	const struct compile *c, const struct ast_stmt *stmt, char *buf);

/*
 * Room for one more element of size bytes after n; the array may move.  NULL:
 * no memory.  Arrays start as NULL.
 */
void *compile_grow(struct compile *c, void *array, unsigned n, size_t size);

struct target_def *compile_find(struct compile *c, const char *name);

/* sources.c: the first text and, in place, all that it includes. */
int compile_sources(struct compile *c);
/* terms.c */
int compile_target(struct compile *c, const struct ast_stmt *stmt);
/* keep: false only checks. */
int compile_place(struct compile *c, const struct ast_stmt *stmt, bool keep,
	unsigned *place);
int compile_id(struct compile *c, unsigned source, const struct ast_term *ast,
	struct hms_term *out);
/* devices.c: can the rule's calls be served by what its place names? */
int compile_devices(struct compile *c, const struct ast_stmt *stmt,
	const struct hms_rule *rule);
/* wishes.c: out is as good as new, but for what the term says. */
int compile_wish(struct compile *c, unsigned source, const struct ast_term *ast,
	struct hms_term *out);
/* conditions.c */
int compile_conditions(struct compile *c, const struct ast_stmt *stmt,
	struct hms_rule *rule, bool *here);
int compile_options(
	struct compile *c, const struct ast_stmt *stmt, struct hms_rule *rule);
/* settings.c */
int compile_settings(struct compile *c, const struct ast_stmt *stmt);
/* routes.c */
int compile_routes(struct compile *c);

#endif
