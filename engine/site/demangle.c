/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/site/demangle.h"

#include <stdint.h>
#include <string.h>

#include "engine/site/demangle_types.h"

static struct site_demangle state;

void demangle_fail(struct site_demangle *d)
{
	d->bad = true;
	d->p = d->end;
}

void demangle_skip(struct site_demangle *d, size_t n)
{
	if (n <= (size_t)(d->end - d->p))
		d->p += n;
	else
		demangle_fail(d);
}

void demangle_put(struct site_demangle *d, const char *text, size_t len)
{
	if (d->bad || len >= d->size - d->len) {
		demangle_fail(d);
		return;
	}
	memcpy(d->out + d->len, text, len);
	d->len += len;
}

void demangle_puts(struct site_demangle *d, const char *text)
{
	demangle_put(d, text, strlen(text));
}

void demangle_insert(struct site_demangle *d, size_t at, const char *text)
{
	size_t n = strlen(text);

	if (d->bad || at > d->len || n >= d->size - d->len) {
		demangle_fail(d);
		return;
	}
	memmove(d->out + at + n, d->out + at, d->len - at);
	memcpy(d->out + at, text, n);
	d->len += n;
}

bool demangle_eat(struct site_demangle *d, const char *text)
{
	size_t len = strlen(text);

	if (strncmp(d->p, text, len))
		return false;
	d->p += len;
	return true;
}

void demangle_remember(struct site_demangle *d, size_t from)
{
	size_t len = d->len - from;

	if (d->bad)
		return;
	if (d->nsubs == DEMANGLE_SUBS || d->pool_len + len > DEMANGLE_POOL) {
		demangle_fail(d);
		return;
	}
	memcpy(d->pool + d->pool_len, d->out + from, len);
	d->subs[d->nsubs].at = (uint32_t)d->pool_len;
	d->subs[d->nsubs].len = (uint32_t)len;
	d->subs[d->nsubs].hole =
		d->hole > from ? (uint32_t)(d->hole - from) : 0;
	d->subs[d->nsubs++].form = d->form;
	d->pool_len += len;
}

/* S_, S0_ ... SZ_, S10_: base 36, one less than the index. */
static void back_reference(struct site_demangle *d)
{
	unsigned n = 0;

	if (*d->p != '_') {
		for (; *d->p && *d->p != '_'; d->p++) {
			unsigned digit = *d->p <= '9'
						 ? (unsigned)(*d->p - '0')
						 : (unsigned)(*d->p - 'A' + 10);

			n = n * 36 + digit;
			if (digit > 35 || n > DEMANGLE_SUBS)
				break;
		}
		n++;
	}
	if (*d->p != '_' || n >= d->nsubs) {
		demangle_fail(d);
		return;
	}
	demangle_skip(d, 1);
	d->hole = d->subs[n].hole ? d->len + d->subs[n].hole : 0;
	d->form = d->subs[n].form;
	demangle_put(d, d->pool + d->subs[n].at, d->subs[n].len);
}

bool demangle_substitution(struct site_demangle *d)
{
	static const char *const known[] = { "a", "std::allocator", "b",
		"std::basic_string", "s", "std::string", "i", "std::istream",
		"o", "std::ostream", "d", "std::iostream" };

	if (d->p[0] != 'S' || d->p[1] == 't')
		return false;
	demangle_skip(d, 1);
	for (unsigned i = 0; i < 12; i += 2)
		if (*d->p == *known[i]) {
			demangle_skip(d, 1);
			demangle_puts(d, known[i + 1]);
			return true;
		}
	back_reference(d);
	return true;
}

bool demangle_bare(struct site_demangle *d)
{
	const char *p = d->p;
	size_t len = d->len;

	if (demangle_substitution(d) && !d->bad && *d->p != 'I')
		return true;
	if (d->bad)
		return true;
	d->p = p;
	d->len = len;
	return false;
}

