/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The entries of a folder in the order of their names, without malloc.  Not
 * thread-safe: it belongs to whoever has it.
 */
#ifndef HMS_ENGINE_TOPOLOGY_ENTRIES_H
#define HMS_ENGINE_TOPOLOGY_ENTRIES_H

#include <stddef.h>
#include <stdint.h>

struct hms_entries {
	char *buf; /* first, or mapped */
	size_t size, len;
	char *mapped; /* NULL: first is enough */
	int64_t next; /* where in buf, -1: none left */
	char first[8192] __attribute__((aligned(8)));
};

/*
 * 0 or -errno; what was read before an error is there.  Must be freed in any
 * case.  Errors are those of open(2), getdents64(2), mmap(2); -E2BIG for more
 * than 64 MiB of names.
 */
int hms_entries_read(struct hms_entries *entries, const char *path);
/* The next name but . and .., as long as the entries; NULL: no more. */
const char *hms_entries_next(struct hms_entries *entries);
void hms_entries_free(struct hms_entries *entries);

#endif
