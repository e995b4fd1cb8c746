/* SPDX-License-Identifier: BSD-2-Clause */
/* What vendors' libraries were asked for, and what became of it. */
#include <stdio.h>

#include "config/policy.h"
#include "report/json.h"
#include "report/render.h"
#include "report/render_sites.h"

/* By enum hms_refusal: for JSON, and for people. */
static const struct {
	const char *key, *text;
} refusals[HMS_REFUSALS] = {
	[HMS_REFUSED_CAPTURE] = { "capture", "a stream was being captured" },
	[HMS_REFUSED_IPC] = { "shared",
		"device memory is shared with other processes" },
	[HMS_REFUSED_CONCURRENT] = { "not_concurrent",
		"managed memory has no concurrent access" },
	[HMS_REFUSED_PEER] = { "no_peer",
		"no way to the other device's memory" },
	[HMS_REFUSED_ABSENT] = { "absent", "no such device" },
	[HMS_REFUSED_ROOM] = { "no_room",
		"no room, or a limit: out of memory was returned" },
	[HMS_REFUSED_DRIVER] = { "vendor", "the vendor's library refused" },
	[HMS_REFUSED_COMBINED] = { "write_combined", "write-combined memory" },
	[HMS_REFUSED_SYSTEM] = { "no_system",
		"a device cannot use the system's memory" },
	[HMS_REFUSED_ORDERED] = { "stream_ordered",
		"stream-ordered memory without a pool" },
	[HMS_REFUSED_EARLY] = { "too_early",
		"memory for a device before the thread used it" },
	[HMS_REFUSED_BACK] = { "no_way_back",
		"the driver's memory cannot become ordinary again, or is not tried yet" },
};

