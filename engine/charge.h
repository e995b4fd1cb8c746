/* SPDX-License-Identifier: BSD-2-Clause */
/* Charges and what limits leave, between place.c and charge.c. */
#ifndef HMS_ENGINE_CHARGE_H
#define HMS_ENGINE_CHARGE_H

#include "engine/place.h"

/* Whoever decides what goes where holds it, across no bind. */
void hms_places_lock(void);
void hms_places_unlock(void);
/* As if nothing had been charged yet; nobody else may charge meanwhile. */
void hms_charges_clear(const struct hms_places *places);
/*
 * fork, for shared limits: held across it, below all other locks of ours that
 * have to do with memory; in the child nothing is charged afterwards.
 */
void hms_limits_before_fork(const struct hms_places *places);
void hms_limits_after_fork(const struct hms_places *places, bool child);
/* In the child: what it has inherited has been charged; all of it? */
void hms_limits_inherited(const struct hms_places *places, bool all);
/* Bytes more that a limit allows; UINT64_MAX: there is none (limit < 0). */
uint64_t hms_limit_left(const struct hms_places *places, int limit);
/* The same of the first step of rule r; r < 0: no rule. */
uint64_t hms_rule_left(const struct hms_places *places, int rule);

#endif