void demangle_source_name(struct site_demangle *d)
{
	size_t n = 0;

	while (*d->p >= '0' && *d->p <= '9' && n < 10000)
		n = n * 10 + (size_t)(*d->p++ - '0');
	if (!n || strnlen(d->p, n) < n) {
		demangle_fail(d);
		return;
	}
	d->last = d->len;
	if (n >= 10 && !strncmp(d->p, "_GLOBAL__N", 10))
		demangle_puts(d, "(anonymous namespace)");
	else
		demangle_put(d, d->p, n);
	d->last_len = d->len - d->last;
	demangle_skip(d, n);
}

static void operator_name(struct site_demangle *d)
{
	const char *text;

	if (demangle_eat(d, "cv")) {
		demangle_puts(d, "operator ");
		demangle_type(d);
		return;
	}
	if (demangle_eat(d, "li")) {
		demangle_puts(d, "operator\"\" ");
		demangle_source_name(d);
		return;
	}
	text = *d->p ? demangle_operator(d->p) : NULL;
	if (!text) {
		demangle_fail(d);
		return;
	}
	demangle_skip(d, 2);
	demangle_puts(d, "operator");
	demangle_puts(d, text);
}

/* Constructors and destructors bear the name of their class. */
static void structor(struct site_demangle *d)
{
	bool ends = *d->p == 'D';
	char copy[256];
	size_t len = d->last_len;

	demangle_skip(d, 1);
	if (*d->p == 'I')
		demangle_skip(d, 1);
	if (*d->p < '0' || *d->p > '9' || !len || len > sizeof(copy)) {
		demangle_fail(d);
		return;
	}
	demangle_skip(d, 1);
	memcpy(copy, d->out + d->last, len);
	if (ends)
		demangle_puts(d, "~");
	demangle_put(d, copy, len);
}

/* Ul TYPES E [N] _ : a lambda; Ut [N] _ : a type without a name. */
static void unnamed(struct site_demangle *d)
{
	bool lambda = d->p[1] == 'l';
	size_t len;
	unsigned n = 0;

	demangle_skip(d, 2);
	len = d->len;
	while (lambda && !d->bad && *d->p != 'E')
		demangle_type(d);
	d->len = len;
	if (lambda)
		demangle_skip(d, !d->bad);
	if (*d->p != '_') {
		while (*d->p >= '0' && *d->p <= '9' && n < 10000)
			n = n * 10 + (unsigned)(*d->p++ - '0');
		n++;
	}
	if (!demangle_eat(d, "_"))
		demangle_fail(d);
	demangle_puts(d, lambda ? "{lambda}" : "{unnamed}");
}

void demangle_unqualified(struct site_demangle *d)
{
	demangle_eat(d, "L"); /* internal linkage */
	if (*d->p >= '0' && *d->p <= '9')
		demangle_source_name(d);
	else if ((*d->p == 'C' || *d->p == 'D') &&
		 ((d->p[1] >= '0' && d->p[1] <= '9') || d->p[1] == 'I'))
		structor(d);
	else if (*d->p == 'U' && (d->p[1] == 'l' || d->p[1] == 't'))
		unnamed(d);
	else
		operator_name(d);
	while (*d->p == 'B') { /* [abi:cxx11] */
		size_t len = d->len, last = d->last, last_len = d->last_len;

		demangle_skip(d, 1);
		demangle_source_name(d);
		d->len = len;
		d->last = last;
		d->last_len = last_len;
	}
}

static void template_args(struct site_demangle *d)
{
	size_t last = d->last, last_len = d->last_len;

	demangle_args(d);
	d->last = last;
	d->last_len = last_len;
}

/* The last part of a name, which constructors repeat. */
static void note_last(struct site_demangle *d, size_t from)
{
	size_t at = d->len;
	unsigned open = 0;

	while (at > from) {
		char c = d->out[at - 1];

		open += c == '>';
		open -= c == '<' && open;
		if (c == ':' && !open)
			break;
		at--;
	}
	d->last = at;
	while (at < d->len && d->out[at] != '<')
		at++;
	d->last_len = at - d->last;
}

