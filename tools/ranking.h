/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Why memory asked for by need is where it is, in words.
 */
#ifndef HMS_TOOLS_RANKING_H
#define HMS_TOOLS_RANKING_H

#include <stdio.h>

#include "config/policy.h"
#include "engine/topology/graph.h"

/*
 * For each best and near among n terms, and inside of them, once: the
 * candidates in spill order with what they are chosen by, who says so and the
 * way there, then the other targets and why each lost.
 */
void tool_put_rankings(FILE *out, const struct hms_graph *graph,
	const struct hms_term *terms, unsigned n);

#endif
