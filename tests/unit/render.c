/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The report to the letter: what people read and what programs parse.  Also
 * the escapes of HMS_REPORT's path.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/render.h"
#include "report/report.h"

#define MIB ((uint64_t)1 << 20)

struct memory_sink {
	struct hms_sink sink;
	char buf[16384];
	size_t len;
};

static void to_memory(struct hms_sink *sink, const char *bytes, size_t len)
{
	struct memory_sink *out = (struct memory_sink *)sink;

	cr_assert_leq(out->len + len, sizeof(out->buf) - 1);
	memcpy(out->buf + out->len, bytes, len);
	out->len += len;
}

static struct memory_sink out = { .sink = { to_memory } };
static struct hms_status s;

static void make_status(void)
{
	s.pid = 1234;
	s.phase = 4;
	s.started_ns = UINT64_C(1700000000000000000);
	s.updated_ns = s.started_ns + UINT64_C(2100000000);
	s.ended_ns = s.updated_ns + UINT64_C(50000000);
	strcpy(s.program, "sqlite3");
	strcpy(s.policy, "HMS_POLICY");
	s.families_live = 1u << HMS_FAMILY_HEAP | 1u << HMS_FAMILY_MAP;
	s.families_dead = 1u << HMS_FAMILY_BRK;
	s.nrules = 2;
	s.ntargets = 2;
	strcpy(s.rules[0].name, "big");
	strcpy(s.rules[0].text, "rule big: size >= 1M -> hbm then dram");
	strcpy(s.rules[0].place, "hbm then dram");
	s.rules[0].bound = 800 * MIB;
	s.rules[0].bound_peak = 900 * MIB;
	s.rules[0].first = 700 * MIB;
	s.rules[0].spilled = 100 * MIB;
	s.rules[0].wanted[0] = 700 * MIB;
	s.rules[0].wanted[1] = 100 * MIB;
	s.rules[0].actual_node[0] = 90 * MIB;
	s.rules[0].actual_node[2] = 650 * MIB;
	s.rules[0].actual_absent = 60 * MIB;
	strcpy(s.rules[1].name, "logs");
	strcpy(s.rules[1].place, "file:/a/long/path/to/somewhere");
	s.rules[1].failures = 3;
	strcpy(s.targets[0].text, "hbm");
	s.targets[0].nodes = 1 << 2;
	s.targets[0].bound = 700 * MIB;
	s.targets[0].bound_peak = 800 * MIB;
	s.targets[0].actual = 650 * MIB;
	s.targets[0].absent = 50 * MIB;
	strcpy(s.targets[1].text, "dram");
	s.targets[1].nodes = 1 << 0 | 1 << 1;
	s.targets[1].bound = 100 * MIB;
	s.targets[1].bound_peak = 100 * MIB;
	s.targets[1].actual = 85 * MIB;
	s.targets[1].elsewhere = 5 * MIB;
	s.targets[1].absent = 10 * MIB;
	s.targets[1].refusals = 7;
	s.targets[1].last_errno = EPERM;
	s.tallies[1].rule[0].calls = 1000;
	s.tallies[1].rule[0].bytes = 1536;
	s.tallies[1].rule[1].calls = 40;
	s.tallies[1].rule[1].bytes = 1200 * MIB;
	s.tallies[2].rule[1].calls = 2;
	s.tallies[1].family_calls[HMS_FAMILY_HEAP] = 1041;
	s.tallies[2].family_calls[HMS_FAMILY_MAP] = 1;
}

TestSuite(render, .init = make_status);

static const char wanted_text[] =
	"hms: sqlite3, pid 1234, 2.1 s\n"
	"policy: HMS_POLICY\n"
	"\n"
	"rule         place              calls     asked     bound      peak     first   spilled   refused\n"
	"big          hbm then dram         42   1.2 GiB   800 MiB   900 MiB   700 MiB   100 MiB         0\n"
	"logs         file:/a/long/~         0         0         0         0         0         0         0\n"
	"(no rule)    default             1000   1.5 KiB\n"
	"rule logs is strict and made 3 calls fail\n"
	"\n"
	"where the kernel says the pages are\n"
	"  big          node:0 90 MiB, node:2 650 MiB, untouched 60 MiB\n"
	"\n"
	"target                      requested      peak    actual elsewhere untouched  refusals\n"
	"hbm                           700 MiB   800 MiB   650 MiB         0    50 MiB         0\n"
	"dram                          100 MiB   100 MiB    85 MiB     5 MiB    10 MiB         7\n"
	"\n"
	"intercepted: heap 1041 calls, map 1 calls\n"
	"dead: rules ask for brk, but its calls do not reach HMS\n";

