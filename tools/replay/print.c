/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables of results, for people and as JSON. */
#include <jansson.h>
#include <math.h>

#include "tools/grid.h"
#include "tools/replay/replay.h"

#define GIB 1073741824.0

/* Sums and means over the cases, of one planner. */
struct total {
	double mean, worst, bytes, cpu, gap;
	unsigned ngap;
	uint64_t paid, lost;
};

static struct total add_up(const struct replay_table *table, unsigned p)
{
	struct total total = { .worst = INFINITY };

	for (unsigned r = 0; r < table->nrows; r++) {
		const struct replay_row *row = &table->rows[r];
		const struct replay_result *result = &row->results[p];

		total.mean += log(result->relative) / table->nrows;
		total.bytes += result->bytes;
		total.paid += result->paid;
		total.lost += result->lost;
		if (result->relative / row->best < total.worst)
			total.worst = result->relative / row->best;
		if (result->cpu > total.cpu)
			total.cpu = result->cpu;
		if (!isnan(result->gap)) {
			total.gap += result->gap;
			total.ngap++;
		}
	}
	total.mean = exp(total.mean);
	total.gap = total.ngap ? total.gap / total.ngap : NAN;
	return total;
}

static double mean_best(const struct replay_table *table)
{
	double sum = 0;

	for (unsigned r = 0; r < table->nrows; r++)
		sum += log(table->rows[r].best) / table->nrows;
	return exp(sum);
}

static void open_grid(
	struct grid *grid, const struct replay_table *table, bool best)
{
	struct grid_column columns[REPLAY_PLANNERS + 3] = {
		{ "CASE", false, 0, false },
		{ "static", true, 0, false },
		{ "bound", true, 0, false },
	};
	unsigned n = best ? 3 : 1;

	for (unsigned p = 0; p < table->nplanners; p++)
		columns[n++] = (struct grid_column){ table->planners[p]->name,
			true, 0, false };
	grid_open(grid, columns, n);
}

static void put_rows(struct grid *grid, const struct replay_table *table)
{
	for (unsigned r = 0; r < table->nrows; r++) {
		const struct replay_row *row = &table->rows[r];

		grid_row(grid);
		grid_put(grid, 0, NULL, "%s", row->name);
		grid_put(grid, 1, NULL, "%.3f", row->best);
		grid_put(
			grid, 2, NULL, row->bounded ? "%.3f" : "-", row->bound);
		for (unsigned p = 0; p < table->nplanners; p++)
			grid_put(grid, 3 + p, NULL, "%.3f",
				row->results[p].relative);
	}
	grid_row(grid);
	grid_put(grid, 0, NULL, "geometric mean");
	grid_put(grid, 1, NULL, "%.3f", mean_best(table));
	for (unsigned p = 0; p < table->nplanners; p++)
		grid_put(grid, 3 + p, NULL, "%.3f", add_up(table, p).mean);
}

static void put_gaps(struct grid *grid, const struct replay_table *table)
{
	for (unsigned r = 0; r < table->nrows; r++) {
		const struct replay_row *row = &table->rows[r];

		grid_row(grid);
		grid_put(grid, 0, NULL, "%s", row->name);
		for (unsigned p = 0; p < table->nplanners; p++) {
			const struct replay_result *result = &row->results[p];

			grid_put(grid, 1 + p, NULL,
				isnan(result->gap) ? "- %5.1f" : "%.2f %5.1f",
				isnan(result->gap) ? result->bytes / GIB
						   : result->gap,
				result->bytes / GIB);
		}
	}
}

static void put_totals(struct grid *grid, const struct replay_table *table)
{
	static const char *const names[] = { "worst / static", "gap closed",
		"GiB moved", "paid of judged", "CPU, at most" };

	for (unsigned i = 0; i < 5; i++) {
		grid_row(grid);
		grid_put(grid, 0, NULL, "%s", names[i]);
		for (unsigned p = 0; p < table->nplanners; p++) {
			struct total t = add_up(table, p);
			double judged = (double)(t.paid + t.lost);
			unsigned at = 3 + p;

			if (i == 0)
				grid_put(grid, at, NULL, "%.3f", t.worst);
			else if (i == 1 && t.ngap)
				grid_put(grid, at, NULL, "%.2f", t.gap);
			else if (i == 2)
				grid_put(grid, at, NULL, "%.0f", t.bytes / GIB);
			else if (i == 3 && judged > 0)
				grid_put(grid, at, NULL, "%.0f %%",
					100 * (double)t.paid / judged);
			else if (i == 4)
				grid_put(
					grid, at, NULL, "%.2f %%", 100 * t.cpu);
		}
	}
}

