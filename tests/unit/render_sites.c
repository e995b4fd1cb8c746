/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What reports say of sites, to the letter, and of rules about callers that
 * nobody was.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/closest.h"
#include "report/render.h"
#include "report/render_sites.h"
#include "tests/unit/memory_sink.h"

#define MIB ((uint64_t)1 << 20)
#define ROWS 64

static struct memory_sink out = { .sink = { to_memory } };
static struct hms_status s;
static struct hms_sites *sites;
static struct hms_render what = { .status = &s };

static uint64_t frame(unsigned module, uint64_t offset)
{
	return (uint64_t)module << 48 | offset;
}

static void module(unsigned i, const char *path, unsigned char id)
{
	strcpy(sites->modules[i].path, path);
	sites->modules[i].build_id[0] = id;
	sites->modules[i].build_id[1] = 0xcd;
	sites->modules[i].build_id_len = id ? 2 : 0;
}

static size_t bytes(void)
{
	return sizeof(*sites) + ROWS * sizeof(sites->rows[0]);
}

static void make(void)
{
	struct hms_sites_row *row;

	sites = calloc(1, bytes());
	sites->magic = HMS_SITES_MAGIC;
	sites->size = bytes();
	sites->mode = HMS_SITES_SAMPLED;
	sites->period = MIB / 2;
	sites->nsites = 4;
	sites->nmodules = 3;
	module(0, "/usr/bin/prog", 0xab);
	module(1, "/usr/lib/libfoo.so.1", 0);
	module(2, "/usr/lib/libstdc++.so.6", 0x12);
	row = &sites->rows[1];
	row->id = UINT64_C(0x0123456789abcdef);
	row->hint = 0x12340000;
	row->rule = 1;
	row->nframes = 2;
	row->frame[0] = frame(1, 0x1234);
	row->frame[1] = frame(0, 0x5678);
	row->samples = 5;
	row->calls = 1000;
	row->bytes = 20 * MIB;
	row->freed_calls = 900;
	row->freed_bytes = 18 * MIB;
	row->live_peak = 3 * MIB;
	row->minor_faults = 512;
	row->major_faults = 3;
	row->lives[3] = 400;
	row->lives[11] = 500;
	row = &sites->rows[2];
	row->id = UINT64_C(0xfedcba9876543210);
	row->hint = 0x12345678;
	row->nframes = 9;
	row->frame[0] = frame(2, 0xa0000);
	for (unsigned i = 1; i < 8; i++)
		row->frame[i] = frame(1, 0x1000 * i);
	row->frame[7] = frame(HMS_SITES_NOWHERE, 0x7f0000000000);
	row->frame[8] = frame(0, 1);
	row->calls = 2;
	row->bytes = 800 * MIB;
	row->live_peak = 800 * MIB;
	row = &sites->rows[3];
	row->id = 1;
	row->rule = 9;
	row->calls = 1;
	row->freed_calls = 1;
	row->freed_bytes = 1;
	row->lives[HMS_SITES_LIVES - 1] = 1;
	s.nrules = 2;
	strcpy(s.rules[0].name, "big");
	strcpy(s.rules[1].name, "gone");
	what.sites = sites;
}

static void end(void)
{
	free(sites);
}

TestSuite(render_sites, .init = make, .fini = end);

static void check(const char *wanted)
{
	out.buf[out.len] = 0;
	cr_assert_str_eq(
		out.buf, wanted, "got:\n%s\nwanted:\n%s", out.buf, wanted);
}

/* Catches columns that drift, rows in the wrong order, lines that run over. */
Test(render_sites, text)
{
	sites->rows[0].calls = 7;
	sites->rows[0].bytes = 70;
	sites->lost = 3;
	hms_render_sites_text(&what, &out.sink);
	check("\n"
	      "sites by peak, 3 of 3; estimates from 5 samples, one per 512 KiB\n"
	      "site                      rule           calls     asked      live      peak      life\n"
	      "fedcba9876543210.12345678 (no rule)          2   800 MiB   800 MiB   800 MiB         -\n"
	      "    libstdc++.so.6+0xa0000 < libfoo.so.1+0x1000 < libfoo.so.1+0x2000 < libfoo.so.1+0x3000\n"
	      "    < libfoo.so.1+0x4000 < libfoo.so.1+0x5000 < libfoo.so.1+0x6000 < (code of no file)\n"
	      "0123456789abcdef.12340000 big             1000    20 MiB     2 MiB     3 MiB     <2 ms\n"
	      "    libfoo.so.1+0x1234 < prog+0x5678\n"
	      "0000000000000001.00000000 ?                  1         0         0         0   >1073 s\n"
	      "(unknown stacks, others)  (no rule)          7      70 B      70 B         0         -\n"
	      "3 calls found no room\n");
}

