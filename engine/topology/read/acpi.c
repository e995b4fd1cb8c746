/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/topology/read/acpi.h"

#include <string.h>

#include "engine/topology/sysfs.h"

#define SRAT_HEADER (HMS_ACPI_HEADER + 12)
#define HMAT_HEADER (HMS_ACPI_HEADER + 4)
#define ITEM_HEADER 8 /* of HMAT: type, reserved, length */
#define ATTRIBUTES 40 /* bytes of a structure of type 0 */
#define LOCALITY 32 /* bytes of type 1 before its lists */
#define MOST_DOMAINS 65536
#define OUT_OF_REACH 0xffff

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t get32(const uint8_t *p)
{
	return get16(p) | (uint32_t)get16(p + 2) << 16;
}

static uint64_t get64(const uint8_t *p)
{
	return get32(p) | (uint64_t)get32(p + 4) << 32;
}

bool hms_acpi_check(struct hms_acpi *table, const char *signature)
{
	uint8_t sum = 0;
	size_t len;

	if (table->len < HMS_ACPI_HEADER ||
		memcmp(table->bytes, signature, 4) != 0) {
		hms_sysfs_complain(table->b, table->path, 0,
			"is no table of ACPI named %s", signature);
		return false;
	}
	len = get32(table->bytes + 4);
	if (len > table->len) {
		hms_sysfs_complain(table->b, table->path, 0,
			"is cut short: %zu of %zu bytes", table->len, len);
		return true;
	}
	table->len = len;
	for (size_t i = 0; i < len; i++)
		sum = (uint8_t)(sum + table->bytes[i]);
	if (sum)
		hms_sysfs_complain(table->b, table->path, 0,
			"has a wrong checksum; its values may be wrong too");
	return true;
}

/* Which domain an entry of SRAT names; false: none, or it is disabled. */
static bool srat_domain(
	const uint8_t *p, unsigned len, bool memory, uint32_t *domain)
{
	/* Offsets of the domain and of the flags, bit 0 of which: enabled. */
	static const struct {
		uint8_t len, domain, flags;
	} kinds[] = {
		[0] = { 16, 2, 4 }, /* processor, by local APIC */
		[1] = { 40, 2, 28 }, /* memory */
		[2] = { 24, 4, 12 }, /* processor, by x2APIC */
		[3] = { 18, 2, 10 }, /* processor, by GICC */
		[5] = { 32, 4, 24 }, /* generic initiator */
		[7] = { 20, 4, 12 }, /* processor, by RINTC */
	};
	unsigned type = p[0];

	if (type >= sizeof(kinds) / sizeof(kinds[0]) || !kinds[type].len ||
		len < kinds[type].len || memory != (type == 1) ||
		!(p[kinds[type].flags] & 1))
		return false;
	/* The first kind has one byte here, and three at offset 9. */
	if (type == 0)
		*domain = p[2] | (uint32_t)p[9] << 8 | (uint32_t)p[10] << 16 |
			  (uint32_t)p[11] << 24;
	else
		*domain = get32(p + kinds[type].domain);
	return true;
}

static void add_domain(struct hms_domains *domains, uint32_t domain)
{
	for (unsigned i = 0; i < domains->n; i++)
		if (domains->domain[i] == domain)
			return;
	if (domains->n < HMS_MAX_NODES)
		domains->domain[domains->n++] = domain;
}

static void add_domains(
	const struct hms_acpi *srat, bool memory, struct hms_domains *domains)
{
	uint32_t domain;

	for (size_t at = SRAT_HEADER; at < srat->len;) {
		const uint8_t *p = srat->bytes + at;
		size_t left = srat->len - at;

		if (left < 2 || p[1] < 2 || p[1] > left) {
			if (memory)
				hms_sysfs_complain(srat->b, srat->path, 0,
					"the entry at byte %zu has no good length; the rest is left out",
					at);
			return;
		}
		if (srat_domain(p, p[1], memory, &domain))
			add_domain(domains, domain);
		at += p[1];
	}
}

void hms_srat_read(const struct hms_acpi *srat, struct hms_domains *domains)
{
	domains->n = 0;
	add_domains(srat, false, domains);
	add_domains(srat, true, domains);
}

int hms_domain_node(const struct hms_domains *domains, uint32_t domain)
{
	if (!domains->n)
		return domain < HMS_MAX_NODES ? (int)domain : -1;
	for (unsigned i = 0; i < domains->n; i++)
		if (domains->domain[i] == domain)
			return (int)i;
	return -1;
}

