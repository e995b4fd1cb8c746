/* SPDX-License-Identifier: BSD-2-Clause */
#include "config/ast.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/text.h"
#include "config/diag.h"

/* clang-format off */
#include "config/rules_parse.h"
#define YYSTYPE HMS_RULES_STYPE
#define YYLTYPE struct hms_loc
#include "config/rules_scan.h"
/* clang-format on */

/* Weights are shares; finer ones than this cannot be told apart. */
#define WEIGHT_MAX 1000

void *ast_alloc(struct hms_parse *parse, size_t size)
{
	void *p = hms_arena_alloc(parse->arena, size);

	if (!p)
		longjmp(parse->oom, 1);
	return p;
}

struct ast_word *ast_word(
	struct hms_parse *parse, const char *text, const struct hms_loc *loc)
{
	struct ast_word *word = ast_alloc(parse, sizeof(*word));

	word->text = text;
	word->loc = *loc;
	return word;
}

void ast_error(struct hms_parse *parse, const struct hms_loc *loc,
	const char *format, ...)
{
	va_list args;

	va_start(args, format);
	hms_diag_put(parse->diag, parse->source, loc->line, loc->column,
		"error", format, args);
	va_end(args);
}

bool ast_size(struct hms_parse *parse, const char *text,
	const struct hms_loc *loc, uint64_t *out)
{
	switch (hms_text_size(text, strlen(text), out)) {
	case 0:
		return true;
	case -ERANGE:
		ast_error(parse, loc, "%s is more than 64 bits can hold", text);
		return false;
	default:
		ast_error(parse, loc,
			"\"%s\" is no size; write bytes, or a number with "
			"K, M, G or T",
			text);
		return false;
	}
}

bool ast_weight(struct hms_parse *parse, const char *text,
	const struct hms_loc *loc, unsigned *out)
{
	unsigned weight = 0;

	for (const char *p = text; *p; p++) {
		if (*p < '0' || *p > '9' || weight > WEIGHT_MAX) {
			weight = 0;
			break;
		}
		weight = weight * 10 + (unsigned)(*p - '0');
	}
	if (weight < 1 || weight > WEIGHT_MAX) {
		ast_error(parse, loc,
			"a weight is a whole number from 1 to %d, not %s",
			WEIGHT_MAX, text);
		return false;
	}
	*out = weight;
	return true;
}

void ast_interval(struct ast_cond *cond, const char *op, uint64_t bytes)
{
	bool strict = !op[1];

	cond->min = 0;
	cond->max = UINT64_MAX;
	if (*op != '<')
		cond->min = bytes;
	if (*op != '>')
		cond->max = bytes;
	if (*op == '>' && strict) {
		if (bytes == UINT64_MAX)
			cond->max = 0;
		else
			cond->min = bytes + 1;
	}
	if (*op == '<' && strict) {
		if (bytes == 0)
			cond->min = 1;
		else
			cond->max = bytes - 1;
	}
}

int hms_rules_read(const struct hms_rule_text *source, struct hms_arena *arena,
	struct ast_stmt **out, struct hms_diag *diag)
{
	struct hms_parse parse = {
		.arena = arena,
		.source = source,
		.diag = diag,
		.line = 1,
		.column = 1,
	};

	parse.end = &parse.statements;
	if (setjmp(parse.oom)) {
		hms_diag_error(diag, source, 0, 0, "no memory to read it");
		return -ENOMEM;
	}
	if (hms_rules_lex_init_extra(&parse, &parse.scanner))
		longjmp(parse.oom, 1);
	hms_rules__scan_bytes(source->text, (int)source->len, parse.scanner);
	if (hms_rules_parse(&parse))
		return -EINVAL;
	*out = parse.statements;
	return 0;
}