static void print_setting(const struct replay_table *table, FILE *out)
{
	const struct replay_machine *m = table->machine;
	bool made_up = false;

	for (unsigned r = 0; r < table->nrows; r++)
		made_up |= !table->rows[r].recorded;
	fprintf(out,
		"Throughput, all memory fast: 1.  %.0f %% of a program fits "
		"fast memory;\n"
		"%.0f and %.0f ns, %.0f and %.0f GB/s",
		100 * m->fast, m->latency[0] * 1e9, m->latency[1] * 1e9,
		m->bandwidth[0] / 1e9, m->bandwidth[1] / 1e9);
	if (made_up)
		fprintf(out, "; %u blocks, %.0f samples/s, seed %llu",
			table->ask->nblocks, m->samples,
			(unsigned long long)table->ask->seed);
	fputc('\n', out);
}

void replay_print(const struct replay_table *table, FILE *out)
{
	struct grid grid;

	print_setting(table, out);
	open_grid(&grid, table, true);
	put_rows(&grid, table);
	put_totals(&grid, table);
	grid_print(&grid, out, grid_width(out));
	grid_close(&grid);
	fputs("\nShare closed of the gap between static and bound; GiB moved\n",
		out);
	open_grid(&grid, table, false);
	put_gaps(&grid, table);
	grid_print(&grid, out, grid_width(out));
	grid_close(&grid);
}

static json_t *maybe(double x, bool known)
{
	return known && isfinite(x) ? json_real(x) : json_null();
}

static json_t *result_json(const struct replay_result *result)
{
	return json_pack("{s:f,s:f,s:o,s:f,s:I,s:I,s:I,s:I,s:f}", "relative",
		result->relative, "seconds", result->seconds, "gap",
		maybe(result->gap, true), "bytes", result->bytes, "moves",
		(json_int_t)result->moves, "refused",
		(json_int_t)result->refused, "paid", (json_int_t)result->paid,
		"lost", (json_int_t)result->lost, "cpu", result->cpu);
}

static json_t *total_json(const struct replay_table *table, unsigned p)
{
	struct total t = add_up(table, p);

	return json_pack("{s:f,s:f,s:o,s:f,s:f}", "mean", t.mean, "worst",
		t.worst, "gap", maybe(t.gap, true), "bytes", t.bytes, "cpu",
		t.cpu);
}

void replay_print_json(const struct replay_table *table, FILE *out)
{
	const struct replay_machine *m = table->machine;
	json_t *cases = json_array(), *totals = json_object(), *all;

	for (unsigned r = 0; r < table->nrows; r++) {
		const struct replay_row *row = &table->rows[r];
		json_t *planners = json_object();

		for (unsigned p = 0; p < table->nplanners; p++)
			json_object_set_new(planners, table->planners[p]->name,
				result_json(&row->results[p]));
		json_array_append_new(cases,
			json_pack("{s:s,s:b,s:f,s:o,s:o}", "case", row->name,
				"recorded", row->recorded, "static", row->best,
				"bound", maybe(row->bound, row->bounded),
				"planners", planners));
	}
	for (unsigned p = 0; p < table->nplanners; p++)
		json_object_set_new(
			totals, table->planners[p]->name, total_json(table, p));
	all = json_pack("{s:i,s:{s:i,s:I,s:f,s:f,s:f,s:I},s:f,s:o,s:o}",
		"hms_replay", 1, "machine", "blocks", (int)table->ask->nblocks,
		"block_bytes", (json_int_t)m->block_bytes, "fast", m->fast,
		"samples", m->samples, "dearer", m->dearer, "seed",
		(json_int_t)table->ask->seed, "static", mean_best(table),
		"planners", totals, "cases", cases);
	json_dumpf(all, out, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
	fputc('\n', out);
	json_decref(all);
}
