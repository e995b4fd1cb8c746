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
#include "report/render_learning.h"
#include "report/report.h"
#include "tests/unit/memory_sink.h"

#define MIB ((uint64_t)1 << 20)

static struct memory_sink out = { .sink = { to_memory } };
static struct hms_status s;
static struct hms_render what = { .status = &s };

static void make_status(void)
{
	s.pid = 1234;
	s.phase = 4;
	s.started_ns = UINT64_C(1700000000000000000);
	s.updated_ns = s.started_ns + UINT64_C(2100000000);
	s.ended_ns = s.updated_ns + UINT64_C(50000000);
	strcpy(s.program, "sqlite3");
	strcpy(s.policy, "HMS_POLICY");
	s.minor_faults = 1200;
	s.major_faults = 34;
	s.families_live = 1u << HMS_FAMILY_HEAP | 1u << HMS_FAMILY_MAP;
	s.families_dead = 1u << HMS_FAMILY_BRK;
	s.nrules = 2;
	s.ntargets = 2;
	s.nlimits = 3;
	strcpy(s.limits[0].name, "fast");
	s.limits[0].bytes = 64 * MIB;
	s.limits[0].used = 24 * MIB;
	s.limits[0].all = 60 * MIB;
	s.limits[0].sharing = HMS_STATUS_SHARED;
	strcpy(s.limits[1].name, "far");
	s.limits[1].bytes = 2 * MIB;
	s.limits[1].sharing = HMS_STATUS_UNSHARED;
	strcpy(s.limits[2].name, "own");
	s.limits[2].bytes = s.limits[2].used = 3 * MIB;
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
	s.tallies[2].family_calls[HMS_FAMILY_MAP] = 1;
	s.devices[0] = (struct hms_status_device){ .text = "cuda:0",
		.key = 1,
		.memory = 80,
		.asked = 7,
		.asked_peak = 9,
		.own = 1,
		.peer = 2,
		.managed = 3,
		.host = 4,
		.pinned = 5,
		.reach = 8,
		.arrived = 6 };
	s.apis[HMS_API_CUDA_MALLOC] = (struct hms_status_api){ 11, 12, 10 };
	s.refusals[HMS_REFUSED_IPC] = 3;
	s.refusals[HMS_REFUSED_DRIVER] = 2;
	s.refusal_code = 999;
	s.observed = 21;
	s.hints = 22;
	s.moves = 23;
	s.moved = 2048;
	s.unreached = 4096;
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
	"limit fast: 24 MiB of 64 MiB, 60 MiB by all processes\n"
	"limit far: 0 of 2 MiB, could not be shared\n"
	"limit own: 3 MiB of 3 MiB\n"
	"\n"
	"device          size     asked      peak       own      peer   managed   on host    pinned   arrived\n"
	"cuda:0          80 B       7 B       9 B       1 B       2 B       3 B       4 B       5 B       6 B\n"
	"cuda:0: 8 B of malloc and mmap in its reach\n"
	"\n"
	"vendors' calls: cudaMalloc 11 for 12 B, 10 redirected\n"
	"hints of the program 22, moves of managed memory 23 (2 KiB)\n"
	"not as ruled: 3, device memory is shared with other processes\n"
	"not as ruled: 2, the vendor's library refused\n"
	"memory that devices reached is ordinary again: 4 KiB\n"
	"the vendor's last code was 999\n"
	"\n"
	"intercepted: heap 1041 calls, map 1 calls\n"
	"dead: rules ask for brk, but its calls do not reach HMS\n"
	"page faults: 1234, 34 of them major\n";

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
	hms_render_text(&what, &out.sink);
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
	hms_render_text(&what, &out.sink);
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
	hms_render_text(&what, &out.sink);
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
	"  \"page_faults\": {\"minor\": 1200, \"major\": 34},\n"
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
	"      \"bound\": 104857600, \"bound_peak\": 104857600, \"actual\": 89128960, \"elsewhere\": 5242880, \"untouched\": 10485760, \"refusals\": 7, \"last_errno\": 1}],\n"
	"  \"limits\": [\n"
	"    {\"name\": \"fast\", \"bytes\": 67108864, \"used\": 25165824, \"shared\": \"yes\", \"used_by_all\": 62914560},\n"
	"    {\"name\": \"far\", \"bytes\": 2097152, \"used\": 0, \"shared\": \"failed\", \"used_by_all\": 0},\n"
	"    {\"name\": \"own\", \"bytes\": 3145728, \"used\": 3145728, \"shared\": \"no\", \"used_by_all\": 0}],\n"
	"  \"learning\": null,\n"
	"  \"devices\": [\n"
	"    {\"name\": \"cuda:0\", \"memory\": 80, \"asked\": 7, "
	"\"asked_peak\": 9, \"own\": 1, \"peer\": 2, \"managed\": 3, "
	"\"host\": 4, \"pinned\": 5, \"arrived\": 6, \"reach\": 8, \"faults\": 0, "
	"\"fetched\": 0, \"evicted\": 0}],\n"
	"  \"vendor_calls\": {\n"
	"    \"cudaMalloc\": {\"calls\": 11, \"bytes\": 12, "
	"\"redirected\": 10}},\n"
	"  \"vendor_refusals\": {\"capture\": 0, \"shared\": 3, "
	"\"not_concurrent\": 0, \"no_peer\": 0, \"absent\": 0, "
	"\"no_room\": 0, \"vendor\": 2, \"write_combined\": 0, \"no_system\": 0, "
	"\"stream_ordered\": 0, \"too_early\": 0, \"no_way_back\": 0},\n"
	"  \"vendor_code\": 999,\n"
	"  \"vendor_observed\": 21,\n"
	"  \"vendor_hints\": 22,\n"
	"  \"vendor_moves\": 23,\n"
	"  \"vendor_moved\": 2048,\n"
	"  \"vendor_unreached\": 4096,\n"
	"  \"nowhere\": [],\n"
	"  \"unknown_sites\": [],\n"
	"  \"sites\": null\n"
	"}\n";

/* Catches a renamed or missing key: programs depend on them. */
Test(render, json)
{
	hms_render_json(&what, &out.sink);
	out.buf[out.len] = 0;
	check_lines(out.buf, wanted_json);
}

/* Catches output that is no JSON: quotes, controls, broken UTF-8. */
Test(render, json_escapes)
{
	strcpy(s.program,
		"a\"b\\c\n\x01\x7f\xc3\xa9\xc3(\xed\xa0\x80\xf0\x9f\x98\x80\xe2\x82");
	hms_render_json(&what, &out.sink);
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

static void make_learning(void)
{
	struct hms_status_learning *l = &s.learning;

	make_status();
	l->state = HMS_LEARNING_RUNS;
	l->ntiers = 2;
	l->nsources = 3;
	strcpy(l->planner, "rate");
	l->interval_ns = 100000000;
	l->block_bytes = 2 * MIB;
	l->blocks = 400;
	l->bytes = 800 * MIB;
	l->unblocked = 3;
	l->ticks = 200;
	l->walks = 5;
	l->plans = 4;
	l->planned = 20;
	l->moved = 17;
	l->failed = 3;
	l->refused = 6;
	l->moved_bytes = 34 * MIB;
	l->strayed_bytes = 6 * MIB;
	l->from_to[1][0] = 24 * MIB;
	l->from_to[0][1] = 10 * MIB;
	l->ends[0] = 17;
	l->ends[1] = 1;
	l->ends[2] = 2;
	l->paid = 10;
	l->lost = 2;
	l->expected_ns = 2500000;
	l->gained_ns = -1500000;
	l->price = 1234567;
	l->cpu_ns[0] = 100000000;
	l->cpu_ns[3] = 50000000;
	l->since_ns = 1000;
	l->until_ns = UINT64_C(20000001000);
	l->faults.minor = 5000;
	l->faults.major = 7;
	l->faults_seen = 122;
	l->faults_lost = 1;
	l->rule_faults[0].minor = 61;
	l->rule_faults[0].major = 1;
	l->other_faults.minor = 60;
	l->target_faults[1].minor = 61;
	l->siteless_faults.minor = 30;
	l->siteless_faults.major = 2;
	l->nthreads = 2;
	l->threads[0] = (struct hms_learning_thread){
		.tid = 1234, .name = "a-name-of-fifte", .faults = { 4000, 0 }
	};
	l->threads[1] = (struct hms_learning_thread){
		.tid = 4194304, .ended = 1, .faults = { 900, 7 }
	};
	l->other_threads.minor = 100;
	strcpy(l->sources[0].name, "hint");
	strcpy(l->sources[0].why, "numa_balancing is 0");
	l->sources[0].use = HMS_LEARNING_UNFIT;
	strcpy(l->sources[1].name, "accessed");
	l->sources[1].use = HMS_LEARNING_USED;
	l->sources[1].sights = 800;
	l->sources[1].events = 1600;
	l->sources[1].cpu_ns = 100000000;
	strcpy(l->sources[2].name, "touch");
	l->sources[2].use = HMS_LEARNING_SPARE;
	l->tiers[0].target = 0;
	l->tiers[0].latency_ps = 60000;
	l->tiers[0].blocks = 350;
	l->tiers[0].room = 100 * MIB;
	l->tiers[0].rates[0] = 50;
	l->tiers[0].rates[4] = 100;
	l->tiers[0].rates[5] = 10;
	l->tiers[0].rates[31] = 190;
	l->tiers[1].target = 1;
	l->tiers[1].latency_ps = 80500;
	l->tiers[1].blocks = 50;
}

static const char wanted_learning[] =
	"\n"
	"memory that moves: 800 MiB in 400 blocks of 2 MiB\n"
	"  3 more were too many to follow\n"
	"  planner rate, looked 200 times in 20.0 s, now every 100 ms\n"
	"  worker  0.75 % of a core: sources 0.50, heat 0.00, planner 0.00, mover 0.25\n"
	"  faults  5007, 7 of them major\n"
	"\n"
	"source                        sights  accesses core %\n"
	"hint         does not work  numa_balancing is 0\n"
	"accessed            in use       800      1600   0.50\n"
	"touch                spare\n"
	"\n"
	"tier                   blocks      room latency  blocks by accesses/s\n"
	"                                                  none     <8   <128    <2K   <32K  <512K   more\n"
	"hbm                       350   100 MiB   60 ns     50    100     10      0      0      0    190\n"
	"dram                       50         0   80 ns      0      0      0      0      0      0      0\n"
	"\n"
	"moves: 4 plans of 20 blocks; 17 moved (34 MiB), 3 failed, 6 without room or budget\n"
	"  not moved: no room 1, in use 2\n"
	"  hbm -> dram: 10 MiB\n"
	"  dram -> hbm: 24 MiB\n"
	"  others moved: 6 MiB\n"
	"  they promised 0.002500 s per second; judged: 10 paid, 2 did not, -0.001500 s gained\n"
	"  price of fast memory: 1234.567 accesses/s of a block\n"
	"\n"
	"faults by thread                            minor    major\n"
	"      1234  a-name-of-fifte                  4000        0\n"
	"   4194304  ?               (ended)           900        7\n"
	"  (others)                                    100        0\n"
	"\n"
	"faults that were seen                       minor    major\n"
	"  rule   big                                   61        1\n"
	"         (no rule)                             60        0\n"
	"  target dram                                  61        0\n"
	"  1 records were lost\n";

/* Catches numbers of memory that moves that are missing, or another's. */
Test(render, learning_text, .init = make_learning)
{
	hms_render_learning_text(&what, &out.sink);
	out.buf[out.len] = 0;
	check_lines(out.buf, wanted_learning);
	out.len = 0;
	s.learning.state = HMS_LEARNING_NOT;
	strcpy(s.learning.why, "the kernel lets no memory move");
	hms_render_learning_text(&what, &out.sink);
	out.buf[out.len] = 0;
	check_lines(out.buf,
		"\nmemory that moves: none, the kernel lets no memory move\n");
}

/* Catches JSON that no parser takes, or that lacks a number of the page. */
Test(render, learning_json, .init = make_learning)
{
	static const char *const parts[] = { "\"state\": \"runs\"",
		"\"planner\": \"rate\"", "\"blocks\": 400", "\"unblocked\": 3",
		"\"ran_ns\": 20000000000", "\"mover\": 50000000",
		"{\"name\": \"hint\", \"use\": \"does not work\", \"why\": "
		"\"numa_balancing is 0\"",
		"\"rates\": [50, 0, 0, 0, 100, 10",
		"{\"from\": \"dram\", \"to\": \"hbm\", \"bytes\": 25165824}",
		"\"no room\": 1", "\"gained_ns\": -1500000",
		"\"rule_faults\": [\n      {\"name\": \"big\", \"minor\": 61, "
		"\"major\": 1}]",
		"\"target_faults\": [\n      {\"name\": \"dram\"",
		"\"ruleless_faults\": {\"minor\": 60, \"major\": 0}",
		"\"siteless_faults\": {\"minor\": 30, \"major\": 2}",
		"\"thread_faults\": [\n      {\"tid\": 1234, \"name\": "
		"\"a-name-of-fifte\", \"ended\": false, \"minor\": 4000, "
		"\"major\": 0},\n      {\"tid\": 4194304, \"name\": \"\", "
		"\"ended\": true, \"minor\": 900, \"major\": 7}]",
		"\"other_threads_faults\": {\"minor\": 100, \"major\": 0}" };
	int depth = 0;

	hms_render_learning_json(&s, &out.sink);
	out.buf[out.len] = 0;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		cr_expect(strstr(out.buf, parts[i]), "%s is not in\n%s",
			parts[i], out.buf);
	for (const char *c = out.buf; *c; c++)
		depth += (*c == '{' || *c == '[') - (*c == '}' || *c == ']');
	cr_assert_eq(depth, 0);
}
