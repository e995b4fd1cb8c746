/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/site/demangle_types.h"

#include <string.h>

static bool builtin(struct site_demangle *d)
{
	static const struct {
		char code[8], name[20];
	} types[] = { { "v", "void" }, { "w", "wchar_t" }, { "b", "bool" },
		{ "c", "char" }, { "a", "signed char" },
		{ "h", "unsigned char" }, { "s", "short" },
		{ "t", "unsigned short" }, { "i", "int" },
		{ "j", "unsigned int" }, { "l", "long" },
		{ "m", "unsigned long" }, { "x", "long long" },
		{ "y", "unsigned long long" }, { "n", "__int128" },
		{ "o", "unsigned __int128" }, { "f", "float" },
		{ "d", "double" }, { "e", "long double" },
		{ "g", "__float128" }, { "z", "..." }, { "Dd", "decimal64" },
		{ "De", "decimal128" }, { "Df", "decimal32" }, { "Dh", "half" },
		{ "DF16_", "_Float16" }, { "DF16b", "std::bfloat16_t" },
		{ "DF32_", "_Float32" }, { "DF64_", "_Float64" },
		{ "DF128_", "_Float128" }, { "Di", "char32_t" },
		{ "Ds", "char16_t" }, { "Du", "char8_t" }, { "Da", "auto" },
		{ "Dc", "decltype(auto)" }, { "Dn", "decltype(nullptr)" } };

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (demangle_eat(d, types[i].code)) {
			demangle_puts(d, types[i].name);
			return true;
		}
	return false;
}

/* The type of a literal was written from len on; its value comes. */
static void value(struct site_demangle *d, char type, size_t len)
{
	static const char suffixes[][5] = { "i", "", "j", "u", "l", "l", "m",
		"ul", "x", "ll", "y", "ull" };
	const char *suffix = NULL;
	size_t n = strcspn(d->p, "E");

	for (unsigned i = 0; i < 12; i += 2)
		if (type == *suffixes[i])
			suffix = suffixes[i + 1];
	if (suffix) {
		d->len = len;
	} else {
		demangle_insert(d, len, "(");
		demangle_puts(d, ")");
	}
	if (demangle_eat(d, "n")) {
		demangle_puts(d, "-");
		n--;
	}
	demangle_put(d, d->p, n);
	if (suffix)
		demangle_puts(d, suffix);
	demangle_skip(d, n);
}

/* L TYPE VALUE E, from the L on */
void demangle_literal(struct site_demangle *d)
{
	size_t len = d->len;
	char type;

	demangle_eat(d, "L");
	type = *d->p;
	if (demangle_eat(d, "_Z") || demangle_eat(d, "Z")) {
		demangle_name(d);
		demangle_signature(d);
	} else {
		demangle_type(d);
		if (type == 'b' && (*d->p == '0' || *d->p == '1')) {
			d->len = len;
			demangle_puts(d, *d->p == '1' ? "true" : "false");
			demangle_skip(d, 1);
		} else if (*d->p != 'E') {
			value(d, type, len);
		}
	}
	if (!demangle_eat(d, "E"))
		demangle_fail(d);
}

/* A function's types up to its E: they are not wanted. */
void demangle_signature(struct site_demangle *d)
{
	size_t len = d->len;

	while (!d->bad && *d->p && *d->p != 'E' && *d->p != '.')
		demangle_type(d);
	d->len = len;
}

static void arg(struct site_demangle *d, size_t from)
{
	size_t len;

	if (demangle_eat(d, "J")) {
		if (++d->depth > DEMANGLE_DEPTH)
			demangle_fail(d);
		while (!d->bad && *d->p != 'E')
			arg(d, from);
		demangle_eat(d, "E");
		d->depth--;
		return;
	}
	if (d->bad)
		return;
	len = d->len;
	if (d->len - 1 != from)
		demangle_puts(d, ", ");
	if (*d->p == 'L') {
		demangle_literal(d);
	} else if (demangle_eat(d, "X")) {
		demangle_expression(d);
		if (!demangle_eat(d, "E"))
			demangle_fail(d);
	} else {
		size_t before = d->len;

		demangle_type(d);
		/* An empty pack leaves no comma. */
		if (d->len == before)
			d->len = len;
	}
}

/* I ARGS E, from the I on */
void demangle_args(struct site_demangle *d)
{
	size_t from;

	/* operator<< <int> */
	if (d->len && d->out[d->len - 1] == '<')
		demangle_puts(d, " ");
	from = d->len;
	if (++d->depth > DEMANGLE_DEPTH || !demangle_eat(d, "I")) {
		demangle_fail(d);
		return;
	}
	demangle_puts(d, "<");
	while (!d->bad && *d->p != 'E')
		arg(d, from);
	demangle_eat(d, "E");
	demangle_puts(d, ">");
	d->depth--;
}

/* F RETURNS PARAMETERS E, after the F */
static void function(struct site_demangle *d)
{
	bool first = true;
	size_t hole;

	demangle_eat(d, "Y");
	demangle_type(d);
	demangle_puts(d, " ");
	hole = d->len;
	demangle_puts(d, "(");
	while (!d->bad && *d->p != 'E') {
		if (demangle_eat(d, "v"))
			continue;
		if (!first)
			demangle_puts(d, ", ");
		first = false;
		if ((*d->p == 'R' || *d->p == 'O') && d->p[1] == 'E')
			demangle_skip(d, 1);
		else
			demangle_type(d);
	}
	demangle_eat(d, "E");
	demangle_puts(d, ")");
	d->hole = hole;
	d->form = DEMANGLE_FUNCTION;
}