/* A namer that knows what it was told. */
static void told(struct hms_namer *namer, const struct hms_sites *table,
	unsigned i, uint64_t offset, struct hms_names *names)
{
	if (i == 1 && offset == 0x1234) {
		names->n = 2;
		names->at[0] = (struct hms_named){ "ns::Table::grow",
			"/src/table.h", 12, true };
		names->at[1] = (struct hms_named){ "lib_fill", "", 0, false };
	} else if (i == 0) {
		names->n = 1;
		names->at[0] = (struct hms_named){
			offset == 9 ? "__libc_start_main" : "main",
			"/home/somebody/with/a/long/name/deep/deeper/main.c", 3,
			false
		};
	}
	names->changed = i == 2;
}

/* Catches names at the wrong frame, and frames before main(). */
Test(render_sites, named_text)
{
	struct hms_namer namer = { told };

	what.namer = &namer;
	sites->nsites = 3;
	sites->mode = HMS_SITES_EXACT;
	sites->rows[1].nframes = 3;
	sites->rows[1].frame[2] = frame(0, 9);
	sites->rows[2].nframes = 2;
	hms_render_sites_text(&what, &out.sink);
	check("\n"
	      "sites by peak, 2 of 2; exact, lifetimes from 5 samples\n"
	      "site                      rule           calls     asked      live      peak      life\n"
	      "fedcba9876543210.12345678 (no rule)          2   800 MiB   800 MiB   800 MiB         -\n"
	      "    libstdc++.so.6+0xa0000  (the file has changed since)\n"
	      "    libfoo.so.1+0x1000\n"
	      "0123456789abcdef.12340000 big             1000    20 MiB     2 MiB     3 MiB     <2 ms\n"
	      "    libfoo.so.1+0x1234  ns::Table::grow (inlined)  /src/table.h:12\n"
	      "                        lib_fill\n"
	      "    prog+0x5678         main  .../deeper/main.c:3\n");
	out.len = 0;
	sites->nsites = 1;
	hms_render_sites_text(&what, &out.sink);
	check("");
}

/* Catches a renamed or missing key: programs depend on them. */
Test(render_sites, json)
{
	struct hms_namer namer = { told };

	sites->nsites = 2;
	hms_render_sites_json(&what, &out.sink);
	check("{\n"
	      "    \"mode\": \"sampled\", \"period\": 524288, \"lost\": 0,\n"
	      "    \"modules\": [\n"
	      "      {\"path\": \"/usr/bin/prog\", \"build_id\": \"abcd\"},\n"
	      "      {\"path\": \"/usr/lib/libfoo.so.1\", \"build_id\": \"\"},\n"
	      "      {\"path\": \"/usr/lib/libstdc++.so.6\", \"build_id\": \"12cd\"}],\n"
	      "    \"sites\": [\n"
	      "      {\"id\": \"\", \"rule\": null, \"calls\": 0, \"bytes\": 0,\n"
	      "       \"freed_calls\": 0, \"freed_bytes\": 0, \"live\": 0, \"live_peak\": 0,\n"
	      "       \"minor_faults\": 0, \"major_faults\": 0,\n"
	      "       \"samples\": 0, \"median_life_us\": null, \"lives\": [],\n"
	      "       \"frames\": []},\n"
	      "      {\"id\": \"0123456789abcdef.12340000\", \"rule\": \"big\", \"calls\": 1000, \"bytes\": 20971520,\n"
	      "       \"freed_calls\": 900, \"freed_bytes\": 18874368, \"live\": 2097152, \"live_peak\": 3145728,\n"
	      "       \"minor_faults\": 512, \"major_faults\": 3,\n"
	      "       \"samples\": 5, \"median_life_us\": 2048, \"lives\": [0, 0, 0, 400, 0, 0, 0, 0, 0, 0, 0, 500],\n"
	      "       \"frames\": [{\"module\": 1, \"offset\": 4660}, {\"module\": 0, \"offset\": 22136}]}]\n"
	      "  }");
	out.len = 0;
	what.namer = &namer;
	hms_render_sites_json(&what, &out.sink);
	out.buf[out.len] = 0;
	cr_assert(
		strstr(out.buf,
			"{\"module\": 1, \"offset\": 4660, \"changed\": false, "
			"\"functions\": [{\"name\": \"ns::Table::grow\", "
			"\"file\": \"/src/table.h\", \"line\": 12, "
			"\"inlined\": true}, {\"name\": \"lib_fill\", "
			"\"file\": \"\", \"line\": 0, \"inlined\": false}]}"),
		"%s", out.buf);
}

/* Catches globs that are said to match nothing, or are not. */
Test(render_sites, nowhere)
{
	s.npatterns = 3;
	s.patterns_met = 2;
	strcpy(s.patterns[0], "from \"libx*\"");
	strcpy(s.patterns[1], "via \"f*\"");
	strcpy(s.patterns[2], "via \"g@h\"");
	s.rules[0].from_pattern = 1;
	s.rules[0].via_pattern = 2;
	s.rules[1].via_pattern = 3;
	hms_render_nowhere_text(&what, &out.sink);
	check("rule big: from \"libx*\" matches no code that was met\n"
	      "rule gone: via \"g@h\" matches no code that was met\n");
	out.len = 0;
	hms_render_nowhere_json(&what, &out.sink);
	check("[\n"
	      "    {\"rule\": \"big\", \"condition\": \"from \\\"libx*\\\"\"},\n"
	      "    {\"rule\": \"gone\", \"condition\": \"via \\\"g@h\\\"\"}]");
	out.len = 0;
	s.npatterns = 0;
	hms_render_nowhere_text(&what, &out.sink);
	check("");
}

