/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Feeds the readers of ACPI's tables whatever libFuzzer finds interesting, in
 * a block that ends where the table does, and checks what must hold:
 *  - matrices lie in the table, and each comes after the one before;
 *  - their values are numbers of their unit, or none;
 *  - nodes have a domain each, and it leads back to the node.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/topology/read/acpi.h"
#include "tests/fuzz/fuzz.h"

static void check_item(const struct hms_acpi *hmat, size_t at,
	const struct hms_hmat_item *item)
{
	const uint8_t *end = hmat->bytes + hmat->len;

	fuzz_require(at <= hmat->len, "structures are in the table");
	if (item->attached)
		return;
	fuzz_require(item->first <= item->last && item->last < HMS_MEASURES,
		"a matrix has a measure");
	fuzz_require(item->initiators >= hmat->bytes &&
			     item->entries + 2 * (size_t)item->ninitiators *
						     item->ntargets <=
				     end,
		"a matrix is in the table");
	for (uint32_t i = 0; i < item->ninitiators; i++) {
		hms_hmat_initiator(item, i);
		for (uint32_t j = 0; j < item->ntargets; j++)
			fuzz_require(!hms_hmat_value(item, i, j) || item->unit,
				"a value has a unit");
	}
	for (uint32_t j = 0; j < item->ntargets; j++)
		hms_hmat_target(item, j);
}

static void check_hmat(const struct hms_acpi *hmat)
{
	struct hms_hmat_item item;
	size_t at = 0, last = 0;

	while (hms_hmat_next(hmat, &at, &item)) {
		fuzz_require(at > last, "structures go on");
		last = at;
		check_item(hmat, at, &item);
	}
}

static void check_srat(const struct hms_acpi *srat)
{
	struct hms_domains domains;

	hms_srat_read(srat, &domains);
	fuzz_require(domains.n <= HMS_MAX_NODES, "there are so many nodes");
	for (unsigned i = 0; i < domains.n; i++)
		fuzz_require(
			hms_domain_node(&domains, domains.domain[i]) == (int)i,
			"a domain is one node");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hms_builder *b;
	struct hms_acpi table;
	uint8_t *copy;

	fuzz_pieces_left = -1;
	b = hms_builder_new("", HMS_DEPTH_PATHS);
	copy = malloc(size ? size : 1);
	if (!b || !copy)
		abort();
	memcpy(copy, data, size);
	table = (struct hms_acpi){ b, "table", copy, size };
	if (hms_acpi_check(&table, "HMAT"))
		check_hmat(&table);
	table.len = size;
	if (hms_acpi_check(&table, "SRAT"))
		check_srat(&table);
	fuzz_require(table.len <= size, "tables do not grow");
	free(copy);
	hms_builder_free(b);
	return 0;
}
