/* SPDX-License-Identifier: BSD-2-Clause */
/* Small files of sysfs: numbers, lists, folders, links, and bad ones. */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "engine/topology/sysfs.h"
#include "tests/unit/tree.h"

static struct hms_builder *b;
static const char *root;

static void begin(const char *text)
{
	root = tree_make(text);
	b = hms_builder_new(root, HMS_DEPTH_PATHS);
	cr_assert(b);
}

static void end(void)
{
	hms_builder_free(b);
	tree_drop();
}

/* What is said of "sys/..." is exactly this, and nothing else is said. */
static void check_said(const char *file, const char *message)
{
	struct hms_graph *graph = hms_builder_finish(b);
	char wanted[600];

	b = NULL;
	cr_assert(graph);
	snprintf(wanted, sizeof(wanted), "%s/%s: %s", root, file, message);
	cr_assert_eq(graph->nfindings, 1, "%u", graph->nfindings);
	cr_assert_str_eq(graph->findings[0], wanted);
	hms_graph_free(graph);
}

static void check_number(int wanted_rc, uint64_t wanted)
{
	uint64_t n = 77;

	cr_assert_eq(hms_sysfs_number(b, &n, "sys/%s", "n"), wanted_rc);
	cr_assert_eq(n, wanted_rc ? 77 : wanted, "%llu", (unsigned long long)n);
}

/* Catches wrong bases, and what drivers mean by -1 taken for a mistake. */
Test(sysfs, numbers, .fini = end)
{
	begin("sys/n 0x1F\n");
	check_number(0, 31);
	tree_add("sys/n 18446744073709551615\n");
	check_number(0, UINT64_MAX);
	tree_add("sys/n -1\n");
	check_number(-ENOENT, 0);
	cr_assert_eq(hms_sysfs_number(b, &(uint64_t){ 0 }, "sys/no"), -ENOENT);
}

/* Catches a half-read number used, and a message that does not say which. */
Test(sysfs, a_number_that_is_none, .fini = end)
{
	begin("sys/n 12x\n");
	check_number(-EINVAL, 0);
	check_said("sys/n", "\"12x\" is no number");
}

/* Catches overflow that wraps around. */
Test(sysfs, a_number_too_great, .fini = end)
{
	begin("sys/n 18446744073709551616\n");
	check_number(-EINVAL, 0);
	check_said("sys/n", "\"18446744073709551616\" is no number");
}

/* Catches an empty file (a recording cut short) read as 0. */
Test(sysfs, an_empty_number, .fini = end)
{
	begin("sys/n \n");
	check_number(-EINVAL, 0);
	check_said("sys/n", "is empty");
}

static unsigned told[16], ntold;

static void tell(struct hms_builder *builder, unsigned number, void *arg)
{
	cr_assert_eq(builder, b);
	cr_assert_str_eq(arg, "arg");
	if (ntold < 16)
		told[ntold++] = number;
}

static int read_list(void)
{
	ntold = 0;
	return hms_sysfs_list(b, tell, (void *)"arg", "sys/%s", "list");
}

/* Catches ranges that lose an end, and the empty list of no CPUs. */
Test(sysfs, lists, .fini = end)
{
	begin("sys/list 0-2,5,7-8\n");
	cr_assert_eq(read_list(), 0);
	cr_assert_eq(ntold, 6);
	cr_assert_eq(told[2], 2);
	cr_assert_eq(told[3], 5);
	cr_assert_eq(told[5], 8);
	tree_add("sys/list \n");
	cr_assert_eq(read_list(), 0);
	cr_assert_eq(ntold, 0);
	cr_assert_eq(hms_sysfs_list(b, tell, NULL, "sys/no"), -ENOENT);
}

/* Catches giving up on a whole list for one part of it. */
Test(sysfs, a_list_with_a_bad_part, .fini = end)
{
	begin("sys/list 0,3-1,x,6\n");
	cr_assert_eq(read_list(), -EINVAL);
	cr_assert_eq(ntold, 2);
	cr_assert_eq(told[0], 0);
	cr_assert_eq(told[1], 6);
}

/* Catches a range that takes forever. */
Test(sysfs, an_endless_range, .fini = end, .timeout = 10)
{
	begin("sys/list 0-18446744073709551615\n");
	cr_assert_eq(read_list(), -EINVAL);
	cr_assert_eq(ntold, 0);
	check_said("sys/list",
		"\"0-18446744073709551615\" is no number or range of numbers");
}

