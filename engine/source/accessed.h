/* SPDX-License-Identifier: BSD-2-Clause */
/* Parts of the accessed source that are tested by themselves. */
#ifndef HMS_ENGINE_SOURCE_ACCESSED_H
#define HMS_ENGINE_SOURCE_ACCESSED_H

#include "engine/source/smaps.h"
#include "engine/source/source.h"

/*
 * Pages accessed, and the exposure that makes events over exposure the rate
 * of the whole mapping.  window: seconds.
 */
void hms_accessed_rate(const struct hms_smap *smap, double window,
	double *events, double *exposure);
int hms_accessed_probe(char why[HMS_WHY]);

/* smaps, read a portion at a time; only to be read through these. */
struct hms_smaps_file {
	int fd; /* -1: not open */
	uint64_t dev, ino, offset;
	struct hms_smaps parser;
};

int hms_smaps_open(struct hms_smaps_file *file,
	void (*mapping)(const struct hms_smap *smap, void *arg), void *arg);
/* 1: there is more; 0: that was all; or -errno. */
int hms_smaps_read(struct hms_smaps_file *file);
void hms_smaps_close(struct hms_smaps_file *file);

#endif
