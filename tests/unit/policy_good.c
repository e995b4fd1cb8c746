/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "config/policy.h"
#include "config/words.h"

/* A compiled rule, written down again: every field that is not its default. */
static void put_rule(struct hms_text *out, const struct hms_policy *policy,
	const struct hms_rule *rule)
{
	if (rule->apis == hms_apis_any())
		hms_text_add(out, "%s: apis now", rule->name);
	else
		hms_text_add(out, "%s: apis %llx", rule->name,
			(unsigned long long)rule->apis);
	if (rule->size_min || rule->size_max != SIZE_MAX)
		hms_text_add(
			out, " size %zu..%zu", rule->size_min, rule->size_max);
	if (rule->align_min || rule->align_max != SIZE_MAX)
		hms_text_add(out, " align %zu..%zu", rule->align_min,
			rule->align_max);
	if (rule->from)
		hms_text_add(out, " from [%s]", rule->from);
	if (rule->thread)
		hms_text_add(out, " thread [%s]", rule->thread);
	if (rule->process)
		hms_text_add(out, " process [%s]", rule->process);
	if (rule->flags)
		hms_text_add(out, " flags %x", rule->flags);
	hms_text_add(out, " -> %u (%s)", rule->place,
		policy->places[rule->place].text);
	if (rule->options)
		hms_text_add(out, " options %x", rule->options);
	if (rule->limit != UINT64_MAX)
		hms_text_add(
			out, " limit %llu", (unsigned long long)rule->limit);
	hms_text_add(out, "\n");
}

static void write_down(const char *text, char *buf, size_t size)
{
	struct hms_arena arena = { 0 };
	struct hms_policy_input in = { "test", text, strlen(text), "prog",
		NULL };
	struct hms_policy *policy;
	struct hms_diag diag;
	struct hms_text out = { buf, size, 0, false };

	buf[0] = 0;
	if (hms_policy_parse(&in, &arena, &policy, &diag)) {
		hms_text_add(&out, "%s", diag.text);
		return;
	}
	for (unsigned i = 0; i < policy->nrules; i++)
		put_rule(&out, policy, &policy->rules[i]);
	hms_arena_free(&arena);
}

#define NOW "now"
#define HEAP "7ff"
#define MAP "3800"

