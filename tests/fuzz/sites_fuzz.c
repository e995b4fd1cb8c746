/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Feeds tables of sites whatever libFuzzer finds interesting, as a process
 * may have left them, and checks what must hold of every result:
 *  - what is refused is not looked at, what is not can be rendered;
 *  - sites are shown each once, by their peaks;
 *  - those like another one are different rows, the likest first.
 * The input is a head, the first module, then rows; the rest is zeros.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/closest.h"
#include "report/render_sites.h"
#include "tests/fuzz/fuzz.h"

#define HEAD offsetof(struct hms_sites, modules)
#define MODULE sizeof(struct hms_sites_module)
#define MOST_ROWS 64

/* In the place of report/status.c, config/ and engine/site/module.c. */
struct hms_tally_rule hms_status_calls(
	const struct hms_status *status, int rule)
{
	return (struct hms_tally_rule){ 0 };
}

uint64_t hms_status_family_calls(
	const struct hms_status *status, enum hms_family family)
{
	return 0;
}

const char *hms_family_name(enum hms_family family)
{
	return "";
}

const char *hms_api_name(enum hms_api api)
{
	return "api";
}

bool site_module_is_runtime(const char *path)
{
	return strlen(path) > 4;
}

static void count(struct hms_sink *sink, const char *bytes, size_t len)
{
	fuzz_require(memchr(bytes, 0, len) == NULL, "texts hold no 0");
}

static void render(const struct hms_sites *sites)
{
	static struct hms_status status;
	struct hms_render what = { &status, sites, NULL };
	struct hms_sink sink = { count };

	status.nrules = 2;
	status.rules[1].has_site = 1;
	status.rules[1].site = 1;
	status.rules[1].site_hint = 0x12345678;
	hms_render_sites_text(&what, &sink);
	hms_render_sites_json(&what, &sink);
	hms_render_unknown_text(&what, &sink);
	hms_render_unknown_json(&what, &sink);
}

static void check_order(const struct hms_sites *sites)
{
	const struct hms_sites_row *row = NULL, *before;
	unsigned n = 0;

	for (before = NULL; (row = hms_sites_next(sites, row)); n++) {
		fuzz_require(!before || before->live_peak > row->live_peak ||
				     (before->live_peak == row->live_peak &&
					     before < row),
			"sites are in order");
		before = row;
	}
	fuzz_require(n == (sites->nsites ? sites->nsites - 1 : 0),
		"each site is shown");
}

static void check_closest(const struct hms_sites *sites)
{
	const struct hms_sites_row *out[HMS_SITES_CLOSEST];
	unsigned n = hms_sites_closest(sites, 0x12345678, out), like = 8;

	fuzz_require(n <= HMS_SITES_CLOSEST, "not too many are alike");
	for (unsigned i = 0; i < n; i++) {
		unsigned now = hms_sites_likeness(out[i]->hint, 0x12345678);

		fuzz_require(now <= like && now >= 4, "the likest come first");
		like = now;
		for (unsigned k = 0; k < i; k++)
			fuzz_require(out[i] != out[k], "each comes once");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t rows, bytes;
	struct hms_sites *sites;
	int rc;

	if (size < HEAD + MODULE)
		return 0;
	rows = size - HEAD - MODULE;
	if (rows > MOST_ROWS * sizeof(sites->rows[0]))
		return 0;
	bytes = sizeof(*sites) + rows;
	sites = calloc(1, bytes);
	if (!sites)
		abort();
	memcpy(sites, data, HEAD);
	memcpy(&sites->modules[0], data + HEAD, MODULE);
	memcpy(sites->rows, data + HEAD + MODULE, rows);
	rc = hms_sites_check(sites, bytes);
	if (!rc || rc == -EMSGSIZE) {
		render(sites);
		check_order(sites);
		check_closest(sites);
	}
	free(sites);
	return 0;
}
