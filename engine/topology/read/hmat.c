/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The whole matrix of firmware's numbers, where the raw table can be read
 * (root only).  Source: the kernel's ABI/testing/sysfs-firmware-acpi; units
 * and numbering in acpi.h.
 */
#include <string.h>

#include "base/arena.h"
#include "engine/topology/read/acpi.h"
#include "engine/topology/read/read.h"
#include "engine/topology/sysfs.h"

#define TABLES "sys/firmware/acpi/tables/"
#define MOST_BYTES (64U << 20)

struct reader {
	struct hms_builder *b;
	struct hms_arena arena;
	struct hms_acpi hmat;
	struct hms_domains domains;
	/* By node: what the table says of the first on a memory's link. */
	uint32_t (*seen)[HMS_MEASURES];
};

/* False: it is not there, or cannot be read, or is no such table. */
static bool load(struct reader *r, const char *path, const char *signature,
	struct hms_acpi *table)
{
	char head[HMS_ACPI_HEADER + 1];
	ssize_t len = hms_sysfs_bytes(r->b, head, sizeof(head), path);
	uint32_t size = 0;
	char *bytes = head;

	if (len < 0)
		return false;
	if (len == HMS_ACPI_HEADER)
		memcpy(&size, head + 4, sizeof(size));
	if (size > HMS_ACPI_HEADER && size <= MOST_BYTES) {
		bytes = hms_arena_alloc(&r->arena, (size_t)size + 1);
		if (!bytes)
			return false;
		len = hms_sysfs_bytes(r->b, bytes, (size_t)size + 1, path);
	}
	*table = (struct hms_acpi){ r->b, path, (const uint8_t *)bytes,
		len > 0 ? (size_t)len : 0 };
	return hms_acpi_check(table, signature) && bytes != head;
}

/* The builder's objects for a matrix's domains; -1 for those it lacks. */
struct matrix {
	struct hms_hmat_item item;
	int *initiators, *targets;
};

static bool resolve(struct reader *r, struct matrix *m)
{
	const struct hms_hmat_item *item = &m->item;

	m->initiators = hms_arena_alloc(
		&r->arena, ((size_t)item->ninitiators + item->ntargets + 1) *
				   sizeof(*m->initiators));
	if (!m->initiators)
		return false;
	m->targets = m->initiators + item->ninitiators;
	for (uint32_t i = 0; i < item->ninitiators; i++) {
		int node = hms_domain_node(
			&r->domains, hms_hmat_initiator(item, i));

		m->initiators[i] =
			node < 0 ? -1
				 : hms_reader_initiator(r->b, (unsigned)node);
	}
	for (uint32_t j = 0; j < item->ntargets; j++) {
		int node =
			hms_domain_node(&r->domains, hms_hmat_target(item, j));

		m->targets[j] =
			node < 0 ? -1
				 : hms_builder_find_node(r->b, (unsigned)node);
	}
	return true;
}

/* The link that the kernel's word of a node's memory is on, or NULL. */
static const struct hms_link *told(struct reader *r, int target)
{
	int node = hms_builder_memory(r->b, target)->node;

	return hms_builder_link_at(
		r->b, hms_reader_memory(r->b, (unsigned)node));
}

/* What the table says where the kernel says something too. */
static void see(struct reader *r, const struct matrix *m)
{
	const struct hms_hmat_item *item = &m->item;

	for (uint32_t j = 0; j < item->ntargets; j++) {
		const struct hms_link *link;
		int node;

		if (m->targets[j] < 0)
			continue;
		link = told(r, m->targets[j]);
		node = hms_builder_memory(r->b, m->targets[j])->node;
		if (!link || !link->ninitiators || node >= HMS_MAX_NODES)
			continue;
		for (uint32_t i = 0; i < item->ninitiators; i++)
			if (m->initiators[i] == (int)link->initiators[0])
				for (unsigned k = item->first; k <= item->last;
					k++)
					r->seen[node][k] =
						hms_hmat_value(item, i, j);
	}
}

static bool differ(uint32_t a, uint32_t b)
{
	uint32_t apart = a > b ? a - b : b - a;

	/* Kernels round. */
	return apart > 1 && apart > a / 100;
}

/* Says where the table and the kernel disagree; true: nowhere. */
static bool agrees(struct reader *r)
{
	unsigned n = hms_builder_targets(r->b);

	for (unsigned i = 0; i < n; i++) {
		int node = hms_builder_memory(r->b, (int)i)->node;
		const struct hms_link *link;

		if (node < 0 || node >= HMS_MAX_NODES)
			continue;
		link = told(r, (int)i);
		for (unsigned k = 0; link && k < HMS_MEASURES; k++) {
			uint32_t kernel = link->perf.value[k];

			if (!r->seen[node][k] ||
				link->perf.origin[k] != HMS_FIRMWARE ||
				!differ(kernel, r->seen[node][k]))
				continue;
			hms_sysfs_complain(r->b, r->hmat.path, 0,
				"%s of node %d is %u here, but the kernel says %u%s",
				hms_measure_name((enum hms_measure)k), node,
				r->seen[node][k], kernel,
				r->domains.n
					? ""
					: "; proximity domains are no node numbers, so the table is left out");
			return false;
		}
	}
	return true;
}

static void apply(struct reader *r, const struct matrix *m)
{
	const struct hms_hmat_item *item = &m->item;

	for (uint32_t i = 0; i < item->ninitiators; i++) {
		for (uint32_t j = 0; j < item->ntargets; j++) {
			uint32_t value = hms_hmat_value(item, i, j);
			int link;

			if (!value || m->initiators[i] < 0 || m->targets[j] < 0)
				continue;
			link = hms_builder_pair(
				r->b, m->initiators[i], m->targets[j]);
			for (unsigned k = item->first; k <= item->last; k++)
				hms_builder_link_perf(r->b, link,
					(enum hms_measure)k, value,
					HMS_FIRMWARE);
		}
	}
}

/* Without access classes, the initiator that a memory is attached to. */
static void attach(struct reader *r, const struct hms_hmat_item *item)
{
	int node = hms_domain_node(&r->domains, item->memory);
	int from = hms_domain_node(&r->domains, item->initiator);
	int link;

	if (node < 0 || from < 0)
		return;
	link = hms_reader_memory(r->b, (unsigned)node);
	if (link >= 0 && !hms_builder_link_at(r->b, link)->ninitiators)
		hms_builder_link_initiator(
			r->b, link, hms_reader_initiator(r->b, (unsigned)from));
}

static void each_item(struct reader *r, bool for_good)
{
	struct matrix m;
	size_t at = 0;

	while (hms_hmat_next(&r->hmat, &at, &m.item)) {
		if (m.item.attached) {
			if (for_good)
				attach(r, &m.item);
		} else if (!resolve(r, &m)) {
			return;
		} else if (for_good) {
			apply(r, &m);
		} else {
			see(r, &m);
		}
	}
}

void hms_read_hmat(struct hms_builder *b)
{
	struct reader r = { .b = b };
	struct hms_acpi srat;

	if (!load(&r, TABLES "HMAT", "HMAT", &r.hmat))
		goto out;
	if (load(&r, TABLES "SRAT", "SRAT", &srat))
		hms_srat_read(&srat, &r.domains);
	r.seen = hms_arena_alloc(&r.arena, HMS_MAX_NODES * sizeof(*r.seen));
	if (!r.seen)
		goto out;
	each_item(&r, false);
	if (agrees(&r) || r.domains.n)
		each_item(&r, true);
out:
	hms_arena_free(&r.arena);
}
