/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory of every kind for tests of sources, and what /proc says of it. */
#ifndef HMS_TESTS_SOURCES_ROOM_H
#define HMS_TESTS_SOURCES_ROOM_H

#include <stdbool.h>
#include <stddef.h>

/*
 * kind: anon, shared (a memfd), file (in $TMPDIR), device:PATH (DAX); all of
 * it touched, bound to node 0.  NULL and errno if it cannot be had.
 */
char *room_make(const char *kind, size_t bytes, bool huge);
/* KiB of huge entries in it, by smaps. */
unsigned long room_huge_kib(const char *memory, size_t bytes);
/* Mappings that reach into it, by maps. */
unsigned room_mappings(const char *memory, size_t bytes);
int room_open_fds(void);

#endif
