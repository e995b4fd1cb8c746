/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private memory to try a source on: what it does there must not be noticed
 * by read(2), and must leave huge pages whole.
 */
#ifndef HMS_ENGINE_SOURCE_CANARY_H
#define HMS_ENGINE_SOURCE_CANARY_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/source/source.h"

/* Two blocks, aligned; all zero is none. */
struct hms_canary {
	void *map;
	size_t mapped;
	char *block; /* [block, block + 2 * HMS_SOURCE_BLOCK) */
};

/* Anonymous; shared: memory of an unnamed file.  0 or -errno with why. */
int hms_canary_make(struct hms_canary *canary, bool shared, char why[HMS_WHY]);
void hms_canary_free(struct hms_canary *canary);
/* Can a system call write there?  0 or -errno with why. */
int hms_canary_read(void *addr, char why[HMS_WHY]);
/* Fills why in; returns error. */
int hms_source_why(char why[HMS_WHY], int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
