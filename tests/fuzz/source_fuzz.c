/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whatever a PMU's AUX area, smaps or a format of sysfs hold: nothing is read
 * beyond the end, decoding ends, and records are the same however they come
 * in parts.  The first byte says which of them, the second where to cut.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/source/pmu.h"
#include "engine/source/smaps.h"
#include "engine/source/spe.h"
#include "tests/fuzz/fuzz.h"

struct sum {
	uint64_t records, addrs;
};

static void count(const struct hms_spe_record *record, void *arg)
{
	struct sum *sum = arg;

	fuzz_require(record->addr >> 56 == 0, "an address has no tag");
	fuzz_require(
		!record->store || record->load_store, "stores are accesses");
	sum->records++;
	sum->addrs = sum->addrs * 31 + record->addr;
}

static void spe(const uint8_t *bytes, size_t len, size_t cut)
{
	struct sum whole = { 0, 0 }, parts = { 0, 0 };
	uint8_t *copy = malloc(cut ? cut : 1);
	size_t used;

	if (!copy)
		abort();
	used = hms_spe_decode(bytes, len, count, &whole);
	fuzz_require(used <= len, "no more is used than there is");
	memcpy(copy, bytes, cut);
	used = hms_spe_decode(copy, cut, count, &parts);
	fuzz_require(used <= cut, "nor of a part");
	hms_spe_decode(bytes + used, len - used, count, &parts);
	fuzz_require(
		whole.records == parts.records && whole.addrs == parts.addrs,
		"records are the same in parts");
	free(copy);
}

static void count_smap(const struct hms_smap *smap, void *arg)
{
	(void)smap;
	++*(uint64_t *)arg;
}

static void smaps(const char *text, size_t len, size_t cut)
{
	uint64_t whole = 0, parts = 0;
	struct hms_smaps a = { .mapping = count_smap, .arg = &whole };
	struct hms_smaps b = { .mapping = count_smap, .arg = &parts };

	hms_smaps_feed(&a, text, len);
	hms_smaps_end(&a);
	hms_smaps_feed(&b, text, cut);
	hms_smaps_feed(&b, text + cut, len - cut);
	hms_smaps_end(&b);
	fuzz_require(whole == parts, "mappings are the same in parts");
}

static void format(const char *text, size_t len)
{
	struct perf_event_attr attr = { 0 }, before = { 0 };
	char *copy = malloc(len + 1);

	if (!copy)
		abort();
	memcpy(copy, text, len);
	copy[len] = 0;
	if (hms_pmu_set_bits(copy, 0x5a, &attr) < 0)
		fuzz_require(memcmp(&attr, &before, sizeof(attr)) == 0,
			"what is refused changes nothing");
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t cut;

	if (size < 2 || size > 4000)
		return 0;
	cut = data[1] % (size - 1);
	if (cut > size - 2)
		cut = size - 2;
	switch (data[0] % 3) {
	case 0:
		spe(data + 2, size - 2, cut);
		break;
	case 1:
		smaps((const char *)data + 2, size - 2, cut);
		break;
	default:
		format((const char *)data + 2, size - 2);
	}
	return 0;
}
