/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/files.h"
#include "config/policy.h"

static char folder[64];
static struct hms_arena arena;
static struct hms_policy *policy;
static struct hms_diag diag;

static void setup(void)
{
	strcpy(folder, "/tmp/hms-unit.XXXXXX");
	cr_assert(mkdtemp(folder));
	cr_assert_eq(chdir(folder), 0);
	unsetenv("XDG_CONFIG_HOME");
	setenv("HOME", folder, 1);
}

static void teardown(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	cr_assert_eq(system(command), 0);
	hms_arena_free(&arena);
}

TestSuite(files, .init = setup, .fini = teardown);

static void write_file(const char *name, const char *text, size_t len)
{
	FILE *out = fopen(name, "w");

	cr_assert(out, "%s", name);
	cr_assert_eq(fwrite(text, 1, len, out), len);
	cr_assert_eq(fclose(out), 0);
}

static void put(const char *name, const char *text)
{
	write_file(name, text, strlen(text));
}

static int find(const char *value)
{
	return hms_policy_find(value, "prog", true, &arena, &policy, &diag);
}

static void says(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The whole diagnostic, no less and no more. */
static void says(const char *format, ...)
{
	char wanted[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(wanted, sizeof(wanted), format, args);
	va_end(args);
	cr_expect_str_eq(
		diag.text, wanted, "got:\n%s\nwanted:\n%s", diag.text, wanted);
}

/* Catches a path taken for rules, or rules for a path. */
Test(files, a_value_is_preset_path_or_rules)
{
	put("a.hms", "rule a: * -> hbm");
	mkdir("sub", 0700);
	put("sub/b", "rule b: * -> hbm");
	cr_assert_eq(find("fast"), 0);
	cr_assert_str_eq(policy->source, "preset fast");
	cr_assert_eq(find("a.hms"), 0);
	cr_assert_str_eq(policy->rules[0].name, "a");
	cr_assert_str_eq(policy->source, "a.hms");
	cr_assert_eq(find("sub/b"), 0);
	cr_assert_str_eq(policy->rules[0].name, "b");
	cr_assert_eq(find("* -> file:/tmp/a.hms"), 0);
	cr_assert_str_eq(policy->source, "HMS_POLICY");
	cr_assert_eq(find("fsat"), -EINVAL);
	says("HMS_POLICY:1:1: error: there is no preset \"fsat\"; did you "
	     "mean \"fast\"?\nfsat\n^");
	cr_assert_eq(find("qqqqqqqqqq"), -EINVAL);
	says("HMS_POLICY:1:1: error: \"qqqqqqqqqq\" is neither a preset, nor "
	     "a path, nor a rule\nqqqqqqqqqq\n^");
	cr_assert_eq(find("sub/none"), -ENOENT);
	says("sub/none: error: cannot read the rules: there is no such file");
	cr_assert_eq(find("none.hms"), -ENOENT);
	cr_assert_eq(find("./sub"), -EISDIR);
	says("./sub: error: cannot read the rules: it is a folder");
}

/* Catches a host that waits for a FIFO or opens a device. */
Test(files, only_regular_files_are_opened)
{
	cr_assert_eq(mkfifo("f.hms", 0600), 0);
	cr_assert_eq(find("f.hms"), -EINVAL);
	says("f.hms: error: cannot read the rules: it is not a regular file");
	cr_assert_eq(find("/dev/zero"), -EINVAL);
}

/* Catches a file that root alone may read, taken for an empty one. */
Test(files, unreadable_is_said)
{
	put("secret.hms", "* -> hbm");
	cr_assert_eq(chmod("secret.hms", 0), 0);
	if (geteuid() == 0 && setresuid(65534, 65534, 0))
		cr_skip("cannot be somebody else");
	cr_expect_eq(find("./secret.hms"), -EACCES);
	/* The folder is not ours to search now, so neither is the file. */
	says("./secret.hms: error: cannot read the rules: permission denied");
	cr_assert_eq(setresuid(0, 0, 0) == 0 || geteuid() != 0, true);
}

/* Catches NUL bytes that end the text early, and texts without an end. */
Test(files, odd_bytes_and_sizes)
{
	size_t size = (1 << 20) + 1;
	char *big = malloc(size);

	write_file("nul.hms", "# \303\251\n\thea\0p -> hbm\n", 19);
	cr_assert_eq(find("nul.hms"), -EINVAL);
	says("nul.hms:2:5: error: a NUL byte; is this a text file?\n"
	     "\thea?p -> hbm\n\t   ^");
	memset(big, '#', size);
	write_file("big.hms", big, size);
	cr_assert_eq(find("big.hms"), -EFBIG);
	says("big.hms: error: cannot read the rules: it is larger than 1 MiB");
	/* Right up to the limit: one comment, no rule. */
	write_file("big.hms", big, size - 1);
	cr_assert_eq(find("big.hms"), 0);
	cr_assert_eq(policy->nrules, 0);
	/* A megabyte of rules is refused, soon. */
	for (size_t i = 0; i + 16 < size; i += 16)
		memcpy(big + i, "malloc -> local\n", 16);
	write_file("big.hms", big, size - 1);
	cr_assert_eq(find("big.hms"), -EINVAL);
	says("big.hms:1001:1: error: more than 1000 rules\n"
	     "malloc -> local\n^");
	free(big);
}

/* Catches includes that are looked up from the wrong folder. */
Test(files, includes_are_relative_to_their_file)
{
	unsigned local;

	mkdir("sub", 0700);
	put("a.hms", "target x = hbm\ninclude sub/b.hms\n"
		     "rule last: * -> x then y\n");
	put("sub/b.hms", "include c.hms\n\ntarget y = z\nheap -> y\n");
	put("sub/c.hms", "target z = dram");
	cr_assert_eq(find("a.hms"), 0, "%s", diag.text);
	cr_assert_eq(policy->nrules, 2);
	cr_assert_str_eq(policy->rules[0].name, "line 4 of sub/b.hms");
	cr_assert_str_eq(policy->rules[1].name, "last");
	cr_assert_str_eq(policy->places[1].text, "hbm then dram");
	cr_assert_str_eq(
		hms_policy_line(policy, policy->rules[0].line, &local)->name,
		"sub/b.hms");
	cr_assert_eq(local, 4);
	hms_policy_error(policy, policy->places[0].terms[0].line,
		policy->places[0].terms[0].column, &diag, "no such memory");
	says("sub/c.hms:1:12: error: no such memory\n"
	     "target z = dram\n           ^");
}

/* Catches messages that do not tell which of many files is wrong. */
Test(files, errors_name_the_chain_of_includes)
{
	put("a.hms", "include b.hms\n");
	put("b.hms", "\n\n  include c.hms");
	put("c.hms", "heap -> hmb\n");
	cr_assert_eq(find("a.hms"), -EINVAL);
	says("c.hms:1:9: error: unknown target \"hmb\"; did you mean \"hbm\"?\n"
	     "heap -> hmb\n        ^\n"
	     "included from b.hms:3\nincluded from a.hms:1");
	put("c.hms", "heap -> \n");
	cr_assert_eq(find("a.hms"), -EINVAL);
	says("c.hms:1:9: error: the line ends here; expected a target\n"
	     "heap -> \n        ^\n"
	     "included from b.hms:3\nincluded from a.hms:1");
	put("c.hms", "include d.hms");
	cr_assert_eq(find("a.hms"), -EINVAL);
	says("c.hms:1:9: error: cannot read d.hms: there is no such file\n"
	     "include d.hms\n        ^\n"
	     "included from b.hms:3\nincluded from a.hms:1");
}

/* Catches an include that never ends, under its own name or another. */
Test(files, endless_includes_are_refused)
{
	char path[96];

	put("a.hms", "include b.hms\n");
	put("b.hms", "include ./c.hms\n");
	cr_assert_eq(symlink("a.hms", "c.hms"), 0);
	snprintf(path, sizeof(path), "%s/a.hms", folder);
	cr_assert_eq(find(path), -EINVAL);
	says("%s/b.hms:1:1: error: an endless include: %s/a.hms includes "
	     "%s/b.hms includes %s/a.hms\ninclude ./c.hms\n^\n"
	     "included from %s:1",
		folder, folder, folder, folder, path);
	put("a.hms", "include a.hms\n");
	cr_assert_eq(find("a.hms"), -EINVAL);
	says("a.hms:1:1: error: an endless include: a.hms includes a.hms\n"
	     "include a.hms\n^");
}

/* Catches a depth or number of files that nothing bounds. */
Test(files, includes_are_bounded)
{
	char name[16], text[32];

	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "%d.hms", i);
		snprintf(text, sizeof(text), "include %d.hms\n", i + 1);
		put(name, text);
	}
	cr_assert_eq(find("0.hms"), -EINVAL);
	cr_assert(strstr(diag.text, "16.hms:1:1: error: includes are nested "
				    "more than 16 deep"),
		"%s", diag.text);
	put("one.hms", "\n");
	put("0.hms", "");
	for (int i = 0; i < 70; i++) {
		FILE *out = fopen("0.hms", "a");

		fprintf(out, "include one.hms\n");
		fclose(out);
	}
	cr_assert_eq(find("0.hms"), -EINVAL);
	says("0.hms:64:1: error: more than 63 included files\n"
	     "include one.hms\n^");
}

