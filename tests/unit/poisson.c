/* SPDX-License-Identifier: BSD-2-Clause */
/* Sampling by bytes: base/poisson.h.  Means of many draws, seeds fixed. */
#include <criterion/criterion.h>

#include "base/poisson.h"

#define DRAWS 200000

/* An exponential distribution's mean is its deviation: of a mean of N draws,
 * one part in root N; five of these are allowed. */
Test(poisson, gaps_have_their_mean)
{
	uint64_t state = 7, mean = 512 << 10, below = 0;
	double sum = 0;

	for (int i = 0; i < DRAWS; i++) {
		uint64_t gap = hms_poisson_gap(&state, mean);

		cr_assert_geq(gap, 1);
		sum += (double)gap;
		below += gap < mean;
	}
	cr_assert_float_eq(sum / DRAWS, (double)mean, (double)mean * 0.0112);
	/* And its form: 1 - 1/e of the draws are below the mean. */
	cr_assert_float_eq((double)below / DRAWS, 0.6321206, 0.0054);
}

/* Catches weights with a bias, at sizes far below the mean and above it. */
Test(poisson, weights_are_whole_and_right)
{
	static const struct {
		uint64_t bytes;
		double wanted; /* 1 / (1 - exp(-bytes / 4096)) */
	} cases[] = { { 16, 256.50033 }, { 4096, 1.5819767 },
		{ 8192, 1.1565176 }, { 40960, 1.0000454 }, { 1 << 30, 1 } };
	uint64_t state = 11;

	for (unsigned c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		uint64_t sum = 0;

		for (int i = 0; i < DRAWS; i++) {
			uint64_t w = hms_poisson_weight(
				&state, 4096, cases[c].bytes);

			cr_assert_geq(w, (uint64_t)cases[c].wanted);
			cr_assert_leq(w, (uint64_t)cases[c].wanted + 1);
			sum += w;
		}
		cr_assert_float_eq(
			(double)sum / DRAWS, cases[c].wanted, 0.0056);
	}
}

/* The whole of it: what samples stand for is what there was. */
Test(poisson, estimates_have_no_bias)
{
	uint64_t state = 3, estimate = 0;
	const uint64_t mean = 1000, bytes = 100, n = 10 * DRAWS;
	uint64_t left = hms_poisson_gap(&state, mean);

	for (uint64_t i = 0; i < n; i++) {
		left -= bytes < left ? bytes : left;
		if (left)
			continue;
		estimate += hms_poisson_weight(&state, mean, bytes);
		left = hms_poisson_gap(&state, mean);
	}
	/* Variance n (1 - p) / p, p = 1 - exp(-0.1): five deviations. */
	cr_assert_float_eq((double)estimate, (double)n, 5 * 4361);
}
