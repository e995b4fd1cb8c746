/* SPDX-License-Identifier: BSD-2-Clause */
/* Raw tables of ACPI: every pair's numbers, domains, and broken tables. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/topology/read/acpi.h"
#include "tests/unit/tree.h"

#define NODE "sys/devices/system/node/"
#define HMAT "sys/firmware/acpi/tables/HMAT"
#define SRAT "sys/firmware/acpi/tables/SRAT"
#define MACHINE                                                                \
	NODE "online 0-2\n" NODE "has_memory 0-2\n" NODE "has_cpu 0-1\n" NODE  \
	     "node0/distance 10 20 30\n" NODE "node1/distance 20 10 40\n"      \
	     "sys/firmware/acpi/tables/\n"

static uint8_t table[1024];
static size_t len;
static const char *root;
static const struct hms_graph *graph;

static void put(uint64_t value, unsigned bytes)
{
	for (; bytes; bytes--, value >>= 8)
		table[len++] = (uint8_t)value;
}

static void begin(const char *signature, unsigned revision, unsigned reserved)
{
	memset(table, 0, sizeof(table));
	memcpy(table, signature, 4);
	table[8] = (uint8_t)revision;
	len = HMS_ACPI_HEADER + reserved;
}

static void finish(void)
{
	size_t all = len;
	uint8_t sum = 0;

	len = 4;
	put(all, 4);
	len = all;
	table[9] = 0;
	for (size_t i = 0; i < len; i++)
		sum = (uint8_t)(sum + table[i]);
	table[9] = (uint8_t)-sum;
}

/* A matrix of 2 initiators and 3 targets. */
static void matrix(unsigned type, uint64_t unit, const uint32_t domains[5],
	const uint16_t values[6])
{
	put(1, 4);
	put(32 + 5 * 4 + 6 * 2, 4);
	put(0, 1);
	put(type, 1);
	put(0, 2);
	put(2, 4);
	put(3, 4);
	put(0, 4);
	put(unit, 8);
	for (unsigned i = 0; i < 5; i++)
		put(domains[i], 4);
	for (unsigned i = 0; i < 6; i++)
		put(values[i], 2);
}

static const uint32_t straight[5] = { 0, 1, 0, 1, 2 };
static const uint16_t latencies[6] = { 90, 150, 250, 150, 90, 400 };
static const uint16_t bandwidths[6] = { 100, 40, 30, 40, 100, 0xffff };

static void make_hmat(unsigned revision, const uint32_t domains[5])
{
	begin("HMAT", revision, 4);
	matrix(0, 1000, domains, latencies);
	matrix(4, 1000, domains, bandwidths);
	finish();
}

static void write_table(const char *name, size_t bytes)
{
	char path[300];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	file = fopen(path, "w");
	cr_assert(file);
	cr_assert_eq(fwrite(table, 1, bytes, file), bytes);
	fclose(file);
}

static void read_machine(const char *text)
{
	root = tree_make(text);
	write_table(HMAT, len);
	graph = tree_read(HMS_DEPTH_PATHS);
}

/* What is said of the table is this; NULL: nothing. */
static void check_said(const char *message)
{
	char wanted[600];

	for (unsigned i = 0; i < graph->nfindings; i++) {
		if (!strstr(graph->findings[i], "/acpi/tables/"))
			continue;
		cr_assert(message, "%s", graph->findings[i]);
		snprintf(wanted, sizeof(wanted), "%s/%s", root, message);
		cr_assert_str_eq(graph->findings[i], wanted);
		return;
	}
	cr_assert(!message, "not said: %s", message);
}

/* Catches rows and columns swapped, and units. */
Test(hmat, every_pair_has_its_numbers, .fini = tree_drop)
{
	make_hmat(2, straight);
	read_machine(MACHINE);
	check_said(NULL);
	cr_assert_eq(tree_link_value("cpu:0-node:0", HMS_READ_LATENCY), 90);
	cr_assert_eq(tree_link_value("cpu:0-node:2", HMS_WRITE_LATENCY), 250);
	cr_assert_eq(tree_link_value("cpu:1-node:2", HMS_READ_LATENCY), 400);
	cr_assert_eq(tree_link_value("cpu:1-node:0", HMS_READ_LATENCY), 150);
	cr_assert_eq(
		tree_link_value("cpu:0-node:2", HMS_READ_BANDWIDTH), 30000);
	/* Of writes nothing was said, and 0xffff is no number. */
	cr_assert_eq(tree_link_value("cpu:0-node:2", HMS_WRITE_BANDWIDTH), 0);
	cr_assert_eq(tree_link_value("cpu:1-node:2", HMS_READ_BANDWIDTH), 0);
	cr_assert_eq(graph->links[tree_link("cpu:1-node:2")]
			     .perf.origin[HMS_READ_LATENCY],
		HMS_FIRMWARE);
}

