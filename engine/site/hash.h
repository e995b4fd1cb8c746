/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hash that site IDs are made of: FNV-1a, 64 bits (RFC 9923).  It must
 * never change, or IDs in people's rules would stop to match.
 */
#ifndef HMS_ENGINE_SITE_HASH_H
#define HMS_ENGINE_SITE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define SITE_HASH UINT64_C(0xcbf29ce484222325)

static inline uint64_t site_hash(uint64_t hash, const void *bytes, size_t n)
{
	const unsigned char *b = bytes;

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ b[i]) * UINT64_C(0x100000001b3);
	return hash;
}

/* Joins a frame's hash to that of the frames before it. */
static inline uint64_t site_mix(uint64_t hash, uint64_t frame)
{
	hash = (hash ^ frame) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 32;
}

#endif
