/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sets of CPUs or nodes as hwloc writes them.  All zero is the empty set;
 * words are freed by the owner.  For tools: ends the tool if there is no
 * memory.
 */
#ifndef HMS_TOOLS_SET_H
#define HMS_TOOLS_SET_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct set {
	uint32_t *words; /* of 32 numbers each, the lowest first */
	unsigned nwords;
};

void set_add(struct set *set, unsigned number);
bool set_has(const struct set *set, unsigned number);
/* Adds those of a kernel's list, "0-31,64-95"; stops where it makes no sense.
 */
void set_parse(struct set *set, const char *list);
/* Prints ` NAME="0x00000001,0xffffffff"`, the highest word first. */
void set_put(FILE *out, const char *name, const struct set *set);

#endif
