/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Records of Arm's Statistical Profiling Extension, as they lie in an AUX
 * area.  Pure, takes any bytes.
 * Source: Arm Architecture Reference Manual for A-profile (DDI 0487), chapter
 * "Statistical Profiling Extension sample record specification".
 */
#ifndef HMS_ENGINE_SOURCE_SPE_H
#define HMS_ENGINE_SOURCE_SPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hms_spe_record {
	uint64_t addr; /* virtual, of data; 0: the record has none */
	uint16_t latency; /* cycles in all; 0: not told */
	bool load_store; /* such an operation */
	bool store;
};

/*
 * Calls fn for each record that is complete.  Returns how many bytes were
 * used: what follows is the beginning of a record.  Bytes that are no packet
 * are skipped, with the record they are in.
 */
size_t hms_spe_decode(const uint8_t *bytes, size_t len,
	void (*fn)(const struct hms_spe_record *record, void *arg), void *arg);

#endif
