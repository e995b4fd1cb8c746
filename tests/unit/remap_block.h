/* SPDX-License-Identifier: BSD-2-Clause */
/* A block that tests of the mover send to and fro; one process, one block. */
#ifndef HMS_TESTS_UNIT_REMAP_BLOCK_H
#define HMS_TESTS_UNIT_REMAP_BLOCK_H

#include "tests/mover/kit.h"

#define BLOCK ((size_t)2 << 20)
#define PAGE ((size_t)4096)

extern char folder[]; /* on tmpfs; empty at first */
extern char *block; /* of the first rule's memory; another one follows */

/* rules: with %s for the folder.  Skips the test where nothing can move. */
void remap_start(const char *rules);
/* Nothing may be left in the folder. */
void remap_clean(void);

void fill(unsigned char seed);
bool is_filled(unsigned char seed);
/* Pages of the block that are in a file, as the kernel says. */
size_t file_pages(void);
struct hms_range piece(void);
/* To the first target of a step; the result. */
int move(int step);

#endif