/* A COUNT _ TYPE, after the A */
static void array(struct site_demangle *d)
{
	size_t n = strspn(d->p, "0123456789"), from;
	const char *count = d->p;

	demangle_skip(d, n);
	if (!n && *d->p != '_') {
		size_t len = d->len;

		demangle_expression(d);
		d->len = len;
	}
	if (!demangle_eat(d, "_"))
		demangle_fail(d);
	demangle_type(d);
	if (d->form == DEMANGLE_ARRAY && d->hole) {
		/* int [2][3]: the outer one comes first. */
		from = d->hole;
		demangle_insert(d, from + 1, "[]");
		for (size_t i = n; i-- > 0;)
			demangle_insert(d, from + 2, (char[2]){ count[i], 0 });
		d->hole = from;
		return;
	}
	from = d->len;
	demangle_puts(d, " [");
	demangle_put(d, count, n);
	demangle_puts(d, "]");
	d->hole = from;
	d->form = DEMANGLE_ARRAY;
}

/* "*" belongs to the middle of a function's or an array's type. */
static void mark(struct site_demangle *d, const char *text)
{
	size_t at = d->hole;

	if (!at || d->bad) {
		demangle_puts(d, text);
		return;
	}
	if (d->form == DEMANGLE_FUNCTION || d->form == DEMANGLE_ARRAY) {
		const char *open = d->form == DEMANGLE_ARRAY ? " ()" : "()";

		demangle_insert(d, at, open);
		at += strlen(open) - 1;
	}
	demangle_insert(d, at, text);
	d->hole = at + strlen(text);
	d->form = DEMANGLE_INSIDE;
}

static void wrapped(struct site_demangle *d, const char *text)
{
	demangle_skip(d, 1);
	demangle_type(d);
	mark(d, text);
}

/* M CLASS MEMBER, after the M */
static void member(struct site_demangle *d)
{
	char text[256];
	size_t from = d->len, len;

	demangle_type(d);
	demangle_puts(d, "::*");
	len = d->len - from;
	if (d->bad || len >= sizeof(text)) {
		demangle_fail(d);
		return;
	}
	memcpy(text, d->out + from, len);
	text[len] = 0;
	d->len = from;
	demangle_type(d);
	if (!d->hole)
		demangle_puts(d, " ");
	mark(d, text);
}

static void parameter(struct site_demangle *d)
{
	/* Bound to what stands elsewhere in the symbol. */
	demangle_skip(d, 1);
	demangle_skip(d, strspn(d->p, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"));
	if (!demangle_eat(d, "_"))
		demangle_fail(d);
	demangle_puts(d, "auto");
}

static void named(struct site_demangle *d, size_t from)
{
	bool known = d->p[0] == 'S' && d->p[1] != 't';

	demangle_name(d);
	/* A bare substitution is one already; anything longer is new. */
	if (!d->bad && (!known || d->p[-1] == 'E'))
		demangle_remember(d, from);
}

/* D...: false if what it makes can be referred to later. */
static void by_d(struct site_demangle *d)
{
	if (demangle_eat(d, "Dp")) {
		demangle_type(d);
	} else if (demangle_eat(d, "DoF") || demangle_eat(d, "DxF")) {
		function(d);
	} else if (demangle_eat(d, "DT") || demangle_eat(d, "Dt")) {
		demangle_puts(d, "decltype (");
		demangle_expression(d);
		demangle_puts(d, ")");
		if (!demangle_eat(d, "E"))
			demangle_fail(d);
	} else if (demangle_eat(d, "Dv")) {
		size_t n = strspn(d->p, "0123456789");
		const char *count = d->p;

		demangle_skip(d, n);
		if (!n || !demangle_eat(d, "_"))
			demangle_fail(d);
		demangle_type(d);
		demangle_puts(d, " __vector(");
		demangle_put(d, count, n);
		demangle_puts(d, ")");
	} else {
		demangle_fail(d);
	}
}

static const char *qualifier(char c)
{
	switch (c) {
	case 'P':
		return "*";
	case 'R':
		return "&";
	case 'O':
		return "&&";
	case 'V':
		return " volatile";
	case 'K':
		return " const";
	case 'r':
		return " __restrict";
	case 'C':
		return " _Complex";
	}
	return NULL;
}

/* True if what comes made an entry of its own, or is to make none. */
static bool type(struct site_demangle *d, size_t from)
{
	if (builtin(d))
		return true;
	if (qualifier(*d->p)) {
		wrapped(d, qualifier(*d->p));
		return false;
	}
	switch (*d->p) {
	case 'F':
		demangle_skip(d, 1);
		function(d);
		return false;
	case 'A':
		demangle_skip(d, 1);
		array(d);
		return false;
	case 'M':
		demangle_skip(d, 1);
		member(d);
		return false;
	case 'T':
		parameter(d);
		if (*d->p == 'I') {
			demangle_remember(d, from);
			demangle_args(d);
		}
		return false;
	case 'D':
		by_d(d);
		return false;
	case 'u':
		demangle_skip(d, 1);
		demangle_source_name(d);
		return false;
	}
	if (d->p[0] == 'S' && d->p[1] != 't' && demangle_bare(d))
		return true;
	named(d, from);
	d->hole = 0;
	return true;
}

void demangle_type(struct site_demangle *d)
{
	size_t from = d->len;

	if (++d->depth > DEMANGLE_DEPTH) {
		demangle_fail(d);
		return;
	}
	d->hole = 0;
	if (!type(d, from))
		demangle_remember(d, from);
	d->depth--;
}