/* Catches sites that are called unknown and are not, and bad neighbours. */
Test(render_sites, unknown)
{
	s.rules[1].has_site = 1;
	s.rules[1].site = 0xabc;
	s.rules[1].site_hint = 0x1234a678;
	hms_render_unknown_text(&what, &out.sink);
	check("rule gone: unknown site 0000000000000abc.1234a678; the closest:\n"
	      "    fedcba9876543210.12345678   800 MiB  libfoo.so.1+0x1000\n"
	      "    0123456789abcdef.12340000    20 MiB  libfoo.so.1+0x1234\n");
	out.len = 0;
	hms_render_unknown_json(&what, &out.sink);
	check("[\n"
	      "    {\"rule\": \"gone\", \"site\": \"0000000000000abc.1234a678\", "
	      "\"closest\": [\"fedcba9876543210.12345678\", "
	      "\"0123456789abcdef.12340000\"]}]");
	out.len = 0;
	s.rules[1].site_hint = 0x99123000;
	hms_render_unknown_text(&what, &out.sink);
	out.buf[out.len] = 0;
	cr_expect(strstr(out.buf, "; the closest:"), "3 of 5 digits");
	out.len = 0;
	s.rules[1].site_hint = 0x99912000;
	hms_render_unknown_text(&what, &out.sink);
	check("rule gone: unknown site 0000000000000abc.99912000, and none is like it\n");
	out.len = 0;
	s.rules[1].site_hint = 0x99990000;
	hms_render_unknown_text(&what, &out.sink);
	check("rule gone: unknown site 0000000000000abc.99990000, and none is like it\n");
	out.len = 0;
	s.rules[1].site_hint = 0;
	hms_render_unknown_text(&what, &out.sink);
	check("rule gone: unknown site 0000000000000abc; with its hint it could be compared\n");
	out.len = 0;
	what.sites = NULL;
	hms_render_unknown_text(&what, &out.sink);
	check("rule gone: unknown site 0000000000000abc; HMS_SITES=sampled would show others\n");
	out.len = 0;
	s.tallies[3].rule[2].calls = 1;
	hms_render_unknown_text(&what, &out.sink);
	check("");
	what.sites = sites;
	s.tallies[3].rule[2].calls = 0;
	s.rules[1].site = 1;
	hms_render_unknown_text(&what, &out.sink);
	check("");
}

/* Catches an alignment of digits that is not the longest. */
Test(render_sites, likeness)
{
	cr_expect_eq(hms_sites_likeness(0x12345678, 0x12345678), 8);
	cr_expect_eq(hms_sites_likeness(0x12345678, 0x13456780), 7);
	cr_expect_eq(hms_sites_likeness(0x12345678, 0x81234567), 7);
	cr_expect_eq(hms_sites_likeness(0x12300000, 0x45600000), 0);
	cr_expect_eq(hms_sites_likeness(0x11110000, 0x11000000), 2);
	cr_expect_eq(hms_sites_likeness(0x87654321, 0x12345678), 1);
}

/* Catches sites that are shown twice, or not, where peaks are equal. */
Test(render_sites, order)
{
	const struct hms_sites_row *row = NULL;
	unsigned n = 0;

	sites->nsites = ROWS;
	for (unsigned i = 0; i < ROWS; i++)
		sites->rows[i].live_peak = i * 7 % 5;
	for (uint64_t last = 5; (row = hms_sites_next(sites, row)); n++) {
		cr_assert_leq(row->live_peak, last);
		last = row->live_peak;
	}
	cr_assert_eq(n, ROWS - 1);
}

/* Catches reading beyond a table that was cut or is no table. */
Test(render_sites, broken)
{
	cr_expect_eq(hms_sites_check(sites, bytes()), 0);
	cr_expect_eq(hms_sites_check(sites, sizeof(*sites) - 1), -EINVAL);
	sites->nsites = ROWS + 1;
	cr_expect_eq(hms_sites_check(sites, bytes()), -EMSGSIZE);
	cr_expect_eq(sites->nsites, ROWS);
	memset(sites->modules[0].path, 'x', HMS_SITES_PATH);
	sites->modules[0].build_id_len = 33;
	sites->rows[1].nframes = 17;
	cr_expect_eq(hms_sites_check(sites, bytes()), 0);
	cr_expect_eq(strlen(sites->modules[0].path), HMS_SITES_PATH - 1);
	cr_expect_eq(sites->modules[0].build_id_len, 0);
	cr_expect_eq(sites->rows[1].nframes, HMS_SITES_FRAMES);
	sites->nmodules = HMS_SITES_MODULES + 1;
	cr_expect_eq(hms_sites_check(sites, bytes()), -EINVAL);
	sites->nmodules = 0;
	sites->magic++;
	cr_expect_eq(hms_sites_check(sites, bytes()), -EINVAL);
}
