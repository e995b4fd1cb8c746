/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/cmd.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/text.h"
#include "config/words.h"
#include "engine/site/module.h"
#include "engine/site/symbols.h"
#include "tools/policy.h"
#include "tools/ranking.h"

/* The call as described, and what its witness says. */
struct described {
	struct hms_call call;
	const char *module, *thread, *process;
	const char *function, *function_module; /* among its callers */
	uint64_t site;
	const struct hms_policy *policy;
};

static struct described described;

static const char *said_module(const struct hms_call *call)
{
	return described.module;
}

static const char *said_thread(const struct hms_call *call)
{
	return described.thread;
}

static bool is_pattern(const struct hms_pattern *p)
{
	if (p->module &&
		!hms_text_glob_file(p->module, described.function_module))
		return false;
	return described.function && p->function &&
	       hms_symbol_matches(p->function, described.function);
}

/* `from` is about what module() says. */
static bool said_stack(
	const struct hms_call *call, bool only_caller, struct hms_stack *out)
{
	if (only_caller || (!described.function && !described.site))
		return false;
	memset(out, 0, sizeof(*out));
	out->site = described.site;
	for (unsigned i = 0; i < described.policy->npatterns; i++)
		if (is_pattern(&described.policy->patterns[i]))
			out->patterns |= UINT64_C(1) << i;
	return true;
}

static const struct hms_witness witness = { said_module, said_thread,
	said_stack };

static int wrong(const char *what, const char *word, const char *near)
{
	if (near)
		hms_complain("explain", "%s \"%s\"; did you mean \"%s\"?", what,
			word, near);
	else
		hms_complain("explain", "%s \"%s\"", what, word);
	return EX_USAGE;
}

static int read_api(const char *word)
{
	const char *names[HMS_APIS];

	for (unsigned i = 0; i < HMS_APIS; i++) {
		names[i] = hms_api_name((enum hms_api)i);
		if (!strcmp(names[i], word)) {
			described.call.api = (enum hms_api)i;
			return EX_OK;
		}
	}
	return wrong(
		"unknown API", word, hms_text_nearest(word, names, HMS_APIS));
}

static int read_size(const char *word, size_t *out)
{
	uint64_t bytes;

	if (hms_text_size(word, strlen(word), &bytes))
		return wrong("no size:", word, NULL);
	*out = bytes;
	return EX_OK;
}

static int read_flags(char *list)
{
	const char *const *words;
	unsigned n;
	char *save, *word = strtok_r(list, "|", &save);

	words = hms_words_flags(&n);
	for (; word; word = strtok_r(NULL, "|", &save)) {
		uint32_t bit = hms_word_flag(word);

		if (!bit)
			return wrong("unknown flag", word,
				hms_text_nearest(word, words, n));
		described.call.flags |= bit;
	}
	return EX_OK;
}

static int read_detail(const char *key, char *value)
{
	static const char *const keys[] = { "from", "thread", "process",
		"align", "flags", "via", "site" };
	uint32_t hint;
	char *end;

	if (!strcmp(key, "from"))
		described.module = value;
	else if (!strcmp(key, "thread"))
		described.thread = value;
	else if (!strcmp(key, "process"))
		described.process = value;
	else if (!strcmp(key, "align"))
		return read_size(value, &described.call.align);
	else if (!strcmp(key, "flags"))
		return read_flags(value);
	else if (!strcmp(key, "via")) {
		described.function = value;
		end = strrchr(value, '@');
		if (end) {
			*end = 0;
			described.function_module = end + 1;
		}
	} else if (!strcmp(key, "site")) {
		if (!hms_word_site(value, &described.site, &hint))
			return wrong("no site:", value, NULL);
	} else
		return wrong(
			"unknown detail", key, hms_text_nearest(key, keys, 7));
	return EX_OK;
}

/* "malloc 4M from libfoo.so thread log1 align 64 flags shared" */
static int read_call(char *text)
{
	static const char blanks[] = " \t\n";
	char *save, *word = strtok_r(text, blanks, &save), *value;
	int status;

	status = word ? read_api(word) : hms_usage("explain");
	if (status)
		return status;
	word = strtok_r(NULL, blanks, &save);
	if (!word)
		return wrong("a size is missing after",
			hms_api_name(described.call.api), NULL);
	status = read_size(word, &described.call.size);
	while (!status && (word = strtok_r(NULL, blanks, &save))) {
		value = strtok_r(NULL, blanks, &save);
		status = value ? read_detail(word, value)
			       : wrong("nothing stands after", word, NULL);
	}
	return status;
}

static void why_not_text(const char *what, const char *glob, const char *is)
{
	if (is)
		printf("%s is \"%s\", not \"%s\"\n", what, is, glob);
	else
		printf("%s must be \"%s\", and the call does not say\n", what,
			glob);
}

