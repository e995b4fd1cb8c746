/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>

#include <string.h>

#include "base/text.h"
#include "config/policy.h"

static const char *said_module = "/usr/lib/x86_64-linux-gnu/libfoo.so.1";
static const char *said_thread = "log1";
static unsigned asked;

static const char *module(const struct hms_call *call)
{
	asked++;
	return said_module;
}

static const char *thread(const struct hms_call *call)
{
	asked++;
	return said_thread;
}

static const struct hms_witness witness = { module, thread, NULL };

static struct hms_policy *parse(struct hms_arena *arena, const char *text)
{
	struct hms_policy_input in = { "test", text, strlen(text), "prog",
		NULL };
	struct hms_policy *policy = NULL;
	struct hms_diag diag;

	cr_assert_eq(hms_policy_parse(&in, arena, &policy, &diag), 0, "%s",
		diag.text);
	return policy;
}

static int match(const struct hms_policy *policy, enum hms_api api, size_t size,
	size_t align, uint32_t flags)
{
	struct hms_call call = {
		.api = api, .flags = flags, .size = size, .align = align
	};

	return hms_policy_match(policy, &call, &witness);
}

/* Catches intervals that are off by one, and the wrong one of two rules. */
Test(match, sizes_at_their_edges)
{
	struct hms_arena arena = { 0 };
	struct hms_policy *p = parse(&arena,
		"malloc, size 1M..2M -> hbm\nmalloc, size >= 2M -> dram\n"
		"heap, size < 16 -> cxl");

	cr_expect_eq(match(p, HMS_API_MALLOC, 1048575, 0, 0), -1);
	cr_expect_eq(match(p, HMS_API_MALLOC, 1048576, 0, 0), 0);
	cr_expect_eq(match(p, HMS_API_MALLOC, 2097152, 0, 0), 0);
	cr_expect_eq(match(p, HMS_API_MALLOC, 2097153, 0, 0), 1);
	cr_expect_eq(match(p, HMS_API_MALLOC, SIZE_MAX, 0, 0), 1);
	cr_expect_eq(match(p, HMS_API_MALLOC, 0, 0, 0), 2);
	cr_expect_eq(match(p, HMS_API_CALLOC, 15, 0, 0), 2);
	cr_expect_eq(match(p, HMS_API_CALLOC, 16, 0, 0), -1);
	cr_expect_eq(match(p, HMS_API_CALLOC, 1048576, 0, 0), -1);
	cr_expect_eq(match(p, HMS_API_MMAP, 1, 0, 0), -1);
	hms_arena_free(&arena);
}

/* Catches a look at modules or threads that no rule needs. */
Test(match, asks_only_when_it_must)
{
	struct hms_arena arena = { 0 };
	struct hms_policy *p = parse(
		&arena, "malloc, size > 1M, from libfoo* -> hbm\n* -> dram");

	cr_assert(p->needs_modules);
	cr_assert_not(p->needs_threads);
	cr_assert_eq(match(p, HMS_API_MALLOC, 10, 0, 0), 1);
	cr_assert_eq(match(p, HMS_API_CALLOC, 10 << 20, 0, 0), 1);
	cr_assert_eq(asked, 0);
	cr_assert_eq(match(p, HMS_API_MALLOC, 10 << 20, 0, 0), 0);
	cr_assert_eq(asked, 1);
	cr_assert(p->routes[HMS_API_CALLOC][0].decided);
	cr_assert_eq(p->nroutes[HMS_API_CALLOC], 1);
	hms_arena_free(&arena);
}

/* Catches globs held against the wrong part of a path. */
Test(match, modules_by_name_or_by_path)
{
	struct hms_arena arena = { 0 };
	struct hms_policy *p = parse(&arena,
		"from /usr/lib/*foo.so.1 -> hbm\nfrom libfoo.so* -> dram\n"
		"from lib* -> cxl");

	cr_assert_eq(match(p, HMS_API_MALLOC, 1, 0, 0), 0);
	said_module = "/opt/libfoo.so.2";
	cr_assert_eq(match(p, HMS_API_MALLOC, 1, 0, 0), 1);
	said_module = "libz.so";
	cr_assert_eq(match(p, HMS_API_MALLOC, 1, 0, 0), 2);
	said_module = "/usr/lib/x";
	cr_assert_eq(match(p, HMS_API_MALLOC, 1, 0, 0), -1);
	said_module = NULL;
	cr_assert_eq(match(p, HMS_API_MALLOC, 1, 0, 0), -1);
	hms_arena_free(&arena);
}