static bool read_attributes(
	const uint8_t *p, size_t len, struct hms_hmat_item *item)
{
	/* Flag bit 0: the initiator is given. */
	if (len < ATTRIBUTES || !(get16(p + 8) & 1))
		return false;
	item->attached = true;
	item->initiator = get32(p + 12);
	item->memory = get32(p + 16);
	return true;
}

static bool read_locality(const struct hms_acpi *hmat, const uint8_t *p,
	size_t len, struct hms_hmat_item *item)
{
	static const struct {
		enum hms_measure first, last;
	} types[] = {
		{ HMS_READ_LATENCY, HMS_WRITE_LATENCY },
		{ HMS_READ_LATENCY, HMS_READ_LATENCY },
		{ HMS_WRITE_LATENCY, HMS_WRITE_LATENCY },
		{ HMS_READ_BANDWIDTH, HMS_WRITE_BANDWIDTH },
		{ HMS_READ_BANDWIDTH, HMS_READ_BANDWIDTH },
		{ HMS_WRITE_BANDWIDTH, HMS_WRITE_BANDWIDTH },
	};
	uint64_t need;

	/* The low bits say which cache in front of memory; 0 is memory. */
	if (len >= LOCALITY &&
		((p[8] & 15) || p[9] >= sizeof(types) / sizeof(types[0])))
		return false;
	if (len >= LOCALITY) {
		item->ninitiators = get32(p + 12);
		item->ntargets = get32(p + 16);
	}
	need = LOCALITY + 4 * ((uint64_t)item->ninitiators + item->ntargets) +
	       2 * (uint64_t)item->ninitiators * item->ntargets;
	if (item->ninitiators > MOST_DOMAINS || item->ntargets > MOST_DOMAINS ||
		need > len) {
		hms_sysfs_complain(hmat->b, hmat->path, 0,
			"the matrix at byte %zu has %zu bytes, too few for %u times %u entries; it is left out",
			(size_t)(p - hmat->bytes), len, item->ninitiators,
			item->ntargets);
		return false;
	}
	item->attached = false;
	item->first = types[p[9]].first;
	item->last = types[p[9]].last;
	item->unit = get64(p + 24);
	item->initiators = p + LOCALITY;
	item->targets = item->initiators + 4 * (size_t)item->ninitiators;
	item->entries = item->targets + 4 * (size_t)item->ntargets;
	return true;
}

bool hms_hmat_next(
	const struct hms_acpi *hmat, size_t *at, struct hms_hmat_item *item)
{
	if (!*at)
		*at = HMAT_HEADER;
	memset(item, 0, sizeof(*item));
	item->revision = hmat->bytes[8];
	while (*at < hmat->len) {
		const uint8_t *p = hmat->bytes + *at;
		size_t left = hmat->len - *at, len;

		len = left < ITEM_HEADER ? 0 : get32(p + 4);
		if (len < ITEM_HEADER || len > left) {
			hms_sysfs_complain(hmat->b, hmat->path, 0,
				"the structure at byte %zu has no good length; the rest is left out",
				*at);
			*at = hmat->len;
			return false;
		}
		*at += len;
		if (get16(p) == 0 && read_attributes(p, len, item))
			return true;
		if (get16(p) == 1 && read_locality(hmat, p, len, item))
			return true;
	}
	return false;
}

uint32_t hms_hmat_initiator(const struct hms_hmat_item *item, uint32_t i)
{
	return get32(item->initiators + 4 * (size_t)i);
}

uint32_t hms_hmat_target(const struct hms_hmat_item *item, uint32_t j)
{
	return get32(item->targets + 4 * (size_t)j);
}

uint32_t hms_hmat_value(
	const struct hms_hmat_item *item, uint32_t i, uint32_t j)
{
	bool latency = item->first <= HMS_WRITE_LATENCY;
	uint16_t entry =
		get16(item->entries + 2 * ((size_t)i * item->ntargets + j));
	uint64_t value, divisor = 1;

	if (!entry || entry == OUT_OF_REACH ||
		__builtin_mul_overflow(item->unit, entry, &value))
		return 0;
	/* Revision 1 counts tenths; later ones picoseconds and MB/s. */
	if (item->revision < 2)
		divisor = 10;
	else if (latency)
		divisor = 1000;
	value = value / divisor + (value % divisor != 0);
	return value <= UINT32_MAX ? (uint32_t)value : 0;
}