static void check_lines(const char *got, const char *wanted)
{
	size_t len;

	for (; *wanted; got += len + 1, wanted += len + 1) {
		len = strcspn(wanted, "\n");
		cr_assert(!strncmp(got, wanted, len + 1),
			"got:\n%.*s\nwanted:\n%.*s", (int)strcspn(got, "\n"),
			got, (int)len, wanted);
	}
	cr_assert_str_empty(got);
}

/* Catches columns that drift apart, sums that miss a thread, and anything
 * that is in the page but not in the table. */
Test(render, text)
{
	hms_render_text(&s, &out.sink);
	out.buf[out.len] = 0;
	check_lines(out.buf, wanted_text);
}

/* Catches tables wider than they should be, whatever the numbers. */
Test(render, text_fits)
{
	memset(s.rules[0].name, 'n', sizeof(s.rules[0].name) - 1);
	memset(s.targets[0].text, 't', sizeof(s.targets[0].text) - 1);
	s.rules[0].bound = s.rules[0].bound_peak = UINT64_MAX >> 4;
	s.targets[0].actual = UINT64_C(1023) << 30;
	s.tallies[1].rule[1].calls = 999999999;
	for (unsigned n = 0; n < 64; n++)
		s.rules[0].actual_node[n] = (1 + n) * 1234567;
	hms_render_text(&s, &out.sink);
	out.buf[out.len] = 0;
	for (char *line = strtok(out.buf, "\n"); line;
		line = strtok(NULL, "\n"))
		cr_assert_leq(strlen(line), 100, "%s", line);
}

/* A policy that was refused is the first thing to know. */
Test(render, text_of_refusal)
{
	memset(&s, 0, sizeof(s));
	strcpy(s.program, "ls");
	s.pid = 7;
	strcpy(s.policy, "HMS_POLICY");
	strcpy(s.refusal, "HMS_POLICY:1:3: error: no\n* > x\n  ^");
	hms_render_text(&s, &out.sink);
	out.buf[out.len] = 0;
	check_lines(out.buf,
		"hms: ls, pid 7, 0.0 s so far\n"
		"policy: HMS_POLICY\n"
		"not followed:\n"
		"HMS_POLICY:1:3: error: no\n"
		"* > x\n"
		"  ^\n"
		"\n"
		"rule         place              calls     asked     bound      peak     first   spilled   refused\n"
		"(no rule)    default                0         0\n"
		"\n"
		"intercepted: nothing\n");
}

