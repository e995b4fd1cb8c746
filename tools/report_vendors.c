/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/report_vendors.h"

#include <stddef.h>

#include "config/policy.h"
#include "report/render.h"
#include "tools/report_read.h"

/* Fields of a device, which are called in JSON what they are here. */
static const struct {
	const char *key;
	size_t at;
} fields[] = {
#define FIELD(name)                                                            \
	{                                                                      \
#name, offsetof(struct hms_status_device, name)                \
	}
	FIELD(memory),
	FIELD(asked),
	FIELD(asked_peak),
	FIELD(own),
	FIELD(peer),
	FIELD(managed),
	FIELD(host),
	FIELD(pinned),
	FIELD(reach),
	FIELD(arrived),
	FIELD(faults),
	FIELD(fetched),
	FIELD(evicted),
#undef FIELD
};

static void read_device(const json_t *in, struct hms_status_device *out)
{
	report_copy(out->text, sizeof(out->text), report_string(in, "name"));
	out->key = 1; /* whose it was, only the process knew */
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		*(uint64_t *)((char *)out + fields[i].at) =
			report_count(in, fields[i].key);
}

static void read_calls(const json_t *in, struct hms_status *page)
{
	for (unsigned i = 0; i < HMS_APIS; i++) {
		const json_t *api =
			json_object_get(in, hms_api_name((enum hms_api)i));

		page->apis[i].calls = report_count(api, "calls");
		page->apis[i].bytes = report_count(api, "bytes");
		page->apis[i].redirected = report_count(api, "redirected");
	}
}

void tool_report_vendors(const json_t *report, struct hms_status *page)
{
	const json_t *refusals = json_object_get(report, "vendor_refusals");
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(report, "devices"), i, row)
	{
		if (i == HMS_STATUS_DEVICES)
			break;
		read_device(row, &page->devices[i]);
	}
	read_calls(json_object_get(report, "vendor_calls"), page);
	for (unsigned r = 0; r < HMS_REFUSALS; r++)
		page->refusals[r] = report_count(refusals, hms_refusal_key(r));
	page->refusal_code =
		json_integer_value(json_object_get(report, "vendor_code"));
	page->observed = report_count(report, "vendor_observed");
	page->hints = report_count(report, "vendor_hints");
	page->moves = report_count(report, "vendor_moves");
	page->moved = report_count(report, "vendor_moved");
	page->unreached = report_count(report, "vendor_unreached");
}