static const struct {
	const char *key, *head;
	size_t at; /* in struct hms_status_device */
} columns[] = {
#define COLUMN(name, head)                                                     \
	{                                                                      \
#name, head, offsetof(struct hms_status_device, name)          \
	}
	COLUMN(memory, "size"),
	COLUMN(asked, "asked"),
	COLUMN(asked_peak, "peak"),
	COLUMN(own, "own"),
	COLUMN(peer, "peer"),
	COLUMN(managed, "managed"),
	COLUMN(host, "on host"),
	COLUMN(pinned, "pinned"),
	COLUMN(arrived, "arrived"),
#undef COLUMN
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

const char *hms_refusal_key(unsigned refusal)
{
	return refusal < HMS_REFUSALS ? refusals[refusal].key : "";
}

static uint64_t value(const struct hms_status_device *row, size_t i)
{
	return *(const uint64_t *)((const char *)row + columns[i].at);
}

static bool used(const struct hms_status *s, unsigned i)
{
	return i < HMS_STATUS_DEVICES && s->devices[i].key;
}

static bool called(const struct hms_status *s, unsigned api)
{
	return api < HMS_APIS && s->apis[api].calls;
}

static void devices(const struct hms_status *s, struct hms_sink *sink)
{
	if (!used(s, 0))
		return;
	hms_sink_add(sink, "\n%-10s", "device");
	for (size_t i = 0; i < COLUMNS; i++)
		hms_sink_add(sink, " %9s", columns[i].head);
	hms_sink_add(sink, "\n");
	for (unsigned d = 0; used(s, d); d++) {
		hms_render_label(sink, s->devices[d].text, 10);
		for (size_t i = 0; i < COLUMNS; i++)
			hms_render_column(sink, value(&s->devices[d], i));
		hms_sink_add(sink, "\n");
	}
	for (unsigned d = 0; used(s, d); d++) {
		const struct hms_status_device *row = &s->devices[d];
		char in[16], out[16];

		if (row->reach)
			hms_sink_add(sink,
				"%s: %s of malloc and mmap in its reach\n",
				row->text, hms_render_amount(row->reach, in));
		if (row->faults || row->fetched || row->evicted)
			hms_sink_add(sink,
				"%s: %llu faults, %s fetched, %s evicted, as the program's profiler was told\n",
				row->text, (unsigned long long)row->faults,
				hms_render_amount(row->fetched, in),
				hms_render_amount(row->evicted, out));
	}
}

static void apis(const struct hms_status *s, struct hms_sink *sink)
{
	const char *before = "\nvendors' calls:";

	for (unsigned i = 0; i < HMS_APIS; i++) {
		char size[16];

		if (!called(s, i))
			continue;
		hms_sink_add(sink, "%s %s %llu for %s, %llu redirected", before,
			hms_api_name((enum hms_api)i),
			(unsigned long long)s->apis[i].calls,
			hms_render_amount(s->apis[i].bytes, size),
			(unsigned long long)s->apis[i].redirected);
		before = ";\n ";
	}
	if (*before == ';')
		hms_sink_add(sink, "\n");
	if (s->hints || s->moves) {
		char size[16];

		hms_sink_add(sink,
			"hints of the program %llu, moves of managed memory %llu (%s)\n",
			(unsigned long long)s->hints,
			(unsigned long long)s->moves,
			hms_render_amount(s->moved, size));
	}
}

void hms_render_devices_text(const struct hms_status *s, struct hms_sink *sink)
{
	char size[16];

	devices(s, sink);
	apis(s, sink);
	for (unsigned i = 0; i < HMS_REFUSALS; i++)
		if (s->refusals[i])
			hms_sink_add(sink, "not as ruled: %llu, %s\n",
				(unsigned long long)s->refusals[i],
				refusals[i].text);
	if (s->unreached)
		hms_sink_add(sink,
			"memory that devices reached is ordinary again: %s\n",
			hms_render_amount(s->unreached, size));
	if (s->refusals[HMS_REFUSED_DRIVER])
		hms_sink_add(sink, "the vendor's last code was %lld\n",
			(long long)s->refusal_code);
}

static void device_json(
	const struct hms_status_device *row, bool first, struct hms_sink *sink)
{
	hms_json_text(sink, first ? "\n    {" : ",\n    {", "name", row->text);
	for (size_t i = 0; i < COLUMNS; i++)
		hms_json_number(sink, ", ", columns[i].key, value(row, i));
	hms_json_number(sink, ", ", "reach", row->reach);
	hms_json_number(sink, ", ", "faults", row->faults);
	hms_json_number(sink, ", ", "fetched", row->fetched);
	hms_json_number(sink, ", ", "evicted", row->evicted);
	hms_sink_add(sink, "}");
}

void hms_render_devices_json(const struct hms_status *s, struct hms_sink *sink)
{
	const char *before = "\n    ";

	hms_sink_add(sink, "[");
	for (unsigned i = 0; used(s, i); i++)
		device_json(&s->devices[i], i == 0, sink);
	hms_json_key(sink, "],\n  ", "vendor_calls");
	hms_sink_add(sink, "{");
	for (unsigned i = 0; i < HMS_APIS; i++) {
		if (!called(s, i))
			continue;
		hms_json_key(sink, before, hms_api_name((enum hms_api)i));
		hms_json_number(sink, "{", "calls", s->apis[i].calls);
		hms_json_number(sink, ", ", "bytes", s->apis[i].bytes);
		hms_json_number(
			sink, ", ", "redirected", s->apis[i].redirected);
		hms_sink_add(sink, "}");
		before = ",\n    ";
	}
	hms_json_key(sink, "},\n  ", "vendor_refusals");
	hms_sink_add(sink, "{");
	for (unsigned i = 0; i < HMS_REFUSALS; i++)
		hms_json_number(
			sink, i ? ", " : "", refusals[i].key, s->refusals[i]);
	hms_json_key(sink, "},\n  ", "vendor_code");
	hms_sink_add(sink, "%lld", (long long)s->refusal_code);
	hms_json_number(sink, ",\n  ", "vendor_observed", s->observed);
	hms_json_number(sink, ",\n  ", "vendor_hints", s->hints);
	hms_json_number(sink, ",\n  ", "vendor_moves", s->moves);
	hms_json_number(sink, ",\n  ", "vendor_moved", s->moved);
	hms_json_number(sink, ",\n  ", "vendor_unreached", s->unreached);
}
