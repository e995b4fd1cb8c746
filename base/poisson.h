/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sampling by bytes as a Poisson process: the bytes between two samples are
 * exponentially distributed, so each byte is as likely as any other to be
 * looked at, and no rhythm of the program can hide from it.  A block of s
 * bytes is then looked at with probability 1 - exp(-s/mean), and stands for
 * one over that many blocks: sums of these are without bias (the method of
 * tcmalloc's and jemalloc's profilers; Horvitz and Thompson, 1952).
 *
 * Without libm, which not every program has.  Pure but for *state.
 */
#ifndef HMS_BASE_POISSON_H
#define HMS_BASE_POISSON_H

#include <stdint.h>

/* Random bits from a state that may be any number: splitmix64. */
uint64_t hms_random(uint64_t *state);
/* Bytes to the next sample, at least 1. */
uint64_t hms_poisson_gap(uint64_t *state, uint64_t mean);
/*
 * How many blocks a sampled one of so many bytes, not 0, stands for; a whole
 * number, up or down by chance so that its mean is right.
 */
uint64_t hms_poisson_weight(uint64_t *state, uint64_t mean, uint64_t bytes);

#endif
