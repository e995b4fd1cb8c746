/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SHA-256 and the keyed hash made of it, for names that must not tell what
 * they were made from.  Pure; for some hundred bytes, not for speed.
 * Sources: FIPS 180-4; RFC 2104.
 */
#ifndef HMS_BASE_SHA256_H
#define HMS_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define HMS_SHA256_BYTES 32
/* The longest message of one call here, key block included. */
#define HMS_SHA256_MAX 192

/* len: at most HMS_SHA256_MAX. */
void hms_sha256(const void *data, size_t len, uint8_t out[HMS_SHA256_BYTES]);
/* key_len: at most 64; len: at most HMS_SHA256_MAX - 64. */
void hms_hmac_sha256(const void *key, size_t key_len, const void *data,
	size_t len, uint8_t out[HMS_SHA256_BYTES]);

#endif