/* Catches the tenths of ACPI 6.2 taken for picoseconds. */
Test(hmat, the_first_revision_counts_tenths, .fini = tree_drop)
{
	begin("HMAT", 1, 4);
	matrix(1, 10, straight, latencies);
	finish();
	read_machine(MACHINE);
	cr_assert_eq(tree_link_value("cpu:0-node:2", HMS_READ_LATENCY), 250);
	cr_assert_eq(tree_link_value("cpu:0-node:2", HMS_WRITE_LATENCY), 0);
}

/* Catches numbers of a cache in front of memory taken for the memory's. */
Test(hmat, side_caches_are_no_memory, .fini = tree_drop)
{
	make_hmat(2, straight);
	table[HMS_ACPI_HEADER + 4 + 8] = 1;
	finish();
	read_machine(MACHINE);
	cr_assert_eq(tree_link_value("cpu:0-node:2", HMS_READ_LATENCY), 0);
	cr_assert_eq(
		tree_link_value("cpu:0-node:2", HMS_READ_BANDWIDTH), 30000);
}

static void cpu_entry(uint32_t domain, bool enabled)
{
	put(2, 1);
	put(24, 1);
	put(0, 2);
	put(domain, 4);
	put(0, 4);
	put(enabled, 4);
	put(0, 8);
}

static void memory_entry(uint32_t domain, bool enabled)
{
	put(1, 1);
	put(40, 1);
	put(domain, 4);
	put(0, 22);
	put(enabled, 4);
	put(0, 8);
}

static void make_srat(void)
{
	begin("SRAT", 3, 12);
	memory_entry(9, true);
	cpu_entry(3, false);
	cpu_entry(7, true);
	cpu_entry(5, true);
	memory_entry(7, true);
	finish();
}

/* Catches domains taken for nodes: 7 is node 0, 5 is 1, 9 is 2. */
Test(hmat, domains_become_nodes_by_srat, .fini = tree_drop)
{
	static const uint32_t domains[5] = { 7, 5, 7, 5, 9 };

	root = tree_make(MACHINE);
	make_srat();
	write_table(SRAT, len);
	make_hmat(2, domains);
	write_table(HMAT, len);
	graph = tree_read(HMS_DEPTH_PATHS);
	check_said(NULL);
	cr_assert_eq(tree_link_value("cpu:0-node:2", HMS_READ_LATENCY), 250);
	cr_assert_eq(tree_link_value("cpu:1-node:2", HMS_READ_LATENCY), 400);
	cr_assert_eq(tree_link_value("cpu:1-node:1", HMS_READ_LATENCY), 90);
}

/* Catches pairs made up for domains that no node has. */
Test(hmat, unknown_domains_are_left_out, .fini = tree_drop)
{
	static const uint32_t domains[5] = { 0, 4000000000, 0, 1, 77 };

	make_hmat(2, domains);
	read_machine(MACHINE);
	cr_assert_eq(tree_link_value("cpu:0-node:1", HMS_READ_LATENCY), 150);
	cr_assert_eq(tree_link("cpu:0-node:2"), -1);
	cr_assert_eq(tree_link("cpu:1-node:0"), -1);
}

#define ACCESS NODE "node2/access0/initiators/"
#define SAYS ACCESS "node0 -> ../../../node0\n" ACCESS "read_latency "

/* Catches a table believed although it speaks of other nodes. */
Test(hmat, the_kernel_says_otherwise, .fini = tree_drop)
{
	make_hmat(2, straight);
	read_machine(MACHINE SAYS "110\n");
	check_said(HMAT ": read-latency of node 2 is 250 here, but the kernel "
			"says 110; proximity domains are no node numbers, so "
			"the table is left out");
	cr_assert_eq(tree_link("cpu:1-node:2"), -1);
	/* With rounding, it says the same. */
	tree_add(ACCESS "read_latency 251\n");
	graph = tree_read(HMS_DEPTH_PATHS);
	check_said(NULL);
	cr_assert_eq(tree_link_value("cpu:1-node:2", HMS_READ_LATENCY), 400);
}

