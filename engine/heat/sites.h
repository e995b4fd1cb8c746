/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sites of memory that moves, as planners number them: who asked for it.  A
 * mapping's is its caller; memory of heaps, of brk and of System V segments is
 * one site per rule, because blocks of many callers share its chunks.  Two
 * callers may share a number.
 *
 * What planners learned of sites says where new memory of theirs begins: where
 * the fast memory is full, that of sites that earned slow memory begins there.
 *
 * Numbers are of this process only.  All of it is lock-free.
 */
#ifndef HMS_ENGINE_HEAT_SITES_H
#define HMS_ENGINE_HEAT_SITES_H

#include <stdint.h>

#include "engine/place.h"

struct hms_tiers;

#define HMS_SITE_RULES 1024 /* numbers of rules, from 1; then callers */

uint16_t hms_site_of_rule(int rule);
uint16_t hms_site_of_caller(const void *caller);

/* The step of its place that new memory of a site begins with: 0, unless... */
int hms_site_first_step(uint16_t site, const struct hms_place *place);
/*
 * For the worker: new memory of a site begins in this tier, 0 for what its
 * rule says.  tiers: lives as long as such advice; NULL: all of it is taken
 * back.
 */
void hms_sites_advise_with(const struct hms_tiers *tiers);
void hms_site_advise(uint16_t site, unsigned tier);

#endif