/* Catches the part of a long list that is cut in a number. */
Test(sysfs, a_list_longer_than_the_buffer, .fini = end)
{
	char path[300];
	FILE *file;

	begin("sys/list 1\n");
	snprintf(path, sizeof(path), "%s/sys/list", root);
	file = fopen(path, "a");
	for (int i = 0; i < 2500; i++)
		fputs("1,", file);
	fclose(file);
	cr_assert_eq(read_list(), -EINVAL);
	check_said(
		"sys/list", "is longer than 4096 bytes; the rest is left out");
}

/* Catches another line's list, and the line's number. */
Test(sysfs, a_list_in_a_line, .fini = end)
{
	begin("proc/status a:\t1\\nMems_allowed_list:\t0,2\\nz:\t3\n");
	ntold = 0;
	cr_assert_eq(hms_sysfs_list_of(b, tell, (void *)"arg",
			     "Mems_allowed_list:", "proc/status"),
		0);
	cr_assert_eq(ntold, 2);
	cr_assert_eq(told[1], 2);
	cr_assert_eq(hms_sysfs_list_of(b, tell, NULL, "Mems:", "proc/status"),
		-ENOENT);
	tree_add("proc/status a:\t1\\nMems_allowed_list:\t?\n");
	cr_assert_eq(hms_sysfs_list_of(b, tell, NULL,
			     "Mems_allowed_list:", "proc/status"),
		-EINVAL);
	check_said("proc/status:2", "\"?\" is no number or range of numbers");
}

static char names[64 << 10];
static unsigned nnames;

static void add_name(struct hms_builder *builder, const char *name, void *arg)
{
	(void)builder;
	(void)arg;
	if (names[0])
		strcat(names, " ");
	strcat(names, name);
	nnames++;
}

/* Catches the order of the disc, and . and .. told. */
Test(sysfs, folders_are_sorted, .fini = end)
{
	begin("sys/d/b\nsys/d/a\nsys/d/c/\nsys/d/B\nsys/d/a10\nsys/d/a9\n");
	cr_assert_eq(hms_sysfs_dir(b, add_name, NULL, "sys/d"), 0);
	cr_assert_str_eq(names, "B a a10 a9 b c");
	cr_assert_eq(hms_sysfs_dir(b, add_name, NULL, "sys/e"), -ENOENT);
}

/* Catches what the first buffer does not hold being lost, or unsorted. */
Test(sysfs, a_large_folder, .fini = end)
{
	const char *last = "";
	char line[64];

	begin("sys/d/\n");
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(line, sizeof(line), "sys/d/name-%04u\n", i * 7 % 1000);
		tree_add(line);
	}
	cr_assert_eq(hms_sysfs_dir(b, add_name, NULL, "sys/d"), 0);
	cr_assert_eq(nnames, 1000);
	for (char *name = strtok(names, " "); name; name = strtok(NULL, " ")) {
		cr_assert(strcmp(last, name) < 0, "%s %s", last, name);
		last = name;
	}
	cr_assert_str_eq(last, "name-0999");
}

/* Catches a whole path, or one cut off and taken for another. */
Test(sysfs, links, .fini = end)
{
	char buf[8];

	begin("sys/l -> ../../a/node7\nsys/m -> name\nsys/f 1\n");
	cr_assert_eq(hms_sysfs_link(b, buf, sizeof(buf), "sys/l"), 0);
	cr_assert_str_eq(buf, "node7");
	cr_assert_eq(hms_sysfs_link(b, buf, sizeof(buf), "sys/m"), 0);
	cr_assert_str_eq(buf, "name");
	cr_assert_eq(hms_sysfs_link(b, buf, 4, "sys/m"), -ENAMETOOLONG);
	cr_assert_eq(hms_sysfs_link(b, buf, sizeof(buf), "sys/f"), -EINVAL);
}

static char seen[256];

static void observe(const char *path, enum hms_sysfs_what what, void *arg)
{
	size_t len = strlen(seen);

	snprintf(seen + len, sizeof(seen) - len, "%s%s %c;", (char *)arg, path,
		"fdl"[what]);
}

/* Catches recordings that lack what was asked for, or where nothing was. */
Test(sysfs, what_is_asked_for_is_seen, .fini = end)
{
	char buf[8];

	begin("sys/n 1\n");
	hms_sysfs_observe(observe, (void *)"+");
	check_number(0, 1);
	hms_sysfs_dir(b, add_name, NULL, "sys/no");
	hms_sysfs_link(b, buf, sizeof(buf), "sys/l");
	hms_sysfs_mention(HMS_SYSFS_FILE, "proc/x");
	hms_sysfs_observe(NULL, NULL);
	check_number(0, 1);
	cr_assert_str_eq(seen, "+sys/n f;+sys/no d;+sys/l l;+proc/x f;");
}
