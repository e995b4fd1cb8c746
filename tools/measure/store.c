/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file is text of hms-topology(5).  What the readers do not know, such as
 * copy-bandwidth, they leave out.
 */
#include "tools/measure/measure.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "engine/topology/where.h"
#include "tools/cmd.h"

int measure_store_path(char *buf, size_t size)
{
	int rc = hms_where_measured(
		"", geteuid() ? HMS_OF_USER : HMS_OF_SYSTEM, buf, size);

	if (rc == -ENOENT) {
		hms_complain("measure",
			"there is no place to store it in: neither "
			"XDG_STATE_HOME nor HOME is an absolute path");
		return EX_CANTCREAT;
	}
	if (rc)
		hms_complain("measure", "%s: %s", buf, strerror(-rc));
	return rc ? EX_CANTCREAT : EX_OK;
}

static void put_head(FILE *out)
{
	struct utsname names;
	time_t now = time(NULL);
	char date[32] = "";
	struct tm tm;

	if (gmtime_r(&now, &tm))
		strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &tm);
	fprintf(out, "# hms measure, hms %s, %s", PACKAGE_VERSION, date);
	if (!uname(&names))
		fprintf(out, ", %s %s", names.sysname, names.release);
	fputs("\n# Which machine these values are of; see hms-topology(5).\n",
		out);
}

/* "fits node:0 size=25165824K cpus=0-1" */
static void put_fits(FILE *out, const struct hms_graph *graph)
{
	for (unsigned t = 0; t < graph->ntargets; t++) {
		const struct hms_memory *target = &graph->targets[t];
		char id[24];
		int cpus;

		if (target->manager != HMS_MANAGED_BY_KERNEL ||
			target->node < 0)
			continue;
		fprintf(out, "v1 fits node:%d", target->node);
		if (target->size)
			fprintf(out, " size=%lluK",
				(unsigned long long)(target->size >> 10));
		snprintf(id, sizeof(id), "cpu:%d", target->node);
		cpus = hms_graph_initiator(graph, id);
		if (cpus >= 0 && graph->initiators[cpus].cpus)
			fprintf(out, " cpus=%s", graph->initiators[cpus].cpus);
		fputc('\n', out);
	}
}

/* Some CPUs of a node say nothing about what all of them can move. */
static bool all_cpus(
	const struct hms_graph *graph, const struct measure_result *result)
{
	const char *list = graph->initiators[result->initiator].cpus;
	unsigned n = 0;
	char *end;

	for (; list && *list; list = *end ? end + 1 : end) {
		long first = strtol(list, &end, 10), last = first;

		if (end == list)
			break;
		if (*end == '-')
			last = strtol(end + 1, &end, 10);
		n += (unsigned)(last - first + 1);
	}
	return result->runtime || result->cpus >= n;
}

static void put_value(
	FILE *out, const char *name, double value, const char *unit)
{
	if (value > 0)
		fprintf(out, " %s=%.0f%s@measured", name, value, unit);
}

bool measure_is_kept(
	const struct hms_graph *graph, const struct measure_result *result)
{
	return result->done &&
	       (!result->runtime || graph->initiators[result->initiator].kind !=
					    HMS_INITIATOR_CPU);
}

static void put_result(FILE *out, const struct measure_plan *plan,
	const struct measure_result *result)
{
	const struct measure_value *value = result->value;
	const struct hms_graph *graph = plan->graph;

	/* Copies inside of a device are no accesses that paths speak of. */
	if (!value[MEASURED_LATENCY].median && !value[MEASURED_READ].median)
		return;
	fprintf(out, "v1 link %s-%s", graph->initiators[result->initiator].id,
		graph->targets[result->target].id);
	put_value(out, "read-latency", value[MEASURED_LATENCY].median, "ns");
	if (all_cpus(graph, result)) {
		put_value(out, "loaded-latency", value[MEASURED_LOADED].median,
			"ns");
		put_value(out, "read-bandwidth", value[MEASURED_READ].median,
			"MB/s");
		put_value(out, "write-bandwidth", value[MEASURED_WRITE].median,
			"MB/s");
		put_value(out, "copy-bandwidth", value[MEASURED_COPY].median,
			"MB/s");
	}
	fputc('\n', out);
}

