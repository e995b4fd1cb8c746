/* SPDX-License-Identifier: BSD-2-Clause */
/* Targets named by what they are: node:1, dax:0.0, cuda:0, file:/path. */
#include <string.h>

#include "base/text.h"
#include "config/compile.h"

/* Highest node number that Linux can be built for (NODES_SHIFT 10). */
#define NODE_MAX 1023

static const struct {
	const char *prefix;
	enum hms_term_type type;
} kinds[] = {
	{ "node", HMS_TERM_NODE },
	{ "file", HMS_TERM_FILE },
	{ "dax", HMS_TERM_DAX },
	{ "cuda", HMS_TERM_DEVICE },
	{ "opencl", HMS_TERM_DEVICE },
	{ "hip", HMS_TERM_DEVICE },
	{ "ze", HMS_TERM_DEVICE },
};
#define NKINDS (sizeof(kinds) / sizeof(kinds[0]))

/* Digits alone, up to max. */
static bool number(const char *text, unsigned max, unsigned *out)
{
	unsigned n = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		n = n * 10 + (unsigned)(*text - '0');
		if (n > max)
			return false;
	}
	*out = n;
	return true;
}

/* "0" or "0.1": as /dev/dax0.1 is numbered. */
static bool dax_number(const char *text)
{
	size_t a = strspn(text, "0123456789"), b;

	if (!a)
		return false;
	if (!text[a])
		return true;
	b = strspn(text + a + 1, "0123456789");
	return text[a] == '.' && b && !text[a + 1 + b];
}

static int wrong(struct compile *c, unsigned source, const struct ast_term *ast,
	const char *what)
{
	return compile_error(
		c, source, &ast->loc, "\"%s\": %s", ast->text, what);
}

static int unknown_prefix(struct compile *c, unsigned source,
	const struct ast_term *ast, size_t len)
{
	const char *words[NKINDS], *near;
	char prefix[32];
	struct hms_text text = HMS_TEXT(prefix);

	prefix[0] = 0;
	hms_text_put(&text, ast->text, len);
	for (size_t i = 0; i < NKINDS; i++)
		words[i] = kinds[i].prefix;
	near = hms_text_nearest(prefix, words, NKINDS);
	if (near)
		return compile_error(c, source, &ast->loc,
			"unknown target \"%s\"; did you mean "
			"\"%s%s\"?",
			ast->text, near, ast->text + len);
	return compile_error(
		c, source, &ast->loc, "unknown target \"%s\"", ast->text);
}

int compile_id(struct compile *c, unsigned source, const struct ast_term *ast,
	struct hms_term *out)
{
	const char *rest = strchr(ast->text, ':') + 1;
	size_t len = (size_t)(rest - ast->text) - 1, i = 0;

	while (i < NKINDS && (strncmp(kinds[i].prefix, ast->text, len) ||
				     kinds[i].prefix[len]))
		i++;
	if (i == NKINDS)
		return unknown_prefix(c, source, ast, len);
	out->type = kinds[i].type;
	out->path = rest;
	switch (out->type) {
	case HMS_TERM_NODE:
		out->path = NULL;
		if (number(rest, NODE_MAX, &out->number))
			return 0;
		return wrong(
			c, source, ast, "nodes are numbers from 0 to 1023");
	case HMS_TERM_FILE:
		if (rest[0] == '/')
			return 0;
		return wrong(c, source, ast, "the path must begin with /");
	case HMS_TERM_DAX:
		if (dax_number(rest))
			return 0;
		return wrong(
			c, source, ast, "devices are numbered as in dax:0.0");
	default:
		out->path = kinds[i].prefix;
		if (number(rest, NODE_MAX, &out->number))
			return 0;
		return wrong(c, source, ast, "devices are numbers from 0 on");
	}
}
