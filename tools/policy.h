/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A policy as the sub-commands look at it: read as a program would, and held
 * against this machine (or HMS_TOPOLOGY's).
 */
#ifndef HMS_TOOLS_POLICY_H
#define HMS_TOOLS_POLICY_H

#include <stdio.h>

#include "engine/place.h"

struct tool_policy {
	struct hms_arena arena; /* holds all of it; lives until the end */
	struct hms_policy *policy; /* NULL: there is none to follow */
	struct hms_graph *graph; /* the machine, in full */
	struct hms_nodes nodes;
	struct hms_places places;
};

/*
 * value: as HMS_POLICY, or the name of a file; NULL: the environment's.
 * program: NULL keeps the rules for every program.
 * EX_OK; EX_DATAERR, EX_NOINPUT or EX_OSERR after saying what is wrong.
 */
int tool_policy_open(
	struct tool_policy *out, const char *value, const char *program);

/* "hbm (node 2), then dram (nodes 0, 1)" */
void tool_put_place(FILE *out, const struct tool_policy *tool, unsigned rule);
/*
 * May the rule's memory move later?  NULL: nobody asks; else a few words,
 * "may move" or "stays: ...".
 */
const char *tool_moves(const struct tool_policy *tool, unsigned rule);

#endif