static const struct {
	const char *text, *compiled;
} good[] = {
	/* A star is every API that is intercepted now, and no other. */
	{ "* -> local", "line 1: apis " NOW " -> 0 (local)\n" },
	{ "*->local", "line 1: apis " NOW " -> 0 (local)\n" },
	{ "", "" },
	{ ";;\n # nothing; * -> local\n\t\n", "" },
	{ "* -> local # the rest\r\n", "line 1: apis " NOW " -> 0 (local)\n" },
	/* heap is every heap function, malloc exactly malloc. */
	{ "heap -> hbm", "line 1: apis " HEAP " -> 0 (hbm)\n" },
	{ "malloc -> hbm", "line 1: apis 1 -> 0 (hbm)\n" },
	{ "malloc|calloc|new[] -> hbm", "line 1: apis 403 -> 0 (hbm)\n" },
	/* The family brk is brk and sbrk. */
	{ "brk -> hbm", "line 1: apis c000 -> 0 (hbm)\n" },
	{ "sbrk -> hbm", "line 1: apis 4000 -> 0 (hbm)\n" },
	{ "map|brk -> hbm", "line 1: apis f800 -> 0 (hbm)\n" },
	/* Each comparison, at its edges. */
	{ "size >= 1K -> hbm",
		"line 1: apis " NOW " size 1024..18446744073709551615 "
		"-> 0 (hbm)\n" },
	{ "size > 1K -> hbm",
		"line 1: apis " NOW " size 1025..18446744073709551615 "
		"-> 0 (hbm)\n" },
	{ "size < 1K -> hbm",
		"line 1: apis " NOW " size 0..1023 -> 0 (hbm)\n" },
	{ "size <= 1K -> hbm",
		"line 1: apis " NOW " size 0..1024 -> 0 (hbm)\n" },
	{ "size = 0 -> hbm", "line 1: apis " NOW " size 0..0 -> 0 (hbm)\n" },
	{ "size == 1.5K -> hbm",
		"line 1: apis " NOW " size 1536..1536 -> 0 (hbm)\n" },
	{ "size 1M..2M -> hbm",
		"line 1: apis " NOW " size 1048576..2097152 -> 0 (hbm)\n" },
	{ "size>=18446744073709551615 -> hbm",
		"line 1: apis " NOW " size 18446744073709551615.."
		"18446744073709551615 -> 0 (hbm)\n" },
	/* Given twice, both hold. */
	{ "size > 4K, size < 1M -> hbm",
		"line 1: apis " NOW " size 4097..1048575 -> 0 (hbm)\n" },
	{ "align >= 64 -> hbm",
		"line 1: apis " NOW " align 64..18446744073709551615 "
		"-> 0 (hbm)\n" },
	/* Globs, bare and quoted; an arrow ends a bare one. */
	{ "from libopenblas*->hbm",
		"line 1: apis " NOW " from [libopenblas*] -> 0 (hbm)\n" },
	{ "from \"lib foo,(x)\", thread log-[0-9]#1 -> hbm",
		"line 1: apis " NOW " from [lib foo,(x)] "
		"thread [log-[0-9]#1] -> 0 (hbm)\n" },
	{ "thread \"a\\\"b\\*\" -> hbm",
		"line 1: apis " NOW " thread [a\"b\\*] -> 0 (hbm)\n" },
	/* Rules of other programs are dropped, and their places with them. */
	{ "process other*, heap -> hbm; process p?og, map -> dram",
		"line 1:30: apis " MAP " process [p?og] -> 0 (dram)\n" },
	{ "flags shared|hugetlb -> hbm",
		"line 1: apis " NOW " flags 11 -> 0 (hbm)\n" },
	{ "calloc, flags zeroed -> hbm",
		"line 1: apis 2 flags 1000 -> 0 (hbm)\n" },
	/* Names: of rules, any word; of lines, if there is none. */
	{ "rule heap : map -> hbm\n\nheap -> dram; brk -> dram",
		"heap: apis " MAP " -> 0 (hbm)\n"
		"line 3: apis " HEAP " -> 1 (dram)\n"
		"line 3:15: apis c000 -> 1 (dram)\n" },
	/* Targets are expanded, and equal places are one. */
	{ "target fast = hbm then dram\ntarget all = fast then cxl\n"
	  "heap -> all; map -> hbm then dram then cxl; brk -> hbm",
		"line 3: apis " HEAP " -> 0 (hbm then dram then cxl)\n"
		"line 3:14: apis " MAP " -> 0 (hbm then dram then cxl)\n"
		"line 3:45: apis c000 -> 1 (hbm)\n" },
	/* ... but not under different limits. */
	{ "target a = hbm; target b = hbm; heap -> a; map -> b; limit b 1G",
		"line 1:33: apis " HEAP " -> 0 (hbm)\n"
		"line 1:44: apis " MAP " -> 1 (hbm)\n" },
	{ "heap -> interleave(hbm*3, dram)",
		"line 1: apis " HEAP " -> 0 (interleave(hbm*3, dram))\n" },
	{ "target f = hbm then dram\nheap -> interleave(f*3, node:1*1)",
		"line 2: apis " HEAP " -> 0 (interleave(f*3, node:1))\n" },
	/* No weights at all are not the same as even ones. */
	{ "heap -> interleave(hbm*1, dram); map -> interleave(hbm, dram)",
		"line 1: apis " HEAP " -> 0 (interleave(hbm*1, dram*1))\n"
		"line 1:34: apis " MAP " -> 1 (interleave(hbm, dram))\n" },
	{ "heap -> best bandwidth; map -> best latency write for cpu:0 and "
	  "pci:0000:41:00.0 and cpu:0 noncoherent",
		"line 1: apis " HEAP " -> 0 (best bandwidth)\n"
		"line 1:25: apis " MAP " -> 1 (best latency write for cpu:0 "
		"and pci:0000:41:00.0 noncoherent)\n" },
	{ "target both = best bandwidth for cpu and cuda:0\n"
	  "heap -> near nic:eth0 then near cpu then both",
		"line 2: apis " HEAP " -> 0 (near nic:eth0 then near cpu then "
		"best bandwidth for cpu and cuda:0)\n" },
	/* Targets by what they are; a bare path ends at a star. */
	{ "heap -> node:3 then dax:0.0 then dax:1 then file:/dev/shm",
		"line 1: apis " HEAP " -> 0 (node:3 then dax:0.0 then dax:1 "
		"then file:/dev/shm)\n" },
	{ "heap -> interleave(file:/a-b#c*2, node:0*3), strict",
		"line 1: apis " HEAP " -> 0 (interleave(file:/a-b#c*2, "
		"node:0*3)) options 1\n" },
	{ "heap -> file:\"/a b*\\\"\"",
		"line 1: apis " HEAP " -> 0 (file:/a b*\")\n" },
	{ "heap -> default, strict, pin, huge, populate, limit 2G",
		"line 1: apis " HEAP " -> 0 (default) options 2d "
		"limit 2147483648\n" },
	{ "heap -> local, nohuge", "line 1: apis " HEAP " -> 0 (local) "
				   "options 10\n" },
	{ "migrate off\nheap -> local",
		"line 2: apis " HEAP " -> 0 (local)\n" },
	/* A star is no vendor's call; these are, and name devices. */
	{ "cuda -> cuda:1 then node:0", "line 1: apis f0000 -> 0 (cuda:1 then "
					"node:0)\n" },
	{ "target m = managed(cuda:0 then node:0 then near cuda:0)\n"
	  "cudaMalloc, size >= 2G -> m; cudaMallocManaged -> m then cuda:0",
		"line 2: apis 10000 size 2147483648..18446744073709551615 "
		"-> 0 (managed(cuda:0 then node:0 then near cuda:0))\n"
		"line 2:30: apis 20000 -> 1 (managed(cuda:0 then node:0 then "
		"near cuda:0) then cuda:0)\n" },
	{ "cudaMallocHost|cudaMallocAsync -> near cuda:0",
		"line 1: apis c0000 -> 0 (near cuda:0)\n" },
	{ "heap -> hbm then dram, migrate",
		"line 1: apis " HEAP " -> 0 (hbm then dram) options 2\n" },
};

