/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Symbols of Rust: paths, with the types they are about.
 *
 * The new form is RFC 2603's,
 * https://doc.rust-lang.org/rustc/symbol-mangling/v0.html; the old one is made
 * like C++'s, of names with "$LT$" for "<" and a hash at the end.
 */
#include <string.h>

#include "engine/site/demangle_types.h"

/* More than the longest names of real programs have, by far. */
#define BACKS 4096

static void path(struct site_demangle *d, const char *start);
static void type(struct site_demangle *d, const char *start);

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Base 62, ended by a _: 0 is _, 1 is 0_.  Hashes of crates may wrap. */
static size_t number(struct site_demangle *d)
{
	size_t n = 0;

	if (demangle_eat(d, "_"))
		return 0;
	while (!d->bad && *d->p != '_') {
		char c = *d->p;
		size_t digit = is_digit(c)	      ? (size_t)(c - '0')
			       : c >= 'a' && c <= 'z' ? (size_t)(c - 'a') + 10
			       : c >= 'A' && c <= 'Z' ? (size_t)(c - 'A') + 36
						      : 62;

		if (digit == 62)
			demangle_fail(d);
		n = n * 62 + digit;
		demangle_skip(d, 1);
	}
	demangle_eat(d, "_");
	return n + 1;
}

/* "s" NUMBER: tells crates and closures of one name apart. */
static void disambiguator(struct site_demangle *d)
{
	if (demangle_eat(d, "s"))
		number(d);
}

/* ["u"] LENGTH ["_"] BYTES; Unicode stays as it is encoded. */
static size_t identifier(struct site_demangle *d)
{
	size_t n = 0;

	demangle_eat(d, "u");
	if (!is_digit(*d->p))
		demangle_fail(d);
	/* No number but 0 begins with a 0: "00" are two names of no letters. */
	while (is_digit(*d->p) && n < 10000) {
		n = n * 10 + (size_t)(*d->p - '0');
		demangle_skip(d, 1);
		if (!n)
			break;
	}
	demangle_eat(d, "_");
	if (n > (size_t)(d->end - d->p)) {
		demangle_fail(d);
		return 0;
	}
	demangle_put(d, d->p, n);
	demangle_skip(d, n);
	return n;
}

/* "B" NUMBER: what stood there before; read says as what. */
static void back(struct site_demangle *d, const char *start,
	void (*read)(struct site_demangle *d, const char *start))
{
	const char *here = d->p, *then;
	size_t at = number(d);

	then = d->p;
	/*
	 * Only backwards, so that it ends; and not for ever: what is read and
	 * left out, such as where an impl stands, takes no room of the output.
	 */
	if (d->bad || at >= (size_t)(here - start) || ++d->backs > BACKS) {
		demangle_fail(d);
		return;
	}
	d->p = start + at;
	read(d, start);
	d->p = d->bad ? d->end : then;
}

/* As a decimal number, if it is none of 128 bits. */
static void hexadecimal(struct site_demangle *d, size_t n)
{
	char digits[24];
	size_t at = sizeof(digits);
	uint64_t value = 0;

	if (n > 16) {
		demangle_puts(d, "0x");
		demangle_put(d, d->p, n);
		return;
	}
	for (size_t i = 0; i < n; i++)
		value = value << 4 |
			(uint64_t)(d->p[i] <= '9' ? d->p[i] - '0'
						  : d->p[i] - 'a' + 10);
	do
		digits[--at] = (char)('0' + value % 10);
	while (value /= 10);
	demangle_put(d, digits + at, sizeof(digits) - at);
}

static void constant(struct site_demangle *d, const char *start)
{
	const char *kind = d->p;
	size_t n;

	if (demangle_eat(d, "B")) {
		back(d, start, constant);
		return;
	}
	if (demangle_eat(d, "p")) {
		demangle_puts(d, "_");
		return;
	}
	demangle_skip(d, 1);
	if (demangle_eat(d, "n"))
		demangle_puts(d, "-");
	n = strspn(d->p, "0123456789abcdef");
	if (*kind == 'b' && n == 1) {
		demangle_puts(d, *d->p == '1' ? "true" : "false");
	} else {
		hexadecimal(d, n);
	}
	demangle_skip(d, n);
	if (!demangle_eat(d, "_"))
		demangle_fail(d);
}

