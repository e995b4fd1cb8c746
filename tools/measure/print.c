/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/measure/measure.h"

#include <string.h>

#include "base/text.h"

static const char *target(
	const struct measure_plan *plan, const struct measure_result *result)
{
	return plan->graph->targets[result->target].id;
}

void measure_print_plan(FILE *out, const struct measure_plan *plan,
	const struct measure_options *options, const char *path)
{
	char a[16], b[16], name[24];

	fprintf(out, "%-12s %-12s %-11s %s\n", "INITIATOR", "TARGET", "MEMORY",
		"ROOM");
	for (unsigned i = 0, first = 0; i < plan->n; i++) {
		const struct measure_result *result = &plan->results[i];
		int node = plan->graph->targets[result->target].node;
		size_t bytes, room = measure_room((unsigned)node);
		unsigned n = i;

		if (result->runtime) {
			fprintf(out, "%-12s %s\n",
				measure_initiator(plan, result, name),
				target(plan, result));
			continue;
		}
		if (result->target != plan->results[first].target)
			first = i;
		while (n < plan->n && !plan->results[n].runtime &&
			plan->results[n].target == result->target)
			n++;
		bytes = measure_wanted(
			plan->graph, &plan->results[first], n - first);
		if (options->most && bytes > options->most)
			bytes = options->most;
		fprintf(out, "%-12s %-12s %-11s %s\n",
			measure_initiator(plan, result, name),
			target(plan, result), hms_text_human(bytes, a),
			hms_text_human(room, b));
	}
	if (path)
		fprintf(out, "would be stored in %s\n", path);
}

static void put_value(FILE *out, enum measure_what what, double value)
{
	bool latency = what == MEASURED_LATENCY || what == MEASURED_LOADED;
	char buf[32] = "-";

	if (value > 0 && latency)
		snprintf(buf, sizeof(buf), "%.0f ns", value);
	else if (value > 0)
		snprintf(buf, sizeof(buf), "%.*f GB/s", value < 9995 ? 2 : 1,
			value / 1000);
	fprintf(out, "  %*s", latency ? 8 : 10, buf);
}

static void put_row(FILE *out, const struct measure_plan *plan,
	const struct measure_result *result)
{
	double spread = 0;
	char name[24];

	fprintf(out, "%-9s  %-7s", measure_initiator(plan, result, name),
		target(plan, result));
	for (unsigned w = 0; w <= MEASURED_COPY; w++) {
		put_value(out, (enum measure_what)w, result->value[w].median);
		if (result->value[w].spread > spread)
			spread = result->value[w].spread;
	}
	fprintf(out, "  +-%.0f%%\n", spread * 100);
}

void measure_print_table(FILE *out, const struct measure_plan *plan,
	const struct measure_options *options)
{
	const struct measure_result *some = NULL;
	bool devices = false;
	char human[16];

	fprintf(out, "%-9s  %-7s  %8s  %8s  %10s  %10s  %10s  %s\n",
		"INITIATOR", "TARGET", "LATENCY", "LOADED", "READ", "WRITE",
		"COPY", "ERROR");
	for (unsigned i = 0; i < plan->n; i++) {
		if (!plan->results[i].done)
			continue;
		if (plan->results[i].runtime)
			devices = true;
		else
			some = some ? some : &plan->results[i];
		put_row(out, plan, &plan->results[i]);
	}
	if (devices)
		fputs("\nOf devices: copies from a node (read), to it "
		      "(write), inside of a device.\n",
			out);
	if (!some)
		return;
	fprintf(out,
		"\nMedians of %u%s, over %s, %.0f %% of it on huge pages.  "
		"Loaded: while the\nother CPUs read.  Write and copy: by plain "
		"or by streaming stores, whichever is\nfaster; copy counts "
		"bytes once.  Error: half the distance of the quartiles, the\n"
		"worst of the row.\n",
		some->value[MEASURED_LATENCY].samples,
		options->load ? " next to a load" : "",
		hms_text_human(some->bytes, human), some->huge * 100);
}

static void put_string(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < ' ')
			fprintf(out, "\\u%04x", c);
		else if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else
			fputc(c, out);
	}
	fputc('"', out);
}

static void put_result(FILE *out, const struct measure_plan *plan,
	const struct measure_result *result)
{
	char name[24];

	fputs("{\"initiator\":", out);
	put_string(out, measure_initiator(plan, result, name));
	fputs(",\"target\":", out);
	put_string(out, target(plan, result));
	fprintf(out,
		",\"cpus\":%u,\"bytes\":%zu,\"huge\":%.2f,\"disturbed\":%.3f",
		result->cpus, result->bytes, result->huge, result->disturbed);
	for (unsigned i = 0; i < MEASURED; i++) {
		const struct measure_value *value = &result->value[i];

		if (value->median <= 0)
			continue;
		fprintf(out, ",\"%s\":{\"%s\":%.1f,\"spread\":%.4f",
			measure_what_name((enum measure_what)i),
			i <= MEASURED_LOADED ? "ns" : "MB/s", value->median,
			value->spread);
		fprintf(out, ",\"samples\":%u}", value->samples);
	}
	fputc('}', out);
}

void measure_print_json(FILE *out, const struct measure_plan *plan,
	const struct measure_options *options, const char *stored)
{
	const char *join = "";

	fprintf(out, "{\"hms\":1,\"load\":%s,\"stored\":",
		options->load ? "true" : "false");
	if (stored)
		put_string(out, stored);
	else
		fputs("null", out);
	fputs(",\"measured\":[", out);
	for (unsigned i = 0; i < plan->n; i++) {
		if (!plan->results[i].done)
			continue;
		fputs(join, out);
		put_result(out, plan, &plan->results[i]);
		join = ",";
	}
	fputs("]}\n", out);
}