/* Catches any change in what a right rule set means. */
Test(policy, compiles_to_what_it_says)
{
	char got[2048];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		write_down(good[i].text, got, sizeof(got));
		cr_expect_str_eq(got, good[i].compiled,
			"%s\ngives:\n%s\nnot:\n%s", good[i].text, got,
			good[i].compiled);
	}
}

static struct hms_policy *parse(struct hms_arena *arena, const char *text)
{
	struct hms_policy_input in = { "test", text, strlen(text), NULL, NULL };
	struct hms_policy *policy = NULL;
	struct hms_diag diag;

	cr_assert_eq(hms_policy_parse(&in, arena, &policy, &diag), 0, "%s",
		diag.text);
	return policy;
}

/* Catches a limit that the terms of its name are not under. */
Test(policy, limits_reach_every_term_of_a_name)
{
	struct hms_arena arena = { 0 };
	struct hms_policy *policy = parse(&arena,
		"limit fast 8G\ntarget fast = hbm then node:1\n"
		"target far = cxl\nlimit far 64K\n"
		"* -> fast then dram then interleave(fast*3, far*2, pmem)\n");
	const struct hms_term *t = policy->places[0].terms;

	cr_assert_eq(policy->nlimits, 2);
	cr_assert_str_eq(policy->limits[0].name, "fast");
	cr_assert_eq(policy->limits[0].bytes, 8ull << 30);
	cr_assert_str_eq(policy->limits[0].what, "hbm then node:1");
	cr_assert_not(policy->limits[0].shared);
	cr_assert_str_eq(policy->limits[1].name, "far");
	cr_assert_eq(policy->places[0].nterms, 4);
	cr_assert_eq(t[0].limit, 0);
	cr_assert_eq(t[1].limit, 0);
	cr_assert_eq(t[2].limit, -1);
	cr_assert_eq(t[3].type, HMS_TERM_INTERLEAVE);
	cr_assert_eq(t[3].limit, -1);
	cr_assert_eq(t[3].nterms, 3);
	/* A name of several targets stays a list, to be had on the machine. */
	cr_assert_eq(t[3].terms[0].type, HMS_TERM_LIST);
	cr_assert_eq(t[3].terms[0].weight, 3);
	cr_assert_eq(t[3].terms[0].limit, 0);
	cr_assert_eq(t[3].terms[0].nterms, 2);
	cr_assert_eq(t[3].terms[1].type, HMS_TERM_KIND);
	cr_assert_eq(t[3].terms[1].weight, 2);
	cr_assert_eq(t[3].terms[1].limit, 1);
	cr_assert_eq(t[3].terms[2].weight, 1);
	cr_assert_eq(t[3].terms[2].limit, -1);
	hms_arena_free(&arena);
}

