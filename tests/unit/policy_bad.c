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
	/* Unknown words. */
	{ "mallok -> local",
		"test:1:1: error: unknown word \"mallok\"; did you mean "
		"\"malloc\"?\n"
		"mallok -> local\n"
		"^" },
	{ "malloc, sise >= 1M -> local",
		"test:1:9: error: unknown word \"sise\"; did you mean "
		"\"size\"?\n"
		"malloc, sise >= 1M -> local\n"
		"        ^" },
	{ "xyzzy, heap -> local",
		"test:1:1: error: unknown word \"xyzzy\"; expected a "
		"statement\n"
		"xyzzy, heap -> local\n"
		"^" },
	{ "malloc locale -> local",
		"test:1:8: error: unknown word \"locale\"; expected "
		"\"->\", \",\" or \"|\"\n"
		"malloc locale -> local\n"
		"       ^" },
	{ "malloc, flags sharde -> node:1",
		"test:1:15: error: unknown flag \"sharde\"; did you mean "
		"\"shared\"?\n"
		"malloc, flags sharde -> node:1\n"
		"              ^" },
	{ "malloc, flags qqqqqq -> node:1",
		"test:1:15: error: unknown flag \"qqqqqq\"\n"
		"malloc, flags qqqqqq -> node:1\n"
		"              ^" },
	{ "* -> hbm, stict",
		"test:1:11: error: unknown word \"stict\"; did you mean "
		"\"strict\"?\n"
		"* -> hbm, stict\n"
		"          ^" },
	{ "migrate atuo",
		"test:1:9: error: unknown word \"atuo\"; did you mean "
		"\"auto\"?\n"
		"migrate atuo\n"
		"        ^" },
	{ "migrate auto intervall 3s",
		"test:1:14: error: unknown setting \"intervall\"; did you "
		"mean \"interval\"?\n"
		"migrate auto intervall 3s\n"
		"             ^" },
	{ "migrate auto speed 3",
		"test:1:14: error: unknown setting \"speed\"; there are "
		"interval, rate and source\n"
		"migrate auto speed 3\n"
		"             ^" },
	{ "malloc -> best bandwith for cpu",
		"test:1:16: error: unknown word \"bandwith\"; did you mean "
		"\"bandwidth\"?\n"
		"malloc -> best bandwith for cpu\n"
		"               ^" },
	{ "malloc -> best bandwidth for cpy",
		"test:1:30: error: unknown initiator \"cpy\"; did you mean "
		"\"cpu\"?\n"
		"malloc -> best bandwidth for cpy\n"
		"                             ^" },
	{ "malloc -> best bandwidth raed for cpu",
		"test:1:26: error: unknown word \"raed\"; did you mean "
		"\"read\"?\n"
		"malloc -> best bandwidth raed for cpu\n"
		"                         ^" },
	/* Targets that are none. */
	{ "malloc -> locl",
		"test:1:11: error: unknown target \"locl\"; did you mean "
		"\"local\"?\n"
		"malloc -> locl\n"
		"          ^" },
	{ "malloc -> nowhere", "test:1:11: error: unknown target \"nowhere\"\n"
			       "malloc -> nowhere\n"
			       "          ^" },
	{ "target fast = hbm; malloc -> fats",
		"test:1:30: error: unknown target \"fats\"; did you mean "
		"\"fast\"?\n"
		"target fast = hbm; malloc -> fats\n"
		"                             ^" },
	{ "* -> node1",
		"test:1:6: error: unknown target \"node1\"; did you mean "
		"\"node:1\"?\n"
		"* -> node1\n"
		"     ^" },
	{ "* -> nod:1",
		"test:1:6: error: unknown target \"nod:1\"; did you mean "
		"\"node:1\"?\n"
		"* -> nod:1\n"
		"     ^" },
	{ "* -> node:x",
		"test:1:6: error: \"node:x\": nodes are numbers from 0 to "
		"1023\n"
		"* -> node:x\n"
		"     ^" },
	{ "* -> node:1024",
		"test:1:6: error: \"node:1024\": nodes are numbers from 0 "
		"to 1023\n"
		"* -> node:1024\n"
		"     ^" },
	{ "* -> dax:a",
		"test:1:6: error: \"dax:a\": devices are numbered as in "
		"dax:0.0\n"
		"* -> dax:a\n"
		"     ^" },
	{ "* -> dax:0.",
		"test:1:6: error: \"dax:0.\": devices are numbered as in "
		"dax:0.0\n"
		"* -> dax:0.\n"
		"     ^" },
	{ "* -> file:x",
		"test:1:6: error: \"file:x\": the path must begin with /\n"
		"* -> file:x\n"
		"     ^" },
	{ "* -> cuda:",
		"test:1:6: error: unexpected \"cuda\"; expected a target\n"
		"* -> cuda:\n"
		"     ^" },
	{ "* -> cuda:x",
		"test:1:6: error: \"cuda:x\": devices are numbers from 0 "
		"on\n"
		"* -> cuda:x\n"
		"     ^" },
	{ "* -> xyz:1", "test:1:6: error: unknown target \"xyz:1\"\n"
			"* -> xyz:1\n"
			"     ^" },
	{ "* -> malloc", "test:1:6: error: unexpected \"malloc\"; expected a "
			 "target\n"
			 "* -> malloc\n"
			 "     ^" },
	/* Definitions. */
	{ "target a = hbm\n"
	  "target a = dram",
		"test:2:8: error: there is a target \"a\" already, on line "
		"1\n"
		"target a = dram\n"
		"       ^" },
	{ "target a = b\n"
	  "target b = hbm",
		"test:1:12: error: \"b\" is used before its definition on "
		"line 2\n"
		"target a = b\n"
		"           ^" },
	{ "target a = dram then a",
		"test:1:22: error: \"a\" is made of itself\n"
		"target a = dram then a\n"
		"                     ^" },
	{ "target hbm = dram",
		"test:1:8: error: \"hbm\" is a word of the language; "
		"choose another name\n"
		"target hbm = dram\n"
		"       ^" },
	{ "target malloc = dram",
		"test:1:8: error: \"malloc\" is a word of the language; "
		"choose another name\n"
		"target malloc = dram\n"
		"       ^" },
	{ "rule a : heap -> hbm\n"
	  "rule a : map -> hbm",
		"test:2:6: error: there is a rule \"a\" already, on line "
		"1\n"
		"rule a : map -> hbm\n"
		"     ^" },
	{ "limit fast 8G", "test:1:7: error: unknown target \"fast\"\n"
			   "limit fast 8G\n"
			   "      ^" },
	{ "target fast = hbm\n"
	  "limit fats 8G",
		"test:2:7: error: unknown target \"fats\"; did you mean "
		"\"fast\"?\n"
		"limit fats 8G\n"
		"      ^" },
	{ "limit hbm 8G",
		"test:1:7: error: limits are for names; write \"target "
		"NAME = hbm\" and limit NAME\n"
		"limit hbm 8G\n"
		"      ^" },
	{ "target a = hbm\n"
	  "limit a 1G\n"
	  "limit a 2G",
		"test:3:7: error: \"a\" has a limit already, on line 2\n"
		"limit a 2G\n"
		"      ^" },
	{ "target a = hbm\n"
	  "target b = a then dram\n"
	  "limit a 1G\n"
	  "limit b 2G",
		"test:2:8: error: both \"b\" and \"a\", a part of it, have "
		"a limit; only one can count\n"
		"target b = a then dram\n"
		"       ^" },
	{ "limit a", "test:1:8: error: the text ends here; expected a size\n"
		     "limit a\n"
		     "       ^" },
	{ "target a hbm",
		"test:1:10: error: unexpected \"hbm\"; expected \"=\"\n"
		"target a hbm\n"
		"         ^" },
	{ "target = hbm", "test:1:8: error: unexpected \"=\"; expected a name\n"
			  "target = hbm\n"
			  "       ^" },
	{ "rule : heap -> hbm",
		"test:1:6: error: unexpected \":\"; expected a name\n"
		"rule : heap -> hbm\n"
		"     ^" },
	{ "migrate off\n"
	  "migrate off",
		"test:2:1: error: there is a \"migrate\" already\n"
		"migrate off\n"
		"^" },
	{ "migrate off rate 1G rate 1G",
		"test:1:21: error: \"rate\" is given twice\n"
		"migrate off rate 1G rate 1G\n"
		"                    ^" },
	{ "migrate off interval 3",
		"test:1:22: error: \"interval\" wants a time such as "
		"100ms\n"
		"migrate off interval 3\n"
		"                     ^" },
	{ "migrate off rate x",
		"test:1:18: error: \"rate\" wants bytes per second, such "
		"as 1G\n"
		"migrate off rate x\n"
		"                 ^" },
	{ "migrate off source 3", "test:1:20: error: \"source\" wants a name\n"
				  "migrate off source 3\n"
				  "                   ^" },
	/* Arrows. */
	{ "malloc local",
		"test:1:8: error: unexpected \"local\"; expected \"->\", "
		"\",\" or \"|\"\n"
		"malloc local\n"
		"       ^" },
	{ "malloc, size > 4K\n",
		"test:1:18: error: the line ends here; expected \"->\" or "
		"\",\"\n"
		"malloc, size > 4K\n"
		"                 ^" },
	{ "malloc -> ",
		"test:1:11: error: the text ends here; expected a target\n"
		"malloc -> \n"
		"          ^" },
	{ "malloc -> ;",
		"test:1:11: error: unexpected \";\"; expected a target\n"
		"malloc -> ;\n"
		"          ^" },
	{ "* => local",
		"test:1:3: error: unexpected \"=>\"; did you mean \"->\" "
		"or \">=\"?\n"
		"* => local\n"
		"  ^" },
	{ "malloc > local",
		"test:1:8: error: unexpected \">\"; expected \"->\", \",\" "
		"or \"|\"\n"
		"malloc > local\n"
		"       ^" },
	{ "-> local",
		"test:1:1: error: unexpected \"->\"; expected a statement\n"
		"-> local\n"
		"^" },
	{ "malloc, -> local",
		"test:1:9: error: unexpected \"->\"; expected a condition\n"
		"malloc, -> local\n"
		"        ^" },
	{ "malloc -> hbm dram",
		"test:1:15: error: unexpected \"dram\"; expected the end "
		"of the line, \"then\" or \",\"\n"
		"malloc -> hbm dram\n"
		"              ^" },
	{ "malloc -> hbm then",
		"test:1:19: error: the text ends here; expected a target\n"
		"malloc -> hbm then\n"
		"                  ^" },
	{ "malloc -> hbm,",
		"test:1:15: error: the text ends here; expected an option\n"
		"malloc -> hbm,\n"
		"              ^" },
	{ "* , size > 3 -> hbm",
		"test:1:3: error: unexpected \",\"; expected \"->\"\n"
		"* , size > 3 -> hbm\n"
		"  ^" },
	/* Sizes. */
	{ "size >= 1X -> local",
		"test:1:9: error: \"1X\" is no size; write bytes, or a "
		"number with K, M, G or T\n"
		"size >= 1X -> local\n"
		"        ^" },
	{ "size >= 16777216T -> local",
		"test:1:9: error: 16777216T is more than 64 bits can hold\n"
		"size >= 16777216T -> local\n"
		"        ^" },
	{ "size 99999999999999999999..1 -> local",
		"test:1:6: error: 99999999999999999999 is more than 64 "
		"bits can hold\n"
		"size 99999999999999999999..1 -> local\n"
		"     ^" },
	{ "size 2M..1M -> local", "test:1:1: error: no size is in this range\n"
				  "size 2M..1M -> local\n"
				  "^" },
	{ "size > 18446744073709551615 -> local",
		"test:1:1: error: no size is in this range\n"
		"size > 18446744073709551615 -> local\n"
		"^" },
	{ "size < 0 -> local", "test:1:1: error: no size is in this range\n"
			       "size < 0 -> local\n"
			       "^" },
	{ "size < 1M, size > 2M -> local",
		"test:1:12: error: no size is in both ranges of this rule\n"
		"size < 1M, size > 2M -> local\n"
		"           ^" },
	{ "size > 1, size > 2, size > 3 -> local",
		"test:1:21: error: \"size\" is given three times in this "
		"rule\n"
		"size > 1, size > 2, size > 3 -> local\n"
		"                    ^" },
	{ "size 3 -> local",
		"test:1:8: error: unexpected \"->\"; expected \"..\"\n"
		"size 3 -> local\n"
		"       ^" },
	{ "size >= -1 -> local", "test:1:9: error: unexpected character \"-\"\n"
				 "size >= -1 -> local\n"
				 "        ^" },
	{ "align > 3, align < 9 -> local",
		"test:1:12: error: \"align\" is given twice in this rule\n"
		"align > 3, align < 9 -> local\n"
		"           ^" },
	{ "align < 0 -> local",
		"test:1:1: error: no alignment is in this range\n"
		"align < 0 -> local\n"
		"^" },
	{ "* -> hbm, limit x",
		"test:1:17: error: unknown word \"x\"; expected a size\n"
		"* -> hbm, limit x\n"
		"                ^" },
	{ "size != 3 -> local", "test:1:6: error: unexpected character \"!\"\n"
				"size != 3 -> local\n"
				"     ^" },
	/* Interleaves. */
	{ "* -> interleave()",
		"test:1:17: error: an interleave needs at least one "
		"target\n"
		"* -> interleave()\n"
		"                ^" },
	{ "* -> interleave(hbm*0)",
		"test:1:21: error: a weight is a whole number from 1 to "
		"1000, not 0\n"
		"* -> interleave(hbm*0)\n"
		"                    ^" },
	{ "* -> interleave(hbm*1001, dram)",
		"test:1:21: error: a weight is a whole number from 1 to "
		"1000, not 1001\n"
		"* -> interleave(hbm*1001, dram)\n"
		"                    ^" },
	{ "* -> interleave(hbm*1K)",
		"test:1:21: error: a weight is a whole number from 1 to "
		"1000, not 1K\n"
		"* -> interleave(hbm*1K)\n"
		"                    ^" },
	{ "* -> interleave(interleave(hbm))",
		"test:1:17: error: \"interleave\" cannot be interleaved\n"
		"* -> interleave(interleave(hbm))\n"
		"                ^" },
	{ "* -> interleave(default)",
		"test:1:17: error: \"default\" cannot be interleaved\n"
		"* -> interleave(default)\n"
		"                ^" },
	{ "target a = interleave(hbm, dram)\n"
	  "* -> interleave(a*2, cxl)",
		"test:2:17: error: \"a\" holds \"interleave(hbm, dram)\", "
		"which cannot be interleaved\n"
		"* -> interleave(a*2, cxl)\n"
		"                ^" },
	{ "* -> interleave(hbm",
		"test:1:20: error: the text ends here; expected \")\", "
		"\"*\" or \",\"\n"
		"* -> interleave(hbm\n"
		"                   ^" },
	{ "* -> interleave hbm",
		"test:1:17: error: unexpected \"hbm\"; expected \"(\"\n"
		"* -> interleave hbm\n"
		"                ^" },
	{ "* -> interleave(hbm,)",
		"test:1:21: error: unexpected \")\"; expected a target\n"
		"* -> interleave(hbm,)\n"
		"                    ^" },
	{ "* -> hbm*3",
		"test:1:9: error: unexpected \"*\"; expected the end of "
		"the line, \"then\" or \",\"\n"
		"* -> hbm*3\n"
		"        ^" },
	/* Conditions and options twice, or at odds. */
	{ "malloc, calloc -> hbm",
		"test:1:9: error: all conditions must hold, and no call is "
		"of two APIs; join them with \"|\"\n"
		"malloc, calloc -> hbm\n"
		"        ^" },
	{ "from a, from b -> hbm",
		"test:1:9: error: \"from\" is given twice in this rule\n"
		"from a, from b -> hbm\n"
		"        ^" },
	{ "thread \"\" -> hbm",
		"test:1:1: error: an empty glob matches nothing; \"*\" "
		"matches everything\n"
		"thread \"\" -> hbm\n"
		"^" },
	{ "heap, process a, process b -> hbm",
		"test:1:18: error: \"process\" is given twice in this "
		"rule\n"
		"heap, process a, process b -> hbm\n"
		"                 ^" },
	{ "* -> hbm, huge, nohuge",
		"test:1:17: error: \"huge\" and \"nohuge\" exclude each "
		"other\n"
		"* -> hbm, huge, nohuge\n"
		"                ^" },
	{ "* -> hbm, pin, migrate",
		"test:1:16: error: \"migrate\" and \"pin\" exclude each "
		"other\n"
		"* -> hbm, pin, migrate\n"
		"               ^" },
	{ "* -> hbm, strict, strict",
		"test:1:19: error: \"strict\" is given twice\n"
		"* -> hbm, strict, strict\n"
		"                  ^" },
	{ "* -> hbm, limit 1G, limit 2G",
		"test:1:21: error: \"limit\" is given twice\n"
		"* -> hbm, limit 1G, limit 2G\n"
		"                    ^" },
	/* Text that is none. */
	{ "from \"abc -> x", "test:1:6: error: this quote is never closed\n"
			     "from \"abc -> x\n"
			     "     ^" },
	{ "heap -> \"hbm\"",
		"test:1:9: error: unexpected \"hbm\"; expected a target\n"
		"heap -> \"hbm\"\n"
		"        ^" },
	{ "heap \\ -> hbm", "test:1:6: error: unexpected character \"\\\"\n"
			    "heap \\ -> hbm\n"
			    "     ^" },
	{ "heap -> hbm \001", "test:1:13: error: unexpected byte 0x01\n"
			      "heap -> hbm ?\n"
			      "            ^" },
	{ "\342\200\234heap\342\200\235 -> hbm",
		"test:1:1: error: unexpected character \"\342\200\234\"\n"
		"\342\200\234heap\342\200\235 -> hbm\n"
		"^" },
	{ "heap \351 -> hbm", "test:1:6: error: unexpected byte 0xe9\n"
			      "heap \351 -> hbm\n"
			      "     ^" },
	/* What is not there yet. */
	{ "via foo -> hbm", "test:1:1: error: \"via\" is not supported yet\n"
			    "via foo -> hbm\n"
			    "^" },
	{ "via foo@libbar -> hbm",
		"test:1:1: error: \"via\" is not supported yet\n"
		"via foo@libbar -> hbm\n"
		"^" },
	{ "site ab12+3 -> hbm",
		"test:1:1: error: \"site\" is not supported yet\n"
		"site ab12+3 -> hbm\n"
		"^" },
	{ "* -> best latency",
		"test:1:6: error: \"best\" is not supported yet: targets "
		"are chosen by name, kind or number\n"
		"* -> best latency\n"
		"     ^" },
	{ "* -> near cuda:0",
		"test:1:6: error: \"near\" is not supported yet: targets "
		"are chosen by name, kind or number\n"
		"* -> near cuda:0\n"
		"     ^" },
	{ "* -> managed(hbm then dram)",
		"test:1:6: error: \"managed\" is not supported yet\n"
		"* -> managed(hbm then dram)\n"
		"     ^" },
	{ "cudaMalloc -> node:1",
		"test:1:1: error: \"cudaMalloc\" is not intercepted yet\n"
		"cudaMalloc -> node:1\n"
		"^" },
	{ "malloc|cuda -> node:1",
		"test:1:8: error: \"cuda\" is not intercepted yet\n"
		"malloc|cuda -> node:1\n"
		"       ^" },
	{ "* -> cuda:0", "test:1:6: error: memory of devices (cuda:0) is not "
			 "supported yet\n"
			 "* -> cuda:0\n"
			 "     ^" },
	{ "* -> gpu", "test:1:6: error: GPU memory is not supported yet\n"
		      "* -> gpu\n"
		      "     ^" },
	{ "* -> hbm, migrate",
		"test:1:11: error: \"migrate\" is not supported yet\n"
		"* -> hbm, migrate\n"
		"          ^" },
	{ "target a = hbm\n"
	  "limit a 1G shared",
		"test:2:1: error: shared limits are not supported yet\n"
		"limit a 1G shared\n"
		"^" },
	{ "migrate auto interval 100ms rate 1G source faults",
		"test:1:1: error: \"migrate auto\" is not supported yet\n"
		"migrate auto interval 100ms rate 1G source faults\n"
		"^" },
	/* Typos come before what is not there yet. */
	{ "via foo -> hbm\n"
	  "* -> hmb",
		"test:2:6: error: unknown target \"hmb\"; did you mean "
		"\"hbm\"?\n"
		"* -> hmb\n"
		"     ^" },
	{ "target both = best latency for cpu\n"
	  "limit bth 1G",
		"test:2:7: error: unknown target \"bth\"; did you mean "
		"\"both\"?\n"
		"limit bth 1G\n"
		"      ^" },
	/* Where it stands. */
	{ "heap -> hbm\n"
	  "\n"
	  "\t* ->\tlocl",
		"test:3:7: error: unknown target \"locl\"; did you mean "
		"\"local\"?\n"
		"\t* ->\tlocl\n"
		"\t    \t^" },
	{ "thread \303\251\303\251* -> locl",
		"test:1:15: error: unknown target \"locl\"; did you mean "
		"\"local\"?\n"
		"thread \303\251\303\251* -> locl\n"
		"              ^" },
	{ "# xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n"
	  "heap, thread yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
	  "yyyyyyyyyyyyyyy -> locl, strict, strict, strict, ",
		"test:2:108: error: the text ends here; expected an "
		"option\n"
		"...yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy -> locl, "
		"strict, strict, strict, \n"
		"                                                          "
		"                 ^" },
	{ "thread yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
	  "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy -> locl",
		"test:1:112: error: unknown target \"locl\"; did you mean "
		"\"local\"?\n"
		"...yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
		"yyyyyyyyy -> locl\n"
		"                                                          "
		"             ^" },
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