static void lifetime(struct site_demangle *d)
{
	if (demangle_eat(d, "L"))
		number(d);
}

/* Up to the E. */
static void types(struct site_demangle *d, const char *start)
{
	for (bool first = true; !d->bad && *d->p != 'E'; first = false) {
		if (!first)
			demangle_puts(d, ", ");
		if (*d->p == 'L') {
			lifetime(d);
			demangle_puts(d, "'_");
		} else if (demangle_eat(d, "K")) {
			constant(d, start);
		} else {
			type(d, start);
		}
	}
	demangle_eat(d, "E");
}

static void function(struct site_demangle *d, const char *start)
{
	if (demangle_eat(d, "G"))
		number(d);
	if (demangle_eat(d, "U"))
		demangle_puts(d, "unsafe ");
	if (demangle_eat(d, "K")) {
		demangle_puts(d, "extern \"");
		if (demangle_eat(d, "C"))
			demangle_puts(d, "C");
		else
			identifier(d);
		demangle_puts(d, "\" ");
	}
	demangle_puts(d, "fn(");
	types(d, start);
	demangle_puts(d, ")");
	if (demangle_eat(d, "u"))
		return;
	demangle_puts(d, " -> ");
	type(d, start);
}

/* D BOUNDS E LIFETIME: traits, and what their types are bound to. */
static void dynamic(struct site_demangle *d, const char *start)
{
	demangle_puts(d, "dyn ");
	if (demangle_eat(d, "G"))
		number(d);
	for (bool first = true; !d->bad && *d->p != 'E'; first = false) {
		bool open;

		if (!first)
			demangle_puts(d, " + ");
		path(d, start);
		open = !d->bad && d->len && d->out[d->len - 1] == '>';
		while (demangle_eat(d, "p")) {
			if (open)
				d->len--;
			demangle_puts(d, open ? ", " : "<");
			open = true;
			identifier(d);
			demangle_puts(d, " = ");
			type(d, start);
			demangle_puts(d, ">");
		}
	}
	demangle_eat(d, "E");
	lifetime(d);
}