/* Catches conditions of which one is enough. */
Test(match, all_conditions_hold)
{
	struct hms_arena arena = { 0 };
	struct hms_policy *p = parse(&arena,
		"mmap, thread log*, flags shared|hugetlb, align >= 64 -> hbm");

	cr_assert_eq(match(p, HMS_API_MMAP, 1, 64, HMS_CALL_HUGETLB), 0);
	cr_assert_eq(match(p, HMS_API_MMAP, 1, 63, HMS_CALL_HUGETLB), -1);
	cr_assert_eq(match(p, HMS_API_MMAP, 1, 64, HMS_CALL_PRIVATE), -1);
	cr_assert_eq(match(p, HMS_API_MREMAP, 1, 64, HMS_CALL_SHARED), -1);
	said_thread = "main";
	cr_assert_eq(match(p, HMS_API_MMAP, 1, 64, HMS_CALL_HUGETLB), -1);
	said_thread = NULL;
	cr_assert_eq(match(p, HMS_API_MMAP, 1, 64, HMS_CALL_HUGETLB), -1);
	hms_arena_free(&arena);
}

/* Numbers that are the same in each run: xorshift, Marsaglia 2003. */
static uint64_t state = 0x9e3779b97f4a7c15;

static unsigned below(unsigned n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 33) % n;
}

static void put_random_rule(struct hms_text *text)
{
	static const char *const apis[] = { "*", "heap", "map", "malloc",
		"calloc|mmap", "brk", "new|new[]", "heap" };
	static const char *const places[] = { "local", "hbm", "dram then cxl",
		"interleave(hbm*3, dram)", "node:1", "default" };
	const char *api = apis[below(8)];

	hms_text_add(text, "%s", *api == '*' ? "size >= 0" : api);
	if (below(2) && *api != '*')
		hms_text_add(text, ", size %u..%u", below(50), 50 + below(50));
	else if (below(2))
		hms_text_add(text, ", size %s %u",
			below(2) ? ">=" : "<=", below(100));
	if (!below(4))
		hms_text_add(text, ", from lib%c*", "fz"[below(2)]);
	if (!below(4))
		hms_text_add(text, ", thread %s", below(2) ? "log*" : "m*");
	if (!below(4))
		hms_text_add(text, ", flags shared");
	if (!below(6))
		hms_text_add(text, ", align >= 64");
	hms_text_add(text, " -> %s\n", places[below(6)]);
}

/* Calls of one caller, or stack, that are said to be decided alike are. */
static void check_alike(const struct hms_policy *policy,
	const struct hms_call *call, int rule, typeof(hms_policy_by_caller) *by)
{
	struct hms_call other = *call;
	size_t first, last;

	if (call->align || call->flags ||
		!by(policy, call, rule, &first, &last))
		return;
	cr_assert(first <= call->size && call->size <= last);
	said_thread = NULL;
	for (other.size = 0; other.size < 120; other.size++)
		if (other.size >= first && other.size <= last)
			cr_assert_eq(hms_policy_match(policy, &other, &witness),
				rule, "size %zu is not like %zu", other.size,
				call->size);
}

static void check_random_calls(
	const struct hms_policy *policy, const char *text)
{
	static const char *const modules[] = { "/lib/libfoo.so", "/lib/libz.so",
		"/bin/x", NULL };
	static const char *const threads[] = { "log1", "main", NULL };

	for (int i = 0; i < 300; i++) {
		struct hms_call call = { .api = below(HMS_APIS),
			.flags = below(3),
			.size = below(110),
			.align = below(2) ? 64 : 0 };
		int naive = -1;

		said_module = modules[below(4)];
		said_thread = threads[below(3)];
		for (unsigned r = 0; r < policy->nrules && naive < 0; r++)
			if (hms_rule_match(&policy->rules[r], &call, &witness))
				naive = (int)r;
		cr_assert_eq(hms_policy_match(policy, &call, &witness), naive,
			"%s: api %s size %zu", text, hms_api_name(call.api),
			call.size);
		check_alike(policy, &call, naive, hms_policy_by_caller);
		check_alike(policy, &call, naive, hms_policy_by_stack);
	}
}

/*
 * Catches routes that do not do what trying rule after rule does, and sizes
 * that are learnt to be decided by the caller and are not.
 */
Test(match, routes_are_first_match)
{
	for (int i = 0; i < 400; i++) {
		struct hms_arena arena = { 0 };
		char buf[4096];
		struct hms_text text = HMS_TEXT(buf);

		buf[0] = 0;
		for (unsigned n = below(24); n > 0; n--)
			put_random_rule(&text);
		check_random_calls(parse(&arena, buf), buf);
		hms_arena_free(&arena);
	}
}
