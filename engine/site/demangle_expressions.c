/* SPDX-License-Identifier: BSD-2-Clause */
/* Expressions in template arguments; the ABI's <expression>. */
#include <string.h>

#include "engine/site/demangle_types.h"

const char *demangle_operator(const char code[2])
{
	static const char names[][2][12] = { { "nw", " new" },
		{ "na", " new[]" }, { "dl", " delete" }, { "da", " delete[]" },
		{ "ps", "+" }, { "ng", "-" }, { "ad", "&" }, { "de", "*" },
		{ "co", "~" }, { "pl", "+" }, { "mi", "-" }, { "ml", "*" },
		{ "dv", "/" }, { "rm", "%" }, { "an", "&" }, { "or", "|" },
		{ "eo", "^" }, { "aS", "=" }, { "pL", "+=" }, { "mI", "-=" },
		{ "mL", "*=" }, { "dV", "/=" }, { "rM", "%=" }, { "aN", "&=" },
		{ "oR", "|=" }, { "eO", "^=" }, { "ls", "<<" }, { "rs", ">>" },
		{ "lS", "<<=" }, { "rS", ">>=" }, { "eq", "==" },
		{ "ne", "!=" }, { "lt", "<" }, { "gt", ">" }, { "le", "<=" },
		{ "ge", ">=" }, { "ss", "<=>" }, { "nt", "!" }, { "aa", "&&" },
		{ "oo", "||" }, { "pp", "++" }, { "mm", "--" }, { "cm", "," },
		{ "pm", "->*" }, { "pt", "->" }, { "cl", "()" }, { "ix", "[]" },
		{ "qu", "?" } };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strncmp(code, names[i][0], 2))
			return names[i][1];
	return NULL;
}

static void list(struct site_demangle *d, const char *open, const char *close)
{
	bool first = true;

	demangle_puts(d, open);
	while (!d->bad && *d->p != 'E') {
		if (!first)
			demangle_puts(d, ", ");
		first = false;
		demangle_expression(d);
	}
	demangle_eat(d, "E");
	demangle_puts(d, close);
}

static void around(struct site_demangle *d, const char *before, bool is_type)
{
	demangle_puts(d, before);
	if (is_type)
		demangle_type(d);
	else
		demangle_expression(d);
	demangle_puts(d, ")");
}

/* fp_ fp0_ fL1p_: a parameter of the function. */
static void function_parameter(struct site_demangle *d)
{
	if (demangle_eat(d, "L"))
		demangle_skip(d, strspn(d->p, "0123456789"));
	if (!demangle_eat(d, "p"))
		demangle_fail(d);
	demangle_skip(d, strspn(d->p, "rVK0123456789"));
	if (!demangle_eat(d, "_"))
		demangle_fail(d);
	demangle_puts(d, "{parm}");
}

/* sr TYPE NAME [ARGS] */
static void scoped(struct site_demangle *d)
{
	demangle_type(d);
	demangle_puts(d, "::");
	demangle_unqualified(d);
	if (*d->p == 'I')
		demangle_args(d);
}

/* Forms that begin with two letters of their own. */
static bool special(struct site_demangle *d)
{
	if (demangle_eat(d, "sr")) {
		scoped(d);
	} else if (demangle_eat(d, "st")) {
		around(d, "sizeof (", true);
	} else if (demangle_eat(d, "sz")) {
		around(d, "sizeof (", false);
	} else if (demangle_eat(d, "at")) {
		around(d, "alignof (", true);
	} else if (demangle_eat(d, "az")) {
		around(d, "alignof (", false);
	} else if (demangle_eat(d, "nx")) {
		around(d, "noexcept (", false);
	} else if (demangle_eat(d, "sZ")) {
		around(d, "sizeof...(", *d->p == 'T');
	} else if (demangle_eat(d, "sp")) {
		demangle_expression(d);
		demangle_puts(d, "...");
	} else if (demangle_eat(d, "cl")) {
		demangle_expression(d);
		list(d, "(", ")");
	} else if (demangle_eat(d, "il")) {
		list(d, "{", "}");
	} else if (demangle_eat(d, "tl")) {
		demangle_type(d);
		list(d, "{", "}");
	} else if (demangle_eat(d, "cv")) {
		demangle_puts(d, "(");
		demangle_type(d);
		demangle_puts(d, ")");
		if (demangle_eat(d, "_"))
			list(d, "(", ")");
		else
			around(d, "(", false);
	} else if (demangle_eat(d, "dt") || demangle_eat(d, "pt")) {
		demangle_expression(d);
		demangle_puts(d, ".");
		demangle_unqualified(d);
		if (*d->p == 'I')
			demangle_args(d);
	} else if (demangle_eat(d, "on")) {
		demangle_unqualified(d);
		if (*d->p == 'I')
			demangle_args(d);
	} else if (demangle_eat(d, "qu")) {
		around(d, "(", false);
		around(d, "?(", false);
		around(d, ":(", false);
	} else if (demangle_eat(d, "f")) {
		function_parameter(d);
	} else {
		return false;
	}
	return true;
}

static bool is_unary(const char *code)
{
	static const char codes[] = "ps ng ad de co nt pp_ mm_ ";
	char word[4] = { code[0], code[1], code[2] == '_' ? '_' : ' ', 0 };

	return strstr(codes, word) ||
	       (word[2] == '_' && (word[2] = ' ', strstr(codes, word)));
}

static void operation(struct site_demangle *d)
{
	const char *text = *d->p ? demangle_operator(d->p) : NULL;
	bool unary = text && is_unary(d->p);

	if (!text) {
		demangle_fail(d);
		return;
	}
	demangle_skip(d, 2);
	demangle_eat(d, "_");
	if (unary) {
		/* "&f", as it is written, and "-(x)". */
		demangle_puts(d, text);
		if (*d->p == 'L')
			demangle_literal(d);
		else
			around(d, "(", false);
		return;
	}
	around(d, "(", false);
	demangle_puts(d, text);
	around(d, "(", false);
}

void demangle_expression(struct site_demangle *d)
{
	if (++d->depth > DEMANGLE_DEPTH) {
		demangle_fail(d);
		return;
	}
	if (*d->p == 'L')
		demangle_literal(d);
	else if (*d->p == 'T')
		demangle_type(d);
	else if (*d->p >= '0' && *d->p <= '9')
		demangle_source_name(d);
	else if (!special(d))
		operation(d);
	d->depth--;
}
