/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Logarithm and exponential without libm, which the preloaded library does
 * not need otherwise.  Relative errors below 1e-6 for ordinary numbers.
 */
#ifndef HMS_BASE_MATHS_H
#define HMS_BASE_MATHS_H

#include <stdint.h>
#include <string.h>

#define HMS_LN2 0.6931471805599453

/* x > 0 and not denormal. */
static inline double hms_ln(double x)
{
	uint64_t bits;
	double y, square, sum = 0, power;
	int exponent;

	memcpy(&bits, &x, sizeof(bits));
	exponent = (int)(bits >> 52) - 1023;
	bits = (bits & ((UINT64_C(1) << 52) - 1)) | UINT64_C(1023) << 52;
	memcpy(&x, &bits, sizeof(x));
	/* Into [0.7, 1.4], where the series of atanh is short. */
	if (x > 1.4142135) {
		x /= 2;
		exponent++;
	}
	y = (x - 1) / (x + 1);
	square = y * y;
	power = y;
	for (int n = 1; n <= 9; n += 2, power *= square)
		sum += power / n;
	return 2 * sum + exponent * HMS_LN2;
}

static inline double hms_exp(double x)
{
	int exponent = (int)(x / HMS_LN2 + (x < 0 ? -0.5 : 0.5));
	double rest = x - exponent * HMS_LN2, sum = 1, term = 1;
	uint64_t bits;

	if (exponent < -1000)
		return 0;
	if (exponent > 1000)
		exponent = 1000;
	for (int n = 1; n <= 9; n++) {
		term *= rest / n;
		sum += term;
	}
	bits = (uint64_t)(exponent + 1023) << 52;
	memcpy(&term, &bits, sizeof(term));
	return sum * term;
}

#endif