static void nested(struct site_demangle *d)
{
	size_t from = d->len;
	bool first = true;

	demangle_skip(d, strspn(d->p, "rVK"));
	if (*d->p == 'R' || *d->p == 'O')
		demangle_skip(d, 1);
	while (!d->bad && *d->p != 'E') {
		if (*d->p == 'I' && !first) {
			template_args(d);
			if (*d->p != 'E')
				demangle_remember(d, from);
			continue;
		}
		if (!first && *d->p != 'M')
			demangle_puts(d, "::");
		if (first && demangle_eat(d, "St")) {
			demangle_puts(d, "std");
			first = false;
			continue;
		}
		if (first && demangle_substitution(d)) {
			note_last(d, from);
			first = false;
			continue;
		}
		/* Of a member that a lambda initialises. */
		if (!first && demangle_eat(d, "M"))
			continue;
		if (first && (*d->p == 'T' || *d->p == 'D') && d->p[1] != '0' &&
			d->p[1] != '1' && d->p[1] != '2') {
			demangle_type(d);
			first = false;
			continue;
		}
		first = false;
		demangle_unqualified(d);
		/* The whole name is no substitution of a function's. */
		if (*d->p != 'E')
			demangle_remember(d, from);
	}
	demangle_eat(d, "E");
}

/* Z FUNCTION E ENTITY [_N] */
static void local(struct site_demangle *d)
{
	demangle_name(d);
	demangle_signature(d);
	if (!demangle_eat(d, "E"))
		demangle_fail(d);
	/* In a parameter's default. */
	if (demangle_eat(d, "d")) {
		demangle_skip(d, strspn(d->p, "0123456789"));
		demangle_eat(d, "_");
	}
	if (demangle_eat(d, "s")) {
		demangle_puts(d, "::{string}");
	} else {
		demangle_puts(d, "::");
		demangle_name(d);
	}
	if (demangle_eat(d, "_")) {
		demangle_eat(d, "_");
		demangle_skip(d, strspn(d->p, "0123456789"));
		demangle_eat(d, "_");
	}
}

void demangle_name(struct site_demangle *d)
{
	size_t from = d->len;

	if (++d->depth > DEMANGLE_DEPTH) {
		demangle_fail(d);
		return;
	}
	if (demangle_eat(d, "N")) {
		nested(d);
	} else if (demangle_eat(d, "Z")) {
		local(d);
	} else {
		bool known = false;

		if (demangle_eat(d, "St")) {
			demangle_puts(d, "std::");
			demangle_unqualified(d);
		} else if (demangle_substitution(d)) {
			known = true;
		} else {
			demangle_unqualified(d);
		}
		if (*d->p == 'I') {
			if (!known)
				demangle_remember(d, from);
			template_args(d);
		}
	}
	d->depth--;
}

bool hms_demangle(const char *symbol, char *buf, size_t size)
{
	struct site_demangle *d = &state;

	buf[0] = 0;
	d->out = buf;
	d->size = size;
	d->len = d->pool_len = d->last = d->last_len = d->hole = 0;
	d->nsubs = d->depth = d->backs = 0;
	d->bad = false;
	if (!strncmp(symbol, "_R", 2))
		return demangle_rust(d, symbol + 2);
	/* Thunks, guards, tables: no functions that people name. */
	if (strncmp(symbol, "_Z", 2) || symbol[2] == 'T' || symbol[2] == 'G')
		return false;
	if (!strncmp(symbol, "_ZN", 3) && demangle_rust_legacy(d, symbol + 3))
		return true;
	d->p = symbol + 2;
	d->end = d->p + strlen(d->p);
	demangle_name(d);
	buf[d->bad ? 0 : d->len] = 0;
	return !d->bad && d->len;
}

void hms_demangle_plain(char *name)
{
	char *to = name;
	unsigned open = 0;

	for (const char *from = name; *from; from++) {
		size_t n = 0;

		if (!open && !strncmp(from, "operator", 8)) {
			n = 8 + strspn(from + 8, "<>=-*&|");
			memmove(to, from, n);
			to += n;
			from += n - 1;
			/* operator<< <int> */
			if (from[1] == ' ' && from[2] == '<')
				from++;
			continue;
		}
		if (*from == '<')
			open++;
		else if (*from == '>')
			open -= open > 0;
		else if (!open)
			*to++ = *from;
	}
	*to = 0;
}
