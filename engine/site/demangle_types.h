/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside of the demangler: names, and the types in their template arguments. */
#ifndef HMS_ENGINE_SITE_DEMANGLE_TYPES_H
#define HMS_ENGINE_SITE_DEMANGLE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEMANGLE_SUBS 512
#define DEMANGLE_POOL 65536 /* bytes */
#define DEMANGLE_DEPTH 64

/* What "*" does to the type written last: it goes into its hole. */
enum demangle_form {
	DEMANGLE_FUNCTION, /* void (int) -> void (*)(int) */
	DEMANGLE_ARRAY, /* int [3] -> int (*) [3] */
	DEMANGLE_INSIDE, /* void (*)(int) -> void (**)(int) */
};

struct site_demangle {
	const char *p; /* what is still to be read */
	const char *end; /* of it; p, when bad: a 0 */
	char *out;
	size_t len, size;
	bool bad;
	unsigned depth;
	unsigned backs; /* references that were followed, of Rust's */
	size_t last, last_len; /* in out: the class, for its constructors */
	size_t hole; /* in out; 0: none */
	enum demangle_form form;
	unsigned nsubs;
	struct {
		uint32_t at, len;
		uint32_t hole; /* in it; 0: none */
		enum demangle_form form;
	} subs[DEMANGLE_SUBS];
	char pool[DEMANGLE_POOL];
	size_t pool_len;
};

void demangle_fail(struct site_demangle *d);
/* n bytes were read; fails beyond the end. */
void demangle_skip(struct site_demangle *d, size_t n);
void demangle_put(struct site_demangle *d, const char *text, size_t len);
void demangle_puts(struct site_demangle *d, const char *text);
/* Into what was written already. */
void demangle_insert(struct site_demangle *d, size_t at, const char *text);
/* Reads text if it comes next. */
bool demangle_eat(struct site_demangle *d, const char *text);
/* What was written since from can be referred to from now on. */
void demangle_remember(struct site_demangle *d, size_t from);
bool demangle_substitution(struct site_demangle *d);
/* A substitution that is all of a type; false, and nothing read: it is not. */
bool demangle_bare(struct site_demangle *d);
void demangle_source_name(struct site_demangle *d);
/* Where a name of its own is. */
void demangle_unqualified(struct site_demangle *d);
void demangle_name(struct site_demangle *d);
void demangle_type(struct site_demangle *d);
void demangle_signature(struct site_demangle *d);
void demangle_args(struct site_demangle *d);
void demangle_literal(struct site_demangle *d);
void demangle_expression(struct site_demangle *d);
/* The text of an operator, such as "+" of "pl"; NULL: it is none. */
const char *demangle_operator(const char code[2]);

/* Symbols of Rust; as hms_demangle(). */
bool demangle_rust(struct site_demangle *d, const char *symbol);
/* ..., after _ZN: the old form, which ends in a hash. */
bool demangle_rust_legacy(struct site_demangle *d, const char *symbol);

#endif