static bool measured_now(const struct measure_plan *plan, const char *id)
{
	for (unsigned i = 0; i < plan->n; i++) {
		const struct measure_result *result = &plan->results[i];
		const char *from =
			plan->graph->initiators[result->initiator].id;
		size_t len = strlen(from);

		if (measure_is_kept(plan->graph, result) &&
			!strncmp(id, from, len) && id[len] == '-' &&
			!strcmp(id + len + 1,
				plan->graph->targets[result->target].id))
			return true;
	}
	return false;
}

/* The readers took it, so it fits this machine still. */
static bool in_use(const struct hms_graph *graph, const char *id)
{
	for (unsigned i = 0; i < graph->nlinks; i++) {
		const struct hms_perf *perf = &graph->links[i].perf;

		if (strcmp(graph->links[i].id, id))
			continue;
		for (unsigned m = 0; m < HMS_MEASURES; m++)
			if (perf->origin[m] == HMS_MEASURED)
				return true;
	}
	return false;
}

/* Lines of pairs that were not measured again this time. */
static void put_old(FILE *out, const struct measure_plan *plan, const char *old)
{
	FILE *in = fopen(old, "re");
	char *line = NULL, id[256];
	size_t size = 0;

	while (in && getline(&line, &size, in) > 0)
		if (sscanf(line, "v1 link %255s", id) == 1 &&
			!measured_now(plan, id) && in_use(plan->graph, id))
			fputs(line, out);
	free(line);
	if (in)
		fclose(in);
}

int measure_store_print(
	FILE *out, const struct measure_plan *plan, const char *old)
{
	put_head(out);
	put_fits(out, plan->graph);
	for (unsigned i = 0; i < plan->n; i++)
		if (measure_is_kept(plan->graph, &plan->results[i]))
			put_result(out, plan, &plan->results[i]);
	if (old)
		put_old(out, plan, old);
	return fflush(out) || ferror(out) ? EX_IOERR : EX_OK;
}

/* Every folder of a path but the last part. */
static int make_folders(const char *path)
{
	char folder[HMS_WHERE_BYTES];

	for (const char *p = *path ? strchr(path + 1, '/') : NULL; p;
		p = strchr(p + 1, '/')) {
		snprintf(folder, sizeof(folder), "%.*s", (int)(p - path), path);
		/* The XDG specification asks for 0700 in a home. */
		if (mkdir(folder, geteuid() ? 0700 : 0755) && errno != EEXIST)
			return -errno;
	}
	return 0;
}

static int write_new(const struct measure_plan *plan, const char *path,
	const char *temporary, int fd)
{
	FILE *out = fdopen(fd, "w");
	int rc = 0;

	if (!out) {
		rc = -errno;
		close(fd);
		return rc;
	}
	errno = EIO;
	if (measure_store_print(out, plan, path) || fchmod(fd, 0644) ||
		fsync(fd))
		rc = -errno;
	if (fclose(out) && !rc)
		rc = -errno;
	if (!rc && rename(temporary, path))
		rc = -errno;
	return rc;
}

int measure_store(const struct measure_plan *plan, const char *path)
{
	char temporary[HMS_WHERE_BYTES + 8];
	sigset_t all, before;
	int rc = make_folders(path), fd;

	snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
	/* Whoever interrupts waits some milliseconds; no file stays behind. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	fd = rc ? -1 : mkostemp(temporary, O_CLOEXEC);
	if (!rc && fd < 0)
		rc = -errno;
	if (fd >= 0) {
		rc = write_new(plan, path, temporary, fd);
		if (rc)
			unlink(temporary);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (!rc)
		return EX_OK;
	hms_complain(
		"measure", "cannot store it in %s: %s", path, strerror(-rc));
	return EX_CANTCREAT;
}
