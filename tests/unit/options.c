/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>

#include <errno.h>
#include <string.h>

#include "config/options.h"

#define FAMILY(name) (1u << HMS_FAMILY_##name)
#define ALL ((1u << HMS_FAMILIES) - 1)

static struct hms_arena arena;
static struct hms_options options;
static struct hms_diag diag;

static int read_one(const char *variable)
{
	char *envp[] = { (char *)"PATH=/bin", (char *)variable, NULL };

	return hms_options_read(
		&options, envp, "redis-server", false, &arena, &diag);
}

/* Catches defaults that differ from the table. */
Test(options, defaults)
{
	cr_assert_eq(
		hms_options_read(&options, NULL, "x", false, &arena, &diag), 0);
	cr_assert_str_empty(diag.text);
	cr_assert_null(options.policy);
	cr_assert_null(options.report);
	cr_assert_null(options.log_path);
	cr_assert_str_empty(options.topology);
	cr_assert_not(options.disable);
	cr_assert_not(options.strict);
	cr_assert_not(options.drop);
	cr_assert(options.here);
	cr_assert(options.trusted);
	cr_assert_eq(options.shims, ALL);
	cr_assert_eq(options.log_level, HMS_LOG_ERROR);
	cr_assert_eq(arena.total, 0);
}

/* Catches a value that is read as another, or not at all. */
Test(options, values)
{
	cr_assert_eq(read_one("HMS_POLICY=* -> hbm"), 0);
	cr_assert_str_eq(options.policy, "* -> hbm");
	cr_assert_eq(read_one("HMS_POLICY="), 0);
	cr_assert_null(options.policy);
	cr_assert_eq(read_one("HMS_STRICT=yes"), 0);
	cr_assert(options.strict);
	cr_assert_eq(read_one("HMS_STRICT=off"), 0);
	cr_assert_not(options.strict);
	cr_assert_eq(read_one("HMS_CHILDREN=drop"), 0);
	cr_assert(options.drop);
	cr_assert_eq(read_one("HMS_PROCESSES=nginx, redis-*"), 0);
	cr_assert(options.here);
	cr_assert_eq(read_one("HMS_PROCESSES=redis,,server"), 0);
	cr_assert_not(options.here);
	cr_assert_eq(read_one("HMS_SOURCE=accessed"), 0);
	cr_assert_str_eq(options.source, "accessed");
	cr_assert_eq(options.budget_share, 100);
	cr_assert_eq(options.budget_rate, 0);
	cr_assert_eq(read_one("HMS_BUDGET=0.25%"), 0);
	cr_assert_eq(options.budget_share, 25);
	cr_assert_eq(read_one("HMS_BUDGET=3% , 2G"), 0);
	cr_assert_eq(options.budget_share, 300);
	cr_assert_eq(options.budget_rate, 2ull << 30);
	cr_assert_eq(read_one("HMS_BUDGET=64M"), 0);
	cr_assert_eq(options.budget_share, 100);
	cr_assert_eq(options.budget_rate, 64ull << 20);
	cr_assert_eq(read_one("HMS_LOG=debug"), 0);
	cr_assert_eq(options.log_level, HMS_LOG_DEBUG);
	cr_assert_eq(read_one("HMS_LOG=off:/tmp/a:b"), 0);
	cr_assert_eq(options.log_level, HMS_LOG_OFF);
	cr_assert_str_eq(options.log_path, "/tmp/a:b");
}

/* Catches families that are on though they were turned off. */
Test(options, families)
{
	cr_assert_eq(read_one("HMS_SHIMS=heap,map"), 0);
	cr_assert_eq(options.shims, FAMILY(HEAP) | FAMILY(MAP));
	cr_assert_eq(read_one("HMS_SHIMS=-map"), 0);
	cr_assert_eq(options.shims, ALL & ~FAMILY(MAP));
	cr_assert_eq(read_one("HMS_SHIMS=heap, brk,-heap"), 0);
	cr_assert_eq(options.shims, FAMILY(BRK));
	cr_assert_eq(read_one("HMS_SHIMS=none"), 0);
	cr_assert_eq(options.shims, 0);
}

/* Catches copies that follow the program's writes over its environment. */
Test(options, are_copies)
{
	char variable[] = "HMS_POLICY=* -> hbm";

	cr_assert_eq(read_one(variable), 0);
	memset(variable, 'x', sizeof(variable) - 1);
	cr_assert_str_eq(options.policy, "* -> hbm");
}

