/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proximity domains to nodes.  Catches domains taken for node numbers, what is
 * disabled being counted, and reading past the end of a table cut short.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/topology/read/proximity.h"

static unsigned char table[4096];
static size_t len;

static void begin(unsigned revision)
{
	memset(table, 0, sizeof(table));
	memcpy(table, "SRAT", 4);
	table[8] = (unsigned char)revision;
	len = 48;
}

/* An entry: domain and flags where ACPI has them. */
static void add(unsigned type, unsigned length, unsigned domain_at,
	uint32_t domain, unsigned flags_at, unsigned flags)
{
	table[len] = (unsigned char)type;
	table[len + 1] = (unsigned char)length;
	memcpy(table + len + domain_at, &domain, type ? 4 : 1);
	if (!type)
		for (unsigned i = 1; i < 4; i++)
			table[len + 8 + i] = (unsigned char)(domain >> 8 * i);
	table[len + flags_at] = (unsigned char)flags;
	len += length;
}

static void cpu(uint32_t domain, unsigned flags)
{
	add(0, 16, 2, domain, 4, flags);
}

static void memory(uint32_t domain, unsigned flags)
{
	add(1, 40, 2, domain, 28, flags);
}

static void generic(uint32_t domain, unsigned flags)
{
	add(5, 32, 4, domain, 24, flags);
}

/* Of a copy that ends where the table does, so that valgrind sees more. */
static int parse(struct hms_proximity *out)
{
	unsigned char *copy = malloc(len);
	int rc;

	cr_assert(copy);
	memcpy(table + 4, &(uint32_t){ (uint32_t)len }, 4);
	memcpy(copy, table, len);
	rc = hms_proximity_parse(copy, len, out);
	free(copy);
	return rc;
}

/* As Linux 6.1 numbered them in QEMU: tests/vm/topology/generic.conf. */
Test(proximity, initiators_come_before_memory)
{
	struct hms_proximity p;

	begin(3);
	cpu(0, 1);
	cpu(0, 1);
	memory(0, 1);
	memory(1, 1);
	generic(2, 1);
	cr_assert_eq(parse(&p), 0);
	cr_expect_eq(hms_proximity_node(&p, 0), 0);
	cr_expect_eq(hms_proximity_node(&p, 1), 2);
	cr_expect_eq(hms_proximity_node(&p, 2), 1);
	cr_expect_eq(hms_proximity_node(&p, 3), -1);
}

Test(proximity, disabled_entries_have_no_node)
{
	struct hms_proximity p;

	begin(3);
	cpu(7, 0);
	cpu(0x12345678, 1);
	add(2, 24, 4, 9, 12, 1);
	add(3, 18, 2, 8, 10, 1);
	generic(6, 0);
	memory(5, 2);
	memory(4, 3);
	cr_assert_eq(parse(&p), 0);
	cr_expect_eq(p.count, 4);
	cr_expect_eq(hms_proximity_node(&p, 0x12345678), 0);
	cr_expect_eq(hms_proximity_node(&p, 9), 1);
	cr_expect_eq(hms_proximity_node(&p, 8), 2);
	cr_expect_eq(hms_proximity_node(&p, 4), 3);
	cr_expect_eq(hms_proximity_node(&p, 7), -1);
}

/* The first revision has one byte, and anything behind it. */
Test(proximity, old_tables)
{
	struct hms_proximity p;

	begin(1);
	cpu(0xabcdef01, 1);
	memory(0x55550002, 1);
	cr_assert_eq(parse(&p), 0);
	cr_expect_eq(hms_proximity_node(&p, 1), 0);
	cr_expect_eq(hms_proximity_node(&p, 2), 1);
}

Test(proximity, no_table)
{
	struct hms_proximity p;

	cr_expect_eq(hms_proximity_parse("SRAT", 4, &p), -EINVAL);
	cr_expect_eq(hms_proximity_node(&p, 3), 3);
	cr_expect_eq(hms_proximity_node(&p, HMS_MAX_NODES), -1);
	begin(3);
	table[0] = 'X';
	cr_expect_eq(parse(&p), -EINVAL);
}

/* Cut anywhere, or with lengths that lie: what is whole counts. */
Test(proximity, cut_short)
{
	struct hms_proximity p;
	size_t whole;

	begin(3);
	cpu(3, 1);
	generic(4, 1);
	memory(5, 1);
	whole = len;
	for (len = 48; len < whole; len++) {
		cr_assert_eq(parse(&p), 0);
		cr_expect_eq(
			p.count, (unsigned)(len >= 64) + (unsigned)(len >= 96));
	}
	len = whole;
	table[48 + 1] = 0;
	cr_assert_eq(parse(&p), 0);
	cr_expect_eq(p.count, 0);
}
