/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One mapping of this process, as the kernel lists it in /proc/self/maps
 * (proc(5)).  Reads the list from the start: tens of microseconds, so only
 * for what happens rarely.  Async-signal-safe; errno is not touched.
 */
#ifndef HMS_BASE_MAPS_H
#define HMS_BASE_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hms_mapping {
	uintptr_t start, end;
	int prot; /* PROT_* */
	bool shared;
	bool anonymous; /* private, and of no file */
};

/* The mapping that holds addr.  0; -ENOENT: none; or -errno. */
int hms_mapping_at(uintptr_t addr, struct hms_mapping *out);
/*
 * The file that addr is mapped from, by its full path.  0; -ENOENT: none, or
 * it has been deleted; -ENAMETOOLONG; or -errno.
 */
int hms_mapping_path(uintptr_t addr, char *path, size_t size);

#endif