/* Catches the attached initiator of structure 0 lost, where sysfs has none. */
Test(hmat, memory_attached_to_an_initiator, .fini = tree_drop)
{
	begin("HMAT", 2, 4);
	put(0, 4);
	put(40, 4);
	put(1, 4);
	put(1, 4); /* initiator */
	put(2, 4); /* memory */
	put(0, 20);
	finish();
	read_machine(MACHINE);
	check_said(NULL);
	cr_assert_str_eq(tree_link_initiators("memory:2"), "cpu:1");
}

/* Catches all lost with the end, and values made up for what is cut off. */
Test(hmat, a_table_cut_short, .fini = tree_drop)
{
	size_t all;

	make_hmat(2, straight);
	all = len;
	len -= 1;
	read_machine(MACHINE);
	len = all;
	cr_assert_eq(tree_link_value("cpu:1-node:2", HMS_READ_LATENCY), 400);
	cr_assert_eq(tree_link_value("cpu:0-node:0", HMS_READ_BANDWIDTH), 0);
	check_said(HMAT ": is cut short: 167 of 168 bytes");
}

/* Catches a silent wrong checksum, and a table that is none. */
Test(hmat, wrong_checksum_and_name, .fini = tree_drop)
{
	make_hmat(2, straight);
	table[9]++;
	read_machine(MACHINE);
	check_said(HMAT ": has a wrong checksum; its values may be wrong too");
	cr_assert_eq(tree_link_value("cpu:1-node:2", HMS_READ_LATENCY), 400);
	memcpy(table, "HMAX", 4);
	write_table(HMAT, len);
	graph = tree_read(HMS_DEPTH_PATHS);
	check_said(HMAT ": is no table of ACPI named HMAT");
	cr_assert_eq(tree_link("cpu:1-node:2"), -1);
}

/* Catches counts that lead out of the structure. */
Test(hmat, counts_greater_than_the_structure, .fini = tree_drop)
{
	make_hmat(2, straight);
	table[HMS_ACPI_HEADER + 4 + 16] = 4;
	finish();
	read_machine(MACHINE);
	check_said(HMAT ": the matrix at byte 40 has 64 bytes, too few for 2 "
			"times 4 entries; it is left out");
	cr_assert_eq(
		tree_link_value("cpu:0-node:2", HMS_READ_BANDWIDTH), 30000);
}

/* All that the parsers look at; the bytes have a block of their own. */
static uint64_t look_through(size_t bytes)
{
	struct hms_builder *b = hms_builder_new("", HMS_DEPTH_PATHS);
	uint8_t *copy = malloc(bytes ? bytes : 1);
	struct hms_acpi acpi = { b, "x", copy, bytes };
	struct hms_domains domains;
	struct hms_hmat_item item;
	uint64_t sum = 0;
	size_t at = 0;

	memcpy(copy, table, bytes);
	if (hms_acpi_check(&acpi, "HMAT"))
		while (hms_hmat_next(&acpi, &at, &item)) {
			for (uint32_t i = 0; i < item.ninitiators; i++)
				for (uint32_t j = 0; j < item.ntargets; j++)
					sum += hms_hmat_value(&item, i, j);
			for (uint32_t i = 0; i < item.ninitiators; i++)
				sum += hms_hmat_initiator(&item, i);
			for (uint32_t j = 0; j < item.ntargets; j++)
				sum += hms_hmat_target(&item, j);
		}
	acpi.len = bytes;
	if (hms_acpi_check(&acpi, "SRAT")) {
		hms_srat_read(&acpi, &domains);
		sum += domains.n;
	}
	free(copy);
	hms_builder_free(b);
	return sum;
}

/* Every cut, and every byte with the values that lead astray. */
static void look_at_all_damage(void)
{
	static const uint8_t values[] = { 0, 1, 0x7f, 0x80, 0xff };

	for (size_t n = 0; n < len; n++)
		look_through(n);
	for (size_t i = 0; i < len; i++) {
		uint8_t good = table[i];

		for (size_t v = 0; v < sizeof(values); v++) {
			table[i] = values[v];
			look_through(len);
		}
		table[i] = good;
	}
}

/* Catches reads beyond the table (with ASan, valgrind), and endless loops. */
Test(hmat, damaged_tables, .timeout = 60)
{
	make_hmat(2, straight);
	cr_assert_eq(
		look_through(len), 90 + 150 + 250 + 150 + 90 + 400 +
					   (100 + 40 + 30 + 40 + 100) * 1000 +
					   2 * (0 + 1 + 0 + 1 + 2));
	look_at_all_damage();
	make_srat();
	cr_assert_eq(look_through(len), 3);
	look_at_all_damage();
}