/* Catches messages of the engine that point elsewhere than the term. */
Test(policy, terms_know_where_they_stand)
{
	struct hms_arena arena = { 0 };
	struct hms_policy *policy = parse(
		&arena, "# two lines\ntarget a = hbm then\tnode:7\n* -> a");
	const struct hms_term *term = &policy->places[0].terms[1];
	struct hms_diag diag;

	cr_assert_eq(term->number, 7);
	hms_policy_error(policy, term->line, term->column, &diag, "no node %u",
		term->number);
	cr_assert_str_eq(diag.text, "test:2:21: error: no node 7\n"
				    "target a = hbm then\tnode:7\n"
				    "                   \t^");
	hms_arena_free(&arena);
}

/* Catches warnings that are lost, or given where nothing is wrong. */
Test(policy, rules_that_never_match_are_told)
{
	struct hms_arena arena = { 0 };
	struct hms_policy *policy =
		parse(&arena, "rule big: heap, size >= 1M -> hbm\n"
			      "malloc, size > 2M -> dram\n"
			      "malloc, size > 2K -> dram\n"
			      "thread x -> dram\n"
			      "rule rest: * -> dram then hbm\n"
			      "map -> default then dram\n");

	cr_assert_eq(policy->nwarnings, 3);
	cr_assert_str_eq(policy->warnings[0],
		"test:2:1: warning: this rule never matches: the rule before "
		"it, \"big\", takes all its calls\n"
		"malloc, size > 2M -> dram\n^");
	cr_assert_str_eq(policy->warnings[1],
		"test:6:8: warning: nothing spills over \"default\": the "
		"targets after it are never used\n"
		"map -> default then dram\n       ^");
	cr_assert(strstr(policy->warnings[2], "\"rest\""));
	hms_arena_free(&arena);
}

/* Catches settings that are read, but come to something else. */
Test(policy, migration_is_as_written)
{
	struct hms_arena arena = { 0 };
	struct hms_migration m = parse(&arena, "migrate auto interval 250ms "
					       "rate 1.5G source accessed "
					       "planner tpp")
					 ->migration;

	cr_assert(m.automatic);
	cr_assert_eq(m.interval, 250000000);
	cr_assert_eq(m.rate, 1610612736);
	cr_assert_str_eq(m.source.text, "accessed");
	cr_assert_str_eq(m.planner.text, "tpp");
	cr_assert_eq(m.planner.line, 1);
	cr_assert_eq(m.planner.column, 63);
	m = parse(&arena, "heap -> hbm\nmigrate off interval 2m")->migration;
	cr_assert(!m.automatic);
	cr_assert_eq(m.interval, 120000000000);
	cr_assert_eq(m.rate, 0);
	cr_assert_null(m.source.text);
	m = parse(&arena, "heap -> hbm")->migration;
	cr_assert(!m.automatic && !m.interval && !m.planner.text);
	hms_arena_free(&arena);
}

/* Catches `migrate` of a rule that loses against `off`, and pin likewise. */
Test(policy, a_rule_wins_over_migrate)
{
	static const char rules[] = "malloc -> hbm then dram, migrate\n"
				    "new -> hbm then dram, pin\n"
				    "map -> hbm then dram, strict\n"
				    "brk -> hbm then dram\n";
	static const bool moves[2][4] = { { true, false, false, false },
		{ true, false, false, true } };
	struct hms_arena arena = { 0 };
	char text[256];

	for (int on = 0; on < 2; on++) {
		struct hms_policy *policy;

		snprintf(text, sizeof(text), "%smigrate %s", rules,
			on ? "auto" : "off");
		policy = parse(&arena, text);
		for (int i = 0; i < 4; i++)
			cr_expect_eq(
				hms_rule_migrates(policy, &policy->rules[i]),
				moves[on][i], "%s: rule %d", text, i);
	}
	hms_arena_free(&arena);
}

/* Catches a shipped preset with an error in it, or one that went missing. */
Test(policy, presets_are_right)
{
	struct hms_arena arena = { 0 };
	unsigned n = 0;

	for (const char *name; (name = hms_preset_name(n)); n++) {
		struct hms_policy *policy = NULL;
		struct hms_diag diag;
		int rc = hms_policy_find(
			name, "prog", true, &arena, &policy, &diag);

		cr_expect(!rc && policy, "%s", diag.text);
	}
	cr_assert_eq(n, 7);
	hms_arena_free(&arena);
}
