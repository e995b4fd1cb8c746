/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two tables of ACPI as firmware wrote them: which memory is how fast for
 * whom (HMAT), and which node the kernel makes of a proximity domain (SRAT).
 * Every length is distrusted: what is malformed is said and left out.
 * Sources: ACPI 6.5, 5.2.6 (header), 5.2.16 (SRAT), 5.2.28 (HMAT); revision 1
 * of HMAT as ACPI 6.2 has it; the kernel's acpi_numa_init(), which numbers
 * nodes by the order in which their domains first appear, processors and
 * generic initiators before memory.
 */
#ifndef HMS_ENGINE_TOPOLOGY_ACPI_H
#define HMS_ENGINE_TOPOLOGY_ACPI_H

#include "engine/target/target.h"
#include "engine/topology/builder.h"

#define HMS_ACPI_HEADER 36 /* bytes */

struct hms_acpi {
	struct hms_builder *b; /* for complaints */
	const char *path; /* below the root, likewise */
	const uint8_t *bytes;
	size_t len;
};

/*
 * Is this a table of that name, whole or cut short?  Sets len to what may be
 * looked at.
 */
bool hms_acpi_check(struct hms_acpi *table, const char *signature);

struct hms_domains {
	unsigned n;
	uint32_t domain[HMS_MAX_NODES]; /* by node number */
};

void hms_srat_read(const struct hms_acpi *srat, struct hms_domains *domains);
/* A domain's node, or -1.  Without a table (n is 0) the same number. */
int hms_domain_node(const struct hms_domains *domains, uint32_t domain);

/* A structure of HMAT. */
struct hms_hmat_item {
	/* Memory next to an initiator (type 0), else a matrix (type 1). */
	bool attached;
	uint32_t initiator, memory; /* domains, if attached */
	enum hms_measure first, last; /* what the matrix says: both of them */
	uint32_t ninitiators, ntargets;
	const uint8_t *initiators, *targets, *entries;
	uint64_t unit;
	unsigned revision;
};

/*
 * The next structure that says something, at *at, which is 0 first; false:
 * there are no more.
 */
bool hms_hmat_next(
	const struct hms_acpi *hmat, size_t *at, struct hms_hmat_item *item);
/* Domains of a matrix: i < ninitiators, j < ntargets. */
uint32_t hms_hmat_initiator(const struct hms_hmat_item *item, uint32_t i);
uint32_t hms_hmat_target(const struct hms_hmat_item *item, uint32_t j);
/* ns or MB/s; 0: not given, or out of reach. */
uint32_t hms_hmat_value(
	const struct hms_hmat_item *item, uint32_t i, uint32_t j);

#endif
