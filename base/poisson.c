/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/poisson.h"

#include <string.h>

#define LN2 0.693147180559945309417

uint64_t hms_random(uint64_t *state)
{
	uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

/* In (0, 1]. */
static double random_part(uint64_t *state)
{
	return (double)((hms_random(state) >> 11) + 1) * 0x1p-53;
}

/* Of a normal number above 0. */
static double logarithm(double x)
{
	uint64_t bits;
	double t, square, sum = 0;
	int exponent;

	memcpy(&bits, &x, sizeof(bits));
	exponent = (int)(bits >> 52) - 1023;
	bits = (bits & ((UINT64_C(1) << 52) - 1)) | UINT64_C(1023) << 52;
	memcpy(&x, &bits, sizeof(x));
	/* ln x = 2 artanh((x - 1) / (x + 1)); here that is at most 1/3. */
	t = (x - 1) / (x + 1);
	square = t * t;
	for (int n = 31; n > 0; n -= 2)
		sum = sum * square + 1.0 / n;
	return 2 * t * sum + exponent * LN2;
}

/* 1 - exp(-x), also where that is nearly x. */
static double taken(double x)
{
	double term = 1, sum = 0, half;

	if (x > 40)
		return 1;
	if (x > 0.5) {
		half = taken(x / 2);
		return half * (2 - half);
	}
	for (int n = 1; n < 16; n++) {
		term *= -x / n;
		sum -= term;
	}
	return sum;
}

uint64_t hms_poisson_gap(uint64_t *state, uint64_t mean)
{
	double gap = -logarithm(random_part(state)) * (double)mean;

	return gap < 1 ? 1 : gap > 0x1p62 ? UINT64_C(1) << 62 : (uint64_t)gap;
}

uint64_t hms_poisson_weight(uint64_t *state, uint64_t mean, uint64_t bytes)
{
	double weight = 1 / taken((double)bytes / (double)mean);
	uint64_t whole = (uint64_t)weight;

	return whole + (random_part(state) <= weight - (double)whole);
}
