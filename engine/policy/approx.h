/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What planners need of libm, which not every program has: good to one part
 * in a million, never a NaN, never errno.  Pure.
 */
#ifndef HMS_ENGINE_POLICY_APPROX_H
#define HMS_ENGINE_POLICY_APPROX_H

#include <stdint.h>
#include <string.h>

/* x if it is a number from low to high, else other. */
static inline double policy_sane(
	double x, double low, double high, double other)
{
	return x >= low && x <= high ? x : other;
}

/* 2^x; the least or greatest normal number beyond the ends. */
static inline float policy_exp2(float x)
{
	float f, part, scale;
	uint32_t bits;
	int whole;

	x = (float)policy_sane(x, -126, 127, x > 0 ? 127 : -126);
	whole = (int)(x + (x < 0 ? -0.5f : 0.5f));
	f = (x - (float)whole) * 0.69314718f;
	/* Taylor's series, |f| < 0.35: the first term left out is 1e-7. */
	part = 1 +
	       f * (1 + f * (1 / 2.0f +
				    f * (1 / 6.0f +
						f * (1 / 24.0f +
							    f * (1 / 120.0f +
									f / 720)))));
	bits = (uint32_t)(whole < -126 ? 1 : whole + 127) << 23;
	memcpy(&scale, &bits, sizeof(scale));
	return part * scale;
}

/* Base 2; of 0, subnormal and negative numbers: -126. */
static inline float policy_log2(float x)
{
	uint32_t bits;
	float m, t, t2;
	int power;

	if (!(x >= 1.17549435e-38f))
		return -126;
	if (!(x <= 3.4028235e38f))
		return 128;
	memcpy(&bits, &x, sizeof(bits));
	power = (int)(bits >> 23) - 127;
	bits = (bits & 0x7fffff) | 127u << 23;
	memcpy(&m, &bits, sizeof(m));
	if (m > 1.41421356f) {
		m /= 2;
		power++;
	}
	/* ln m = 2 artanh((m - 1) / (m + 1)), |t| < 0.172. */
	t = (m - 1) / (m + 1);
	t2 = t * t;
	t *= 1 + t2 * (1 / 3.0f + t2 * (1 / 5.0f + t2 / 7));
	return (float)power + t * 2.8853901f;
}

static inline float policy_ln(float x)
{
	return policy_log2(x) * 0.69314718f;
}

/* 0 for what has none. */
static inline float policy_sqrt(float x)
{
	uint32_t bits;
	float y;

	if (!(x >= 1.17549435e-38f))
		return 0;
	x = x <= 3.4028235e38f ? x : 3.4028235e38f;
	memcpy(&bits, &x, sizeof(bits));
	bits = (bits >> 1) + 0x1fc00000; /* halves the exponent: 6 % off */
	memcpy(&y, &bits, sizeof(y));
	for (int i = 0; i < 3; i++) /* Heron: 1.8e-3, 1.6e-6, done */
		y = 0.5f * (y + x / y);
	return y;
}

#endif