/* Catches a kill switch that maps memory or listens to anything else. */
Test(options, disable_is_total)
{
	char *envp[] = { (char *)"HMS_LOG=nonsense", (char *)"HMS_POLICY=fast",
		(char *)"HMS_DISABLE=1", NULL };

	cr_assert_eq(
		hms_options_read(&options, envp, "x", false, &arena, &diag), 0);
	cr_assert(options.disable);
	cr_assert_null(options.policy);
	cr_assert_eq(arena.total, 0);
}

/* Catches an environment that set-user-id programs listen to. */
Test(options, secure_programs_ignore_it)
{
	char *envp[] = { (char *)"HMS_POLICY=fast", (char *)"HMS_DISABLE=1",
		NULL };

	cr_assert_eq(
		hms_options_read(&options, envp, "x", true, &arena, &diag), 0);
	cr_assert_null(options.policy);
	cr_assert_not(options.disable);
	cr_assert_not(options.trusted);
}

/* Catches errors without a place, and a strict that is lost behind one. */
Test(options, wrong_values)
{
	static const struct {
		const char *variable, *text;
	} bad[] = {
		{ "HMS_STRICT=maybe",
			"HMS_STRICT:1:1: error: 1 or 0 is wanted here, not "
			"\"maybe\"\nmaybe\n^" },
		{ "HMS_SITES=exakt",
			"HMS_SITES:1:1: error: off, sampled, exact or a size "
			"is wanted here, not \"exakt\"; did you mean "
			"\"exact\"?\nexakt\n^" },
		{ "HMS_SITES=100",
			"HMS_SITES:1:1: error: a size from 1K to 1G is wanted "
			"here, not \"100\"\n100\n^" },
		{ "HMS_SHIMS=heap,mpa",
			"HMS_SHIMS:1:6: error: unknown family \"mpa\"; did "
			"you mean \"map\"?\nheap,mpa\n     ^" },
		{ "HMS_BUDGET=1G,4%",
			"HMS_BUDGET:1:4: error: a share from 0.01% to 3% is "
			"wanted here, not \"4%\"\n1G,4%\n   ^" },
		{ "HMS_BUDGET=fast",
			"HMS_BUDGET:1:1: error: a share such as 1% or bytes "
			"per second are wanted here, not \"fast\"\nfast\n^" },
		{ "HMS_LOG=verbose:/x",
			"HMS_LOG:1:1: error: unknown level \"verbose\"\n"
			"verbose:/x\n^" },
		{ "HMS_CHILDREN=inherti",
			"HMS_CHILDREN:1:1: error: inherit or drop is wanted "
			"here, not \"inherti\"; did you mean \"inherit\"?\n"
			"inherti\n^" },
	};
	char *envp[] = { (char *)"HMS_LOG=loud", (char *)"HMS_STRICT=1", NULL };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_expect_eq(read_one(bad[i].variable), -EINVAL);
		cr_expect_str_eq(diag.text, bad[i].text, "got:\n%s", diag.text);
	}
	cr_assert_eq(
		hms_options_read(&options, envp, "x", false, &arena, &diag),
		-EINVAL);
	cr_assert(options.strict);
	cr_assert_eq(options.log_level, HMS_LOG_ERROR);
}

/* Catches a misspelt variable that is silently without effect. */
Test(options, unknown_variables_are_warned_of)
{
	cr_assert_eq(read_one("HMS_POLCY=fast"), 0);
	cr_assert_str_eq(diag.text,
		"HMS_POLCY: warning: HMS has no such variable; did you mean "
		"HMS_POLICY?");
	cr_assert_eq(read_one("HMS_XYZZYX=1"), 0);
	cr_assert_str_eq(
		diag.text, "HMS_XYZZYX: warning: HMS has no such variable");
	cr_assert_eq(read_one("HMSX=1"), 0);
	cr_assert_str_empty(diag.text);
}

/* Catches a size taken for a mode, and the other way round. */
Test(options, sites)
{
	cr_assert_eq(read_one("HMS_LOG=warn"), 0);
	cr_assert_eq(options.sites, HMS_SITES_STANDARD);
	cr_assert_eq(read_one("HMS_SITES=off"), 0);
	cr_assert_eq(options.sites, 0);
	cr_assert_eq(read_one("HMS_SITES=exact"), 0);
	cr_assert_eq(options.sites, 1);
	cr_assert_eq(read_one("HMS_SITES=64K"), 0);
	cr_assert_eq(options.sites, 65536);
}
