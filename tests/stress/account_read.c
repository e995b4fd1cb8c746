/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an accounts file says, for tests: account_read FILE MODULE
 * Per row whose nearest frame of MODULE (a file's name) is known:
 *
 *	OFFSET samples calls bytes freed_calls freed_bytes live_peak lives
 *
 * sorted as they came; row 0 as "unknown"; the sum of all as "all".
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/sites.h"

static void print(const char *name, const struct hms_sites_row *row)
{
	uint64_t lives = 0;

	for (int i = 0; i < HMS_SITES_LIVES; i++)
		lives += row->lives[i];
	printf("%s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
	       " %" PRIu64 " %" PRIu64 "\n",
		name, row->samples, row->calls, row->bytes, row->freed_calls,
		row->freed_bytes, row->live_peak, lives);
}

static void name_row(const struct hms_sites *sites,
	const struct hms_sites_row *row, const char *wanted, char *name,
	size_t size)
{
	snprintf(name, size, "other");
	for (unsigned i = 0; i < row->nframes; i++) {
		unsigned m = hms_sites_frame_module(row->frame[i]);
		const char *path, *slash;

		if (m >= sites->nmodules)
			continue;
		path = sites->modules[m].path;
		slash = strrchr(path, '/');
		if (strcmp(slash ? slash + 1 : path, wanted) != 0)
			continue;
		snprintf(name, size, "0x%" PRIx64,
			hms_sites_frame_offset(row->frame[i]));
		return;
	}
}

int main(int argc, char **argv)
{
	struct hms_sites_row all = { 0 };
	const struct hms_sites *sites;
	struct stat st;
	int fd = argc == 3 ? open(argv[1], O_RDONLY) : -1;

	if (fd < 0 || fstat(fd, &st) || (size_t)st.st_size < sizeof(*sites))
		return 66;
	sites = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (sites == MAP_FAILED || sites->magic != HMS_SITES_MAGIC ||
		sites->size > (uint64_t)st.st_size ||
		sites->size !=
			sizeof(*sites) + sites->nsites * sizeof(sites->rows[0]))
		return 65;
	for (unsigned i = 0; i < sites->nsites; i++) {
		const struct hms_sites_row *row = &sites->rows[i];
		char name[32] = "unknown";

		if (i)
			name_row(sites, row, argv[2], name, sizeof(name));
		print(name, row);
		all.samples += row->samples;
		all.calls += row->calls;
		all.bytes += row->bytes;
		all.freed_calls += row->freed_calls;
		all.freed_bytes += row->freed_bytes;
	}
	print("all", &all);
	printf("sites %u modules %u lost %" PRIu64 "\n", sites->nsites,
		sites->nmodules, sites->lost);
	return 0;
}
