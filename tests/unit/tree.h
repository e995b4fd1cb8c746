/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine for a test, written as text: one file per line, "PATH CONTENTS",
 * or "PATH -> TARGET" for a symbolic link, "PATH/" for a folder; \n in
 * contents is a newline.  Paths begin with sys/ or proc/.
 */
#ifndef TESTS_UNIT_TREE_H
#define TESTS_UNIT_TREE_H

#include "engine/topology/topology.h"

/* A folder of its own with these files; gone after tree_drop(). */
const char *tree_make(const char *text);
/* More files of it. */
void tree_add(const char *text);
void tree_drop(void);

/* The graph of the tree, read to a depth; dropped by tree_drop() too. */
const struct hms_graph *tree_read(enum hms_depth depth);
/* Indexes of the graph read last, -1: there is none. */
int tree_link(const char *id);
int tree_bridge(const char *from, const char *to);
/* The lists of a link, "cpu:0 pci:..."; the text of the last call only. */
const char *tree_link_targets(const char *id);
const char *tree_link_initiators(const char *id);
/* 0: there is none such, or it has none. */
uint32_t tree_link_value(const char *id, enum hms_measure measure);

#endif
