/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/live.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/sys.h"
#include "base/text.h"

#define BATCH 4096 /* pages asked for at once */

/* What the page's actual fields become if all goes well. */
struct sums {
	struct {
		uint64_t node[64], file, absent;
	} rule[HMS_STATUS_RULES];
	struct {
		uint64_t actual, elsewhere, absent;
	} target[HMS_STATUS_TARGETS];
};

static bool is_on(const struct hms_status_target *target, unsigned node)
{
	return !strcmp(target->text, "local") || target->nodes >> node & 1;
}

/* status: a node, or -errno: move_pages(2). */
static void count_page(struct sums *sums, const struct hms_status *page,
	const struct hms_status_span *span, int status, uint64_t bytes)
{
	unsigned node = status < 63 ? (unsigned)status : 63;
	bool known = span->target < page->ntargets;

	if (status < 0) {
		sums->rule[span->rule].absent += bytes;
		if (known)
			sums->target[span->target].absent += bytes;
	} else if (span->file) {
		sums->rule[span->rule].file += bytes;
		if (known)
			sums->target[span->target].actual += bytes;
	} else {
		sums->rule[span->rule].node[node] += bytes;
		if (known && is_on(&page->targets[span->target], node))
			sums->target[span->target].actual += bytes;
		else if (known)
			sums->target[span->target].elsewhere += bytes;
	}
}

static int count_span(struct sums *sums, const struct hms_status *page,
	const struct hms_status_span *span)
{
	static void *pages[BATCH];
	static int status[BATCH];
	uint64_t size = (uint64_t)sysconf(_SC_PAGESIZE), at = span->start;
	unsigned long n;
	long rc;

	while (at < span->end) {
		for (n = 0; n < BATCH && at < span->end; n++, at += size)
			pages[n] = (void *)(uintptr_t)at;
		rc = hms_sys_move_pages(
			(pid_t)page->pid, n, pages, NULL, status, 0);
		if (rc < 0)
			return (int)rc;
		for (unsigned long i = 0; i < n; i++)
			count_page(sums, page, span, status[i], size);
	}
	return 0;
}

static void put(struct hms_status *page, const struct sums *sums)
{
	for (uint32_t r = 0; r < page->nrules; r++) {
		memcpy(page->rules[r].actual_node, sums->rule[r].node,
			sizeof(sums->rule[r].node));
		page->rules[r].actual_file = sums->rule[r].file;
		page->rules[r].actual_absent = sums->rule[r].absent;
	}
	for (uint32_t t = 0; t < page->ntargets; t++) {
		page->targets[t].actual = sums->target[t].actual;
		page->targets[t].elsewhere = sums->target[t].elsewhere;
		page->targets[t].absent = sums->target[t].absent;
	}
	page->updated_ns = hms_sys_clock(CLOCK_REALTIME);
}

/* Spans of several targets cannot be told apart from outside. */
static bool is_shared(const struct hms_status *page)
{
	for (uint32_t i = 0; i < page->nspans; i++)
		if (page->spans[i].target >= page->ntargets)
			return true;
	return false;
}

int hms_live_update(struct hms_status *page)
{
	struct sums *sums;
	int err = 0;

	if (!page->nspans || page->nspans > HMS_STATUS_SPANS)
		return -ENODATA;
	sums = calloc(1, sizeof(*sums));
	if (!sums)
		return -ENOMEM;
	for (uint32_t i = 0; i < page->nspans && !err; i++)
		if (page->spans[i].rule < page->nrules)
			err = count_span(sums, page, &page->spans[i]);
	if (!err && is_shared(page))
		for (uint32_t t = 0; t < page->ntargets; t++) {
			sums->target[t].actual = page->targets[t].actual;
			sums->target[t].elsewhere = page->targets[t].elsewhere;
			sums->target[t].absent = page->targets[t].absent;
		}
	if (!err)
		put(page, sums);
	free(sums);
	return err;
}

/* numa_maps(5) in proc(5): "ADDRESS POLICY ... N0=PAGES kernelpagesize_kB=K" */
static void add_line(char *line, uint64_t *node)
{
	uint64_t pages[64] = { 0 }, size = 4096;
	unsigned long long n;
	unsigned number;
	char *save, *word = strtok_r(line, " \n", &save);

	for (; word; word = strtok_r(NULL, " \n", &save)) {
		if (sscanf(word, "kernelpagesize_kB=%llu", &n) == 1)
			size = n << 10;
		else if (sscanf(word, "N%u=%llu", &number, &n) == 2)
			pages[number < 63 ? number : 63] += n;
	}
	for (int i = 0; i < 64; i++)
		node[i] += pages[i] * size;
}

void hms_live_print_process(pid_t pid)
{
	uint64_t node[64] = { 0 };
	const char *between = " ";
	char path[32], human[16];
	char *line = NULL;
	size_t size = 0;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/numa_maps", (int)pid);
	in = fopen(path, "re");
	if (!in) {
		printf("whole process now: %s: %s\n", path, strerror(errno));
		return;
	}
	while (getline(&line, &size, in) >= 0)
		add_line(line, node);
	free(line);
	fclose(in);
	fputs("whole process now:", stdout);
	for (unsigned i = 0; i < 64; i++) {
		if (!node[i])
			continue;
		printf("%snode:%u%s %s", between, i, i == 63 ? "+" : "",
			hms_text_human(node[i], human));
		between = ", ";
	}
	puts("");
}
