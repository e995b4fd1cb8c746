/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of planners and sources, as rules and HMS_SOURCE give them. */
#ifndef HMS_ENGINE_WORKER_NAMES_H
#define HMS_ENGINE_WORKER_NAMES_H

#include "config/policy.h"

struct hms_planner;

/*
 * Looks the policy's names up, and those of HMS_SOURCE (NULL: not set).
 * 0, or -EINVAL with diag filled: an unknown name, where it stands, and the
 * one that was meant.
 */
int hms_learn_names(const struct hms_policy *policy, const char *source,
	const struct hms_planner **planner, struct hms_diag *diag);

#endif