/* The same among those that ask who calls. */
static void print_why_not_caller(const struct hms_rule *rule)
{
	struct hms_rule alone = *rule;

	alone.thread = alone.via = alone.site = NULL;
	if (!hms_rule_match(&alone, &described.call, &witness)) {
		why_not_text("the caller", rule->from, described.module);
		return;
	}
	alone.via = rule->via;
	if (!hms_rule_match(&alone, &described.call, &witness)) {
		why_not_text("the function among the callers", rule->via,
			described.function);
		return;
	}
	alone.site = rule->site;
	if (hms_rule_match(&alone, &described.call, &witness))
		why_not_text("the thread", rule->thread, described.thread);
	else if (described.site)
		printf("the site is %016llx, not %s\n",
			(unsigned long long)described.site, rule->site);
	else
		why_not_text("the site", rule->site, NULL);
}

/* The first condition that does not hold, in words. */
static void print_why_not(const struct hms_rule *rule)
{
	const struct hms_call *call = &described.call;

	if (!(rule->apis & HMS_API_BIT(call->api)))
		printf("it is not for %s\n", hms_api_name(call->api));
	else if (call->size < rule->size_min)
		printf("%zu bytes are less than %zu\n", call->size,
			rule->size_min);
	else if (call->size > rule->size_max)
		printf("%zu bytes are more than %zu\n", call->size,
			rule->size_max);
	else if (call->align < rule->align_min || call->align > rule->align_max)
		printf("an alignment of %zu is not what it wants\n",
			call->align);
	else if (rule->flags && !(rule->flags & call->flags))
		printf("none of its flags is set\n");
	else if (rule->process &&
		 (!described.process ||
			 !hms_text_glob(rule->process, described.process)))
		why_not_text("the program", rule->process, described.process);
	else
		print_why_not_caller(rule);
}

static bool matches(const struct hms_rule *rule)
{
	if (rule->process &&
		(!described.process ||
			!hms_text_glob(rule->process, described.process)))
		return false;
	return hms_rule_match(rule, &described.call, &witness);
}

/* Which limits the place's terms are under, each once. */
static uint64_t limits_of(const struct hms_term *terms, unsigned n)
{
	uint64_t set = 0;

	for (unsigned i = 0; i < n; i++) {
		if (terms[i].limit >= 0 && terms[i].limit < 64)
			set |= UINT64_C(1) << terms[i].limit;
		set |= limits_of(terms[i].terms, terms[i].nterms);
	}
	return set;
}

static void print_limits(const struct hms_policy *policy, uint64_t set)
{
	char human[16];

	for (unsigned i = 0; i < policy->nlimits && i < 64; i++)
		if (set >> i & 1)
			printf("  limit  %s: %s %s\n", policy->limits[i].name,
				hms_text_human(policy->limits[i].bytes, human),
				policy->limits[i].shared
					? "for all processes of one user "
					  "together"
					: "per process");
}

static void print_match(const struct tool_policy *tool, unsigned i)
{
	const struct hms_rule *rule = &tool->policy->rules[i];
	const struct hms_place_spec *spec = &tool->policy->places[rule->place];

	printf("%s matches: %s\n", rule->name, rule->text);
	printf("  place  %s\n  here   ", spec->text);
	tool_put_place(stdout, tool, i);
	putchar('\n');
	print_limits(tool->policy, limits_of(spec->terms, spec->nterms));
	if (tool_moves(tool, i))
		printf("  later  %s\n", tool_moves(tool, i));
	tool_put_rankings(stdout, tool->graph, spec->terms, spec->nterms);
}

static void explain(const struct tool_policy *tool)
{
	for (unsigned i = 0; i < tool->policy->nrules; i++) {
		const struct hms_rule *rule = &tool->policy->rules[i];

		if (matches(rule)) {
			print_match(tool, i);
			return;
		}
		printf("%s does not match: ", rule->name);
		print_why_not(rule);
	}
	puts("no rule matches: left to the system");
}

/* The call's words as one text, however they were quoted. */
static char *join(int n, char **words)
{
	size_t size = 1;
	char *text;

	for (int i = 0; i < n; i++)
		size += strlen(words[i]) + 1;
	text = calloc(1, size);
	for (int i = 0; text && i < n; i++) {
		strcat(text, words[i]);
		strcat(text, " ");
	}
	return text;
}

int hms_cmd_explain(int argc, char **argv)
{
	static const struct option options[] = {
		{ "policy", required_argument, NULL, 'p' },
		{ NULL, 0, NULL, 0 },
	};
	struct tool_policy tool;
	const char *value = NULL;
	int option, status;
	char *text;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "p:", options, NULL)) != -1) {
		if (option != 'p')
			return hms_usage("explain");
		value = optarg;
	}
	if (optind >= argc)
		return hms_usage("explain");
	text = join(argc - optind, argv + optind);
	if (!text)
		return EX_OSERR;
	status = read_call(text);
	if (!status)
		status = tool_policy_open(&tool, value, NULL);
	if (status)
		return status;
	if (!tool.policy) {
		puts("there are no rules: left to the system");
		return EX_OK;
	}
	described.policy = tool.policy;
	explain(&tool);
	return EX_OK;
}
