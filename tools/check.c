/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/cmd.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/text.h"
#include "tools/check_program.h"
#include "tools/policy.h"

/* The place and its options, as a rule would have them. */
static const char *place_text(const struct hms_policy *policy,
	const struct hms_rule *rule, char *buf, size_t size)
{
	static const char *const names[] = { "strict", "migrate", "pin", "huge",
		"nohuge", "populate" };
	struct hms_text text = { buf, size, 0, false };
	char human[16];

	hms_text_add(&text, "%s", policy->places[rule->place].text);
	for (unsigned i = 0; i < 6; i++)
		if (rule->options & 1u << i)
			hms_text_add(&text, ", %s", names[i]);
	if (rule->limit != UINT64_MAX)
		hms_text_add(&text, ", limit %s",
			hms_text_human(rule->limit, human));
	return buf;
}

/* One long cell should not push all others away. */
static void widen(int *width, const char *text)
{
	size_t len = strlen(text);

	if (len <= 36 && (int)len > *width)
		*width = (int)len;
}

static void print_rules(const struct tool_policy *tool)
{
	const struct hms_policy *policy = tool->policy;
	int name = 4, place = 5;
	char human[16], text[1024];

	for (unsigned i = 0; i < policy->nrules; i++) {
		widen(&name, policy->rules[i].name);
		widen(&place, place_text(policy, &policy->rules[i], text,
				      sizeof(text)));
	}
	if (policy->nrules)
		printf("%-*s  %-*s  %s\n", name, "RULE", place, "PLACE",
			"ON THIS MACHINE");
	for (unsigned i = 0; i < policy->nrules; i++) {
		const struct hms_rule *rule = &policy->rules[i];

		printf("%-*s  %-*s  ", name, rule->name, place,
			place_text(policy, rule, text, sizeof(text)));
		tool_put_place(stdout, tool, i);
		if (tool_moves(tool, i))
			printf("; %s", tool_moves(tool, i));
		putchar('\n');
	}
	for (unsigned i = 0; i < policy->nlimits; i++)
		printf("limit of %s: %s %s\n", policy->limits[i].name,
			hms_text_human(policy->limits[i].bytes, human),
			policy->limits[i].shared
				? "for all processes of one user together"
				: "per process");
}

static int check(const char *value, const char *program)
{
	const char *slash = program ? strrchr(program, '/') : NULL;
	struct tool_policy tool;
	int status =
		tool_policy_open(&tool, value, slash ? slash + 1 : program);

	if (tool.policy)
		for (unsigned i = 0; i < tool.policy->nwarnings; i++)
			fprintf(stderr, "%s\n", tool.policy->warnings[i]);
	if (status)
		return status;
	if (!tool.policy) {
		hms_complain("check", "HMS_POLICY is not set, and there is no "
				      "default.hms: no rules are followed");
		return EX_NOINPUT;
	}
	printf("%s: %u %s\n", tool.policy->source, tool.policy->nrules,
		tool.policy->nrules == 1 ? "rule" : "rules");
	print_rules(&tool);
	return program ? tool_check_program(tool.policy, program) : EX_OK;
}

int hms_cmd_check(int argc, char **argv)
{
	static const struct option options[] = {
		{ "program", required_argument, NULL, 'P' },
		{ NULL, 0, NULL, 0 },
	};
	const char *program = NULL;
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'P')
			return hms_usage("check");
		program = optarg;
	}
	if (argc - optind > 1)
		return hms_usage("check");
	return check(argv[optind], program);
}