static const char wanted_json[] =
	"{\n"
	"  \"hms\": 1,\n"
	"  \"pid\": 1234,\n"
	"  \"program\": \"sqlite3\",\n"
	"  \"phase\": \"draining\",\n"
	"  \"started_ns\": 1700000000000000000,\n"
	"  \"updated_ns\": 1700000002100000000,\n"
	"  \"ended_ns\": 1700000002150000000,\n"
	"  \"policy\": \"HMS_POLICY\",\n"
	"  \"refusal\": null,\n"
	"  \"families\": {\n"
	"    \"heap\": {\"calls\": 1041, \"state\": \"live\"},\n"
	"    \"map\": {\"calls\": 1, \"state\": \"live\"},\n"
	"    \"brk\": {\"calls\": 0, \"state\": \"dead\"},\n"
	"    \"cuda\": {\"calls\": 0, \"state\": \"off\"},\n"
	"    \"opencl\": {\"calls\": 0, \"state\": \"off\"},\n"
	"    \"hip\": {\"calls\": 0, \"state\": \"off\"},\n"
	"    \"ze\": {\"calls\": 0, \"state\": \"off\"}\n"
	"  },\n"
	"  \"bootstrap_bytes\": 0,\n"
	"  \"approximate_threads\": 0,\n"
	"  \"unmatched\": {\"calls\": 1000, \"bytes\": 1536},\n"
	"  \"rules\": [\n"
	"    {\"name\": \"big\", \"text\": \"rule big: size >= 1M -> hbm then dram\", \"place\": \"hbm then dram\",\n"
	"      \"calls\": 42, \"bytes\": 1258291200,\n"
	"      \"bound\": 838860800, \"bound_peak\": 943718400, \"first\": 734003200, \"spilled\": 104857600, \"refused\": 0, \"failures\": 0,\n"
	"      \"wanted\": {\"hbm\": 734003200, \"dram\": 104857600},\n"
	"      \"actual\": {\"nodes\": {\"0\": 94371840, \"2\": 681574400}, \"file\": 0, \"untouched\": 62914560}},\n"
	"    {\"name\": \"logs\", \"text\": \"\", \"place\": \"file:/a/long/path/to/somewhere\",\n"
	"      \"calls\": 0, \"bytes\": 0,\n"
	"      \"bound\": 0, \"bound_peak\": 0, \"first\": 0, \"spilled\": 0, \"refused\": 0, \"failures\": 3,\n"
	"      \"wanted\": {},\n"
	"      \"actual\": {\"nodes\": {}, \"file\": 0, \"untouched\": 0}}],\n"
	"  \"targets\": [\n"
	"    {\"name\": \"hbm\", \"nodes\": [2],\n"
	"      \"bound\": 734003200, \"bound_peak\": 838860800, \"actual\": 681574400, \"elsewhere\": 0, \"untouched\": 52428800, \"refusals\": 0, \"last_errno\": 0},\n"
	"    {\"name\": \"dram\", \"nodes\": [0, 1],\n"
	"      \"bound\": 104857600, \"bound_peak\": 104857600, \"actual\": 89128960, \"elsewhere\": 5242880, \"untouched\": 10485760, \"refusals\": 7, \"last_errno\": 1}]\n"
	"}\n";

/* Catches a renamed or missing key: programs depend on them. */
Test(render, json)
{
	hms_render_json(&s, &out.sink);
	out.buf[out.len] = 0;
	check_lines(out.buf, wanted_json);
}

/* Catches output that is no JSON: quotes, controls, broken UTF-8. */
Test(render, json_escapes)
{
	strcpy(s.program,
		"a\"b\\c\n\x01\x7f\xc3\xa9\xc3(\xed\xa0\x80\xf0\x9f\x98\x80\xe2\x82");
	hms_render_json(&s, &out.sink);
	out.buf[out.len] = 0;
	cr_assert(strstr(out.buf,
			  "\"program\": \"a\\\"b\\\\c\\n\\u0001\\u007f\xc3\xa9"
			  "\\ufffd(\\ufffd\\ufffd\\ufffd\xf0\x9f\x98\x80"
			  "\\ufffd\\ufffd\","),
		"%.200s", out.buf);
}

static const struct hms_report_names names = { 42, "prog", "host", "3" };

static const char *expand(const char *spec, int wanted)
{
	static char buf[32];
	struct hms_text text = HMS_TEXT(buf);
	const char *bad = NULL;

	cr_assert_eq(hms_report_expand(spec, &names, &text, &bad), wanted, "%s",
		spec);
	return wanted == -EINVAL ? bad : buf;
}

/* Catches names that are expanded twice, and a file called "%" by mistake. */
Test(render, expand)
{
	struct hms_report_names odd = { 1, "%p%", "h", "0" };
	char buf[16];
	struct hms_text text = HMS_TEXT(buf);
	const char *bad;

	cr_assert_str_eq(expand("/x/plain", 0), "/x/plain");
	cr_assert_str_eq(expand("%p-%e-%h-%r.json", 0), "42-prog-host-3.json");
	cr_assert_str_eq(expand("100%%p", 0), "100%p");
	cr_assert_str_eq(expand("a%zb", -EINVAL), "%zb");
	cr_assert_str_eq(expand("end%", -EINVAL), "%");
	expand("/a/name/that/is/longer/than/thirty/one/bytes", -ENAMETOOLONG);
	cr_assert_eq(hms_report_expand("%e.%p", &odd, &text, &bad), 0);
	cr_assert_str_eq(buf, "%p%.1");
}