static bool basic(struct site_demangle *d)
{
	static const char *const names[] = { "ai8", "bbool", "cchar", "df64",
		"estr", "ff32", "hu8", "iisize", "jusize", "li32", "mu32",
		"ni128", "ou128", "p_", "si16", "tu16", "u()", "v...", "xi64",
		"yu64", "z!" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (*d->p == *names[i]) {
			demangle_skip(d, 1);
			demangle_puts(d, names[i] + 1);
			return true;
		}
	return false;
}

static void type(struct site_demangle *d, const char *start)
{
	if (++d->depth > DEMANGLE_DEPTH) {
		demangle_fail(d);
		return;
	}
	if (basic(d)) {
		;
	} else if (demangle_eat(d, "R") || demangle_eat(d, "Q")) {
		bool changes = d->p[-1] == 'Q';

		lifetime(d);
		demangle_puts(d, changes ? "&mut " : "&");
		type(d, start);
	} else if (demangle_eat(d, "P") || demangle_eat(d, "O")) {
		demangle_puts(d, d->p[-1] == 'O' ? "*mut " : "*const ");
		type(d, start);
	} else if (demangle_eat(d, "A")) {
		demangle_puts(d, "[");
		type(d, start);
		demangle_puts(d, "; ");
		constant(d, start);
		demangle_puts(d, "]");
	} else if (demangle_eat(d, "S")) {
		demangle_puts(d, "[");
		type(d, start);
		demangle_puts(d, "]");
	} else if (demangle_eat(d, "T")) {
		demangle_puts(d, "(");
		types(d, start);
		demangle_puts(d, ")");
	} else if (demangle_eat(d, "F")) {
		function(d, start);
	} else if (demangle_eat(d, "D")) {
		dynamic(d, start);
	} else if (demangle_eat(d, "B")) {
		back(d, start, type);
	} else {
		path(d, start);
	}
	d->depth--;
}

/* Where an impl is; not printed. */
static void impl(struct site_demangle *d, const char *start)
{
	size_t len = d->len;

	disambiguator(d);
	path(d, start);
	d->len = len;
}

/* N NAMESPACE PATH IDENTIFIER; capitals are what has no name of its own. */
static void nested(struct site_demangle *d, const char *start)
{
	char space = *d->p;
	size_t len;

	demangle_skip(d, 1);
	path(d, start);
	disambiguator(d);
	len = d->len;
	demangle_puts(d, "::");
	if (space < 'A' || space > 'Z') {
		if (!identifier(d))
			d->len = len;
		return;
	}
	demangle_puts(d, space == 'C' ? "{closure" : "{shim");
	len = d->len;
	demangle_puts(d, ":");
	if (!identifier(d))
		d->len = len;
	demangle_puts(d, "}");
}

static void path(struct site_demangle *d, const char *start)
{
	if (++d->depth > DEMANGLE_DEPTH) {
		demangle_fail(d);
		return;
	}
	if (demangle_eat(d, "C")) {
		disambiguator(d);
		identifier(d);
	} else if (demangle_eat(d, "N")) {
		nested(d, start);
	} else if (demangle_eat(d, "M")) {
		impl(d, start);
		demangle_puts(d, "<");
		type(d, start);
		demangle_puts(d, ">");
	} else if (demangle_eat(d, "X") || demangle_eat(d, "Y")) {
		if (d->p[-1] == 'X')
			impl(d, start);
		demangle_puts(d, "<");
		type(d, start);
		demangle_puts(d, " as ");
		path(d, start);
		demangle_puts(d, ">");
	} else if (demangle_eat(d, "I")) {
		path(d, start);
		demangle_puts(d, "<");
		types(d, start);
		demangle_puts(d, ">");
	} else if (demangle_eat(d, "B")) {
		back(d, start, path);
	} else {
		demangle_fail(d);
	}
	d->depth--;
}

bool demangle_rust(struct site_demangle *d, const char *symbol)
{
	d->p = symbol;
	d->end = symbol + strlen(symbol);
	path(d, symbol);
	d->out[d->bad ? 0 : d->len] = 0;
	return !d->bad && d->len;
}

/* "$LT$" and the like; how many letters were read, 0: it is none. */
static size_t escaped(struct site_demangle *d, const char *text, size_t n)
{
	static const char *const known[] = { "$SP$@", "$BP$*", "$RF$&", "$LT$<",
		"$GT$>", "$LP$(", "$RP$)", "$C$,", "$u20$ ", "$u22$\"",
		"$u27$'", "$u2b$+", "$u3b$;", "$u5b$[", "$u5d$]", "$u7b${",
		"$u7d$}", "$u7e$~" };

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		size_t len = strlen(known[i]) - 1;

		if (len <= n && !memcmp(text, known[i], len)) {
			demangle_puts(d, known[i] + len);
			return len;
		}
	}
	return 0;
}

static void legacy_name(struct site_demangle *d, const char *text, size_t n)
{
	/* "_$LT$": names may not begin with a dollar. */
	size_t i = n > 1 && text[0] == '_' && text[1] == '$';

	while (i < n && !d->bad) {
		size_t read = text[i] == '$' ? escaped(d, text + i, n - i) : 0;

		if (!read && n - i > 1 && text[i] == '.' &&
			text[i + 1] == '.') {
			demangle_puts(d, "::");
			read = 2;
		} else if (!read) {
			demangle_put(d, text + i, 1);
			read = 1;
		}
		i += read;
	}
}

static bool is_hash(const char *text, size_t n)
{
	return n == 17 && text[0] == 'h' &&
	       strspn(text + 1, "0123456789abcdef") >= 16;
}

bool demangle_rust_legacy(struct site_demangle *d, const char *symbol)
{
	const char *p = symbol, *end = symbol + strlen(symbol);
	bool hash = false;

	for (int pass = 0; pass < 2; pass++) {
		bool first = true;

		/* Only what ends in a hash is Rust's; that is seen first. */
		for (p = symbol; is_digit(*p); first = false) {
			size_t n = 0;

			while (is_digit(*p) && n < 10000)
				n = n * 10 + (size_t)(*p++ - '0');
			if (!n || n > (size_t)(end - p))
				return false;
			hash = p[n] == 'E' && is_hash(p, n);
			if (pass && !hash && !first)
				demangle_puts(d, "::");
			if (pass && !hash)
				legacy_name(d, p, n);
			p += n;
		}
		if (!hash || *p != 'E')
			return false;
	}
	d->out[d->bad ? 0 : d->len] = 0;
	return !d->bad && d->len;
}
