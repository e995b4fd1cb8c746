/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sites_page [-v] PAGE.status PROGRAM BUILD-ID OFFSET... : writes the page of a
 * process that is gone, and its table of sites, of one site with these frames
 * of the program, of another one that knows nothing, and of unknown stacks.
 * -v: vendors' calls, devices and limits, too, each number another one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/policy.h"
#include "report/sites.h"
#include "report/status.h"

static struct hms_status page;

static struct {
	struct hms_sites head;
	struct hms_sites_row rows[3];
} table;

static int put(const char *path, const void *bytes, size_t size)
{
	FILE *out = fopen(path, "we");

	return !out || fwrite(bytes, size, 1, out) != 1 || fclose(out);
}

static void make_page(void)
{
	page.magic = HMS_STATUS_MAGIC;
	page.size = sizeof(page);
	page.pid = 1;
	page.start_ticks = 1;
	page.started_ns = page.updated_ns = 1;
	strcpy(page.program, "gone");
	page.nrules = 2;
	strcpy(page.rules[0].name, "mine");
	strcpy(page.rules[1].name, "theirs");
	page.rules[1].has_site = 1;
	page.rules[1].site = 0xabc;
	page.rules[1].site_hint = 0x12345000;
	page.npatterns = 1;
	strcpy(page.patterns[0], "via \"none\"");
	page.rules[0].via_pattern = 1;
}

static void make_vendors(void)
{
	struct hms_status_device *d = page.devices;
	uint64_t n = 1000;

	page.nlimits = 2;
	page.limits[0] = (struct hms_status_limit){ .name = "fast",
		.bytes = n++,
		.used = n++,
		.all = n++,
		.sharing = HMS_STATUS_UNSHARED };
	page.limits[1] = (struct hms_status_limit){ .name = "slow",
		.bytes = n++,
		.used = n++,
		.all = n++,
		.sharing = HMS_STATUS_SHARED };
	for (int i = 0; i < 2; i++) {
		snprintf(d[i].text, sizeof(d[i].text), "cuda:%d", i);
		d[i].key = 7;
		for (uint64_t *v = &d[i].memory; v <= &d[i].evicted; v++)
			*v = n++;
	}
	for (int i = 0; i < HMS_APIS; i++)
		page.apis[i] = (struct hms_status_api){ n, n + 1, n + 2 };
	for (int i = 0; i < HMS_REFUSALS; i++)
		page.refusals[i] = n++;
	page.refusal_code = -700;
	page.observed = n++;
	page.hints = n++;
	page.moves = n++;
	page.moved = n++;
	page.unreached = n++;
}

static void make_table(const char *program, const char *id)
{
	struct hms_sites_module *m = &table.head.modules[0];

	table.head.magic = HMS_SITES_MAGIC;
	table.head.size = sizeof(table);
	table.head.mode = HMS_SITES_SAMPLED;
	table.head.period = 524288;
	table.head.nsites = 3;
	table.head.nmodules = 1;
	strncpy(m->path, program, sizeof(m->path) - 1);
	for (; id[0] && id[1]; id += 2) {
		char byte[3] = { id[0], id[1], 0 };

		m->build_id[m->build_id_len++] =
			(uint8_t)strtoul(byte, NULL, 16);
	}
	table.rows[0].calls = 1;
	table.rows[0].bytes = 10;
	table.rows[1].id = 0x1111;
	table.rows[1].hint = 0x12345678;
	table.rows[1].rule = 1;
	table.rows[1].calls = 8;
	table.rows[1].bytes = 4096;
	table.rows[1].live_peak = 2048;
	table.rows[1].samples = 2;
	table.rows[2].id = 0x2222;
	table.rows[2].nframes = 1;
	table.rows[2].frame[0] = (uint64_t)HMS_SITES_NOWHERE << 48 | 99;
}

int main(int argc, char **argv)
{
	char path[4096];
	size_t len;

	if (argc > 1 && !strcmp(argv[1], "-v")) {
		make_vendors();
		argc--;
		argv++;
	}
	if (argc < 4 || argc > 4 + HMS_SITES_FRAMES)
		return 64;
	make_page();
	make_table(argv[2], argv[3]);
	for (int i = 4; i < argc; i++)
		table.rows[1].frame[i - 4] = strtoull(argv[i], NULL, 16);
	table.rows[1].nframes = (uint16_t)(argc - 4);
	len = strlen(argv[1]) - strlen(".status");
	snprintf(path, sizeof(path), "%.*s.sites", (int)len, argv[1]);
	return put(argv[1], &page, sizeof(page)) ||
	       put(path, &table, sizeof(table));
}
