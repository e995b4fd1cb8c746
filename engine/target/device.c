/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/target/device.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"

static int create_device(
	struct hms_target *target, const struct hms_target_spec *spec)
{
	struct hms_device_id *id = hms_arena_alloc(spec->arena, sizeof(*id));

	if (!id)
		return -ENOMEM;
	for (unsigned i = 0; i < HMS_FAMILIES; i++)
		if (!strcmp(spec->term->path, hms_family_name(i)))
			id->vendor = i;
	id->number = spec->term->number;
	target->state = id;
	return 0;
}

/* resolve.c has made its state already. */
static int create_managed(
	struct hms_target *target, const struct hms_target_spec *spec)
{
	return 0;
}

/* Heaps and mappings have no such place; see config/devices.c. */
static int bind_nothing(
	struct hms_target *target, void *addr, size_t len, int prot)
{
	return -EOPNOTSUPP;
}

static size_t granule(const struct hms_target *target)
{
	return 0;
}

/* They map, in a way: HMS_BIND_IN_PLACE passes them over. */
const struct hms_target_ops hms_target_device = {
	.name = "device",
	.maps = true,
	.create = create_device,
	.granule = granule,
	.bind = bind_nothing,
};

const struct hms_target_ops hms_target_managed = {
	.name = "managed",
	.maps = true,
	.create = create_managed,
	.granule = granule,
	.bind = bind_nothing,
};

void hms_device_count(uint64_t *counter, uint64_t *peak, int64_t bytes)
{
	uint64_t now =
		__atomic_add_fetch(counter, (uint64_t)bytes, __ATOMIC_RELAXED);
	uint64_t most;

	if (!peak || bytes <= 0)
		return;
	most = __atomic_load_n(peak, __ATOMIC_RELAXED);
	while (now > most && !__atomic_compare_exchange_n(peak, &most, now,
				     true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

static void count(
	const struct hms_place *place, int rule, int step, int64_t bytes)
{
	const struct hms_target *target = place->steps[step].targets[0];
	struct hms_status_rule *row = NULL;
	struct hms_status_target *to;

	if (rule >= 0) {
		row = hms_status_rule(rule);
		hms_device_count(&row->bound, &row->bound_peak, bytes);
		hms_device_count(
			step ? &row->spilled : &row->first, NULL, bytes);
	}
	if (target->index >= HMS_STATUS_TARGETS)
		return;
	to = &hms_status->targets[target->index];
	hms_device_count(&to->bound, &to->bound_peak, bytes);
	if (row)
		hms_device_count(&row->wanted[target->index], NULL, bytes);
}

static bool above(const struct hms_places *places, int limit)
{
	return limit >= 0 &&
	       __atomic_load_n(&places->limits[limit].used, __ATOMIC_RELAXED) >
		       places->limits[limit].spec->bytes;
}

static bool over(const struct hms_places *places, const struct hms_place *place,
	int rule, int step)
{
	const struct hms_step *s = &place->steps[step];

	return above(places, s->limit) || above(places, s->limits[0]) ||
	       (step == 0 && rule >= 0 &&
		       __atomic_load_n(&places->rule_limit[rule].used,
			       __ATOMIC_RELAXED) >
			       places->rule_limit[rule].bytes);
}

static struct hms_piece piece_of(
	const struct hms_place *place, int step, size_t bytes)
{
	return (struct hms_piece){ 0, bytes, place->steps[step].targets[0],
		step };
}

int hms_device_charge(const struct hms_places *places, struct hms_place *place,
	int rule, int step, size_t bytes)
{
	const struct hms_piece piece = piece_of(place, step, bytes);

	if (!hms_place_charge(places, place, rule, &piece, 1))
		return -ENOSPC;
	if (over(places, place, rule, step)) {
		hms_place_charge(places, place, rule, &piece, -1);
		return -ENOSPC;
	}
	count(place, rule, step, (int64_t)bytes);
	return 0;
}

void hms_device_release(const struct hms_places *places,
	struct hms_place *place, int rule, int step, size_t bytes)
{
	const struct hms_piece piece = piece_of(place, step, bytes);

	hms_place_charge(places, place, rule, &piece, -1);
	count(place, rule, step, -(int64_t)bytes);
}

struct hms_status_device *hms_device_row(
	enum hms_family vendor, unsigned number)
{
	struct hms_status_device *rows = hms_status->devices;
	/* What claims a row, and tells whose it is. */
	const uint32_t key = (uint32_t)vendor << 16 | (number & 0xffff);

	for (unsigned i = 0; i < HMS_STATUS_DEVICES; i++) {
		uint32_t none = 0;

		if (__atomic_compare_exchange_n(&rows[i].key, &none, key, false,
			    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
			struct hms_text text = HMS_TEXT(rows[i].text);

			hms_text_add(&text, "%s:%u", hms_family_name(vendor),
				number);
			return &rows[i];
		}
		if (none == key)
			return &rows[i];
	}
	return NULL;
}