/* Catches rules from the environment that read files of the folder. */
Test(files, inline_rules_include_absolute_paths)
{
	char text[96];

	put("a.hms", "rule a: * -> hbm");
	cr_assert_eq(find("include a.hms; * -> dram"), -EINVAL);
	says("HMS_POLICY:1:9: error: rules that are not in a file include "
	     "absolute paths only\ninclude a.hms; * -> dram\n        ^");
	snprintf(text, sizeof(text), "include \"%s/a.hms\"", folder);
	cr_assert_eq(find(text), 0, "%s", diag.text);
	cr_assert_eq(policy->nrules, 1);
}

/* Catches a wrong order, and a program's own file taken for all. */
Test(files, are_found_in_order)
{
	cr_assert_eq(find(NULL), 0);
	cr_assert_null(policy);
	mkdir(".config", 0700);
	mkdir(".config/hms", 0700);
	mkdir("xdg", 0700);
	mkdir("xdg/hms", 0700);
	put(".config/hms/default.hms", "rule home_default: * -> hbm");
	put(".config/hms/prog.hms", "rule home_prog: * -> hbm");
	put("xdg/hms/default.hms", "rule xdg_default: * -> hbm");
	cr_assert_eq(find(NULL), 0);
	cr_assert_str_eq(policy->rules[0].name, "home_prog");
	cr_assert_eq(find(""), 0);
	cr_assert_str_eq(policy->rules[0].name, "home_prog");
	cr_assert_eq(
		hms_policy_find(NULL, "other", true, &arena, &policy, &diag),
		0);
	cr_assert_str_eq(policy->rules[0].name, "home_default");
	/* Relative: to be ignored, says XDG. */
	setenv("XDG_CONFIG_HOME", "xdg", 1);
	cr_assert_eq(find(NULL), 0);
	cr_assert_null(policy);
	{
		char path[96];

		snprintf(path, sizeof(path), "%s/xdg", folder);
		setenv("XDG_CONFIG_HOME", path, 1);
	}
	cr_assert_eq(find(NULL), 0);
	cr_assert_str_eq(policy->rules[0].name, "xdg_default");
	/* Set-user-id programs look at neither. */
	cr_assert_eq(hms_policy_find(
			     "* -> hbm", "prog", false, &arena, &policy, &diag),
		0);
	cr_assert_null(policy);
	/* A wrong file is an error, not a reason to look further. */
	put("xdg/hms/prog.hms", "* -> hmb");
	cr_assert_eq(find(NULL), -EINVAL);
}

/* Catches descriptors left open in the host. */
Test(files, nothing_stays_open)
{
	int before = dup(0), after;

	cr_assert_geq(before, 0);
	close(before);
	put("a.hms", "include b.hms");
	put("b.hms", "heap -> hmb");
	find("a.hms");
	find("none.hms");
	find("/dev/zero");
	after = dup(0);
	close(after);
	cr_assert_eq(before, after);
}
