/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/topology/read/proximity.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define HEADER 48 /* the table's, with what is reserved behind it */

/* Where an entry of a type has its domain and its flags; bit 0: enabled. */
static const struct entry {
	uint8_t type, length, domain, flags;
	bool memory;
} entries[] = {
	{ 0, 16, 2, 4, false }, /* processor, by its local APIC; see below */
	{ 1, 40, 2, 28, true }, /* memory */
	{ 2, 24, 4, 12, false }, /* processor, by its x2APIC */
	{ 3, 18, 2, 10, false }, /* processor, by its GIC */
	{ 5, 32, 4, 24, false }, /* generic initiator */
};

static uint32_t word(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

static const struct entry *find_entry(const uint8_t *p)
{
	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++)
		if (p[0] == entries[i].type && p[1] >= entries[i].length)
			return &entries[i];
	return NULL;
}

static uint32_t domain_of(
	const struct entry *entry, const uint8_t *p, unsigned revision)
{
	uint32_t domain = word(p + entry->domain);

	/* The first form of it has one byte, later ones three more elsewhere.
	 */
	if (entry->type == 0)
		domain = (uint32_t)p[2] | (word(p + 8) & 0xffffff00);
	return revision < 2 ? domain & 0xff : domain;
}

static void add(struct hms_proximity *out, uint32_t domain)
{
	for (unsigned i = 0; i < out->count; i++)
		if (out->domain[i] == domain)
			return;
	if (out->count < HMS_MAX_NODES)
		out->domain[out->count++] = domain;
}

static void add_all(struct hms_proximity *out, const uint8_t *table, size_t len,
	bool memory)
{
	for (size_t at = HEADER; at + 2 <= len;) {
		const uint8_t *p = table + at;
		const struct entry *entry;

		if (p[1] < 2 || p[1] > len - at)
			return;
		entry = find_entry(p);
		if (entry && entry->memory == memory && p[entry->flags] & 1)
			add(out, domain_of(entry, p, table[8]));
		at += p[1];
	}
}

int hms_proximity_parse(const void *srat, size_t len, struct hms_proximity *out)
{
	const uint8_t *table = srat;

	out->count = 0;
	if (len < HEADER || memcmp(table, "SRAT", 4) != 0)
		return -EINVAL;
	if (word(table + 4) < len)
		len = word(table + 4);
	add_all(out, table, len, false);
	add_all(out, table, len, true);
	return 0;
}

int hms_proximity_node(const struct hms_proximity *proximity, uint32_t domain)
{
	if (!proximity->count)
		return domain < HMS_MAX_NODES ? (int)domain : -1;
	for (unsigned i = 0; i < proximity->count; i++)
		if (proximity->domain[i] == domain)
			return (int)i;
	return -1;
}
