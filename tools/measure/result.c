/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/measure/measure.h"

#include <stdlib.h>

static const char *const names[MEASURED] = {
	[MEASURED_LATENCY] = "latency",
	[MEASURED_LOADED] = "loaded-latency",
	[MEASURED_READ] = "read-bandwidth",
	[MEASURED_WRITE] = "write-bandwidth",
	[MEASURED_COPY] = "copy-bandwidth",
	[MEASURED_WRITE_PLAIN] = "write-plain",
	[MEASURED_WRITE_STREAM] = "write-streaming",
	[MEASURED_COPY_PLAIN] = "copy-plain",
	[MEASURED_COPY_STREAM] = "copy-streaming",
};

const char *measure_what_name(enum measure_what what)
{
	return names[what];
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Between two samples the value is between them, too. */
static double quantile(const double *sorted, unsigned n, double q)
{
	double at = q * (n - 1);
	unsigned low = (unsigned)at;
	unsigned high = low + 1 < n ? low + 1 : low;

	return sorted[low] + (at - low) * (sorted[high] - sorted[low]);
}

struct measure_value measure_summary(double *samples, unsigned n)
{
	struct measure_value value = { .samples = n };

	qsort(samples, n, sizeof(samples[0]), ascending);
	value.median = quantile(samples, n, 0.5);
	value.spread =
		(quantile(samples, n, 0.75) - quantile(samples, n, 0.25)) / 2 /
		value.median;
	return value;
}
