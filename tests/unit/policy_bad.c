/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/policy.h"

/* What is wrong, and all that is said about it. */
static const struct {
	const char *text, *said;
} bad[] = {
#define BAD(text, said) { text, said },
#include "tests/unit/policy_names.def"
#include "tests/unit/policy_syntax.def"
#undef BAD
};

static int parse(const char *text, size_t len, struct hms_diag *diag)
{
	struct hms_arena arena = { 0 };
	struct hms_policy_input in = { "test", text, len, "prog", NULL };
	struct hms_policy *policy;
	int rc = hms_policy_parse(&in, &arena, &policy, diag);

	hms_arena_free(&arena);
	return rc;
}

/*
 * Catches wrong rules that are taken, and any message that is lost, says
 * something else, or points elsewhere.
 */
Test(policy, errors_are_told_to_the_letter)
{
	struct hms_diag diag;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_expect_eq(parse(bad[i].text, strlen(bad[i].text), &diag),
			-EINVAL, "%s", bad[i].text);
		cr_expect_str_eq(diag.text, bad[i].said,
			"%s\ngives:\n%s\nnot:\n%s", bad[i].text, diag.text,
			bad[i].said);
	}
}

/* Catches a parser whose stack grows with the text. */
Test(policy, brackets_are_bounded)
{
	struct hms_diag diag;
	char text[4096] = "* -> ";

	for (int i = 0; i < 300; i++)
		strcat(text, "managed(");
	cr_assert_eq(parse(text, strlen(text), &diag), -EINVAL);
	cr_assert(strstr(diag.text, "brackets are nested too deeply here"),
		"%s", diag.text);
}

/* Catches names that double in each line until memory ends. */
Test(policy, places_are_bounded)
{
	struct hms_diag diag;
	char text[4096] = "target t0 = hbm then dram\n", line[64];

	for (int i = 1; i < 40; i++) {
		sprintf(line, "target t%d = t%d then t%d\n", i, i - 1, i - 1);
		strcat(text, line);
	}
	cr_assert_eq(parse(text, strlen(text), &diag), -EINVAL);
	cr_assert_str_eq(diag.text,
		"test:7:21: error: more than 64 targets in one place\n"
		"target t6 = t5 then t5\n"
		"                    ^");
}

/* Catches more places than the engine can number. */
Test(policy, different_places_are_bounded)
{
	static char text[1 << 16];
	struct hms_diag diag;
	char line[64];

	for (int i = 0; i < 200; i++) {
		sprintf(line, "size %d..%d -> node:%d\n", i, i, i);
		strcat(text, line);
	}
	cr_assert_eq(parse(text, strlen(text), &diag), -EINVAL);
	cr_assert_str_eq(diag.text,
		"test:200:18: error: more than 199 different places\n"
		"size 199..199 -> node:199\n"
		"                 ^");
}

/* Catches texts that overrun the message: all of it is cut, none is lost. */
Test(policy, long_lines_are_cut_around_the_caret)
{
	struct hms_diag diag;
	char text[2048];

	memset(text, 'n', 1000);
	text[1000] = 0;
	strcpy(text + 1000, " -> local");
	cr_assert_eq(parse(text, strlen(text), &diag), -EINVAL);
	cr_assert(strncmp(diag.text, "test:1:1: error: unknown word \"nnn",
			  34) == 0);
	cr_assert(strstr(diag.text, "nnn...\n^"), "%s", diag.text);
	memset(text, ' ', 1000);
	strcpy(text + 500, "heap -> locl");
	memset(text + 512, ' ', 488);
	cr_assert_eq(parse(text, 1000, &diag), -EINVAL);
	cr_assert(strstr(diag.text, "test:1:509: error: unknown target"), "%s",
		diag.text);
	cr_assert(strstr(diag.text, "heap -> locl"));
	cr_assert(strstr(diag.text, "...\n   "));
}
