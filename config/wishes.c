/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory asked for by need: best bandwidth for cpu and cuda:0, near nic:eth0 */
#include <string.h>

#include "base/text.h"
#include "config/compile.h"

static bool is_number(const char *text)
{
	size_t n = strspn(text, "0123456789");

	return n && n <= 6 && !text[n];
}

/* "0000:41:00.0", as sysfs names PCI devices: lower case, domain in front. */
static bool is_pci(const char *text)
{
	size_t n = strspn(text, "0123456789abcdef");

	if (n < 4 || n > 8 || text[n] != ':')
		return false;
	text += n + 1;
	if (strspn(text, "0123456789abcdef") != 2 || text[2] != ':')
		return false;
	text += 3;
	return strspn(text, "0123456789abcdef") == 2 && text[2] == '.' &&
	       text[3] >= '0' && text[3] <= '7' && !text[4];
}

/* Any but a slash, which no network interface has in its name. */
static bool is_name(const char *text)
{
	return *text && !strchr(text, '/');
}

/* What may access memory; the first word of each is an example too. */
static const struct {
	const char *prefix, *example;
	bool (*is)(const char *text);
	const char *rule;
} initiators[] = {
	{ "cpu", "cpu:0", is_number, "is numbered as its node, cpu:0" },
	{ "node", "node:0", is_number, "nodes are numbers from 0 on" },
	{ "gpu", "gpu:0", is_number, "GPUs are numbers from 0 on" },
	{ "cuda", "cuda:0", is_number, "devices are numbers from 0 on" },
	{ "hip", "hip:0", is_number, "devices are numbers from 0 on" },
	{ "opencl", "opencl:0", is_number, "devices are numbers from 0 on" },
	{ "ze", "ze:0", is_number, "devices are numbers from 0 on" },
	{ "gi", "gi:0", is_number, "is numbered as its node, gi:0" },
	{ "nic", "nic:eth0", is_name, "a network interface's name follows" },
	{ "pci", "pci:0000:41:00.0", is_pci,
		"addresses are written as in pci:0000:41:00.0" },
};
#define NINITIATORS (sizeof(initiators) / sizeof(initiators[0]))

static int unknown_initiator(
	struct compile *c, unsigned source, const struct ast_word *word)
{
	const char *words[NINITIATORS + 1], *near;
	const char *colon = strchr(word->text, ':');
	char prefix[32];
	struct hms_text text = HMS_TEXT(prefix);

	for (size_t i = 0; i < NINITIATORS; i++)
		words[i] = colon ? initiators[i].prefix : initiators[i].example;
	words[NINITIATORS] = "cpu";
	prefix[0] = 0;
	if (colon)
		hms_text_put(&text, word->text, (size_t)(colon - word->text));
	near = hms_text_nearest(
		colon ? prefix : word->text, words, NINITIATORS + 1);
	for (size_t i = 0; i < NINITIATORS && !colon; i++)
		if (!strcmp(word->text, initiators[i].prefix))
			near = initiators[i].example;
	if (!near) {
		near = "cpu";
		colon = NULL;
	}
	return compile_error(c, source, &word->loc,
		"unknown initiator \"%s\"; did you mean \"%s%s\"?", word->text,
		near, colon ? colon : "");
}

static int check_initiator(
	struct compile *c, unsigned source, const struct ast_word *word)
{
	const char *colon = strchr(word->text, ':');
	size_t len = colon ? (size_t)(colon - word->text) : 0;

	if (!strcmp(word->text, "cpu"))
		return 0;
	for (size_t i = 0; len && i < NINITIATORS; i++) {
		if (strncmp(initiators[i].prefix, word->text, len) ||
			initiators[i].prefix[len])
			continue;
		if (initiators[i].is(colon + 1))
			return 0;
		return compile_error(c, source, &word->loc, "\"%s\": %s",
			word->text, initiators[i].rule);
	}
	return unknown_initiator(c, source, word);
}

static int add_initiator(struct compile *c, unsigned source,
	const struct ast_word *word, struct hms_term *term)
{
	int rc = check_initiator(c, source, word);

	if (rc)
		return rc;
	/* Said twice is said once, and the same place. */
	for (unsigned i = 0; i < term->ninitiators; i++)
		if (!strcmp(term->initiators[i], word->text))
			return 0;
	term->initiators = compile_grow(c, term->initiators, term->ninitiators,
		sizeof(*term->initiators));
	if (!term->initiators)
		return compile_no_memory(c);
	term->initiators[term->ninitiators++] = word->text;
	return 0;
}

int compile_wish(struct compile *c, unsigned source, const struct ast_term *ast,
	struct hms_term *out)
{
	static const char *const needs[] = { "bandwidth", "latency",
		"capacity" };
	static const char *const accesses[] = { "", " read", " write" };
	bool best = ast->type == AST_BEST;
	const char *join = best ? " for " : " ";
	char buf[512];
	struct hms_text text = HMS_TEXT(buf);
	int rc = 0;

	*out = (struct hms_term){
		.type = best ? HMS_TERM_BEST : HMS_TERM_NEAR,
		.line = compile_line(c, source, &ast->loc),
		.column = ast->loc.column,
		.weight = ast->weight,
		.limit = -1,
		.need = best ? ast->need : HMS_LATENCY,
		.access = ast->access,
		.noncoherent = ast->noncoherent,
	};
	hms_text_add(&text, best ? "best %s%s" : "near", needs[ast->need],
		accesses[ast->access]);
	for (struct ast_word *w = ast->initiators; w && !rc; w = w->next)
		rc = add_initiator(c, source, w, out);
	if (rc)
		return rc;
	for (unsigned i = 0; i < out->ninitiators; i++) {
		hms_text_add(&text, "%s%s", join, out->initiators[i]);
		join = " and ";
	}
	if (ast->noncoherent)
		hms_text_add(&text, " noncoherent");
	/* Text tells wishes apart. */
	if (text.cut)
		return compile_error(
			c, source, &ast->loc, "this is too long a wish");
	/* Next to whoever touches it first: the kernel's own way. */
	if (!best && !strcmp(out->initiators[0], "cpu"))
		out->type = HMS_TERM_LOCAL;
	out->text = hms_arena_strdup(c->arena, buf);
	return out->text ? 0 : compile_no_memory(c);
}
