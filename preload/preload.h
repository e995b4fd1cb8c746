/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the parts of the composition root share.  Nobody else includes this.
 */
#ifndef HMS_PRELOAD_PRELOAD_H
#define HMS_PRELOAD_PRELOAD_H

#include <stdbool.h>

#include "base/arena.h"
#include "config/options.h"
#include "config/policy.h"
#include "engine/place.h"

/* Everything that lives as long as the process; written by start() only. */
struct hms_process {
	struct hms_options options;
	struct hms_arena arena;
	struct hms_policy *policy; /* NULL: no rules, nothing to report */
	struct hms_places places;
	const char *program; /* base name */
	int pid; /* so that a vfork child is known for what it is */
};

extern struct hms_process hms_process __attribute__((visibility("hidden")));

/* rules.c: the policy meets this machine; 0 or -errno with diag filled. */
int hms_rules_setup(struct hms_diag *diag);
/* rules.c: is the family intercepted, and can a rule match its calls? */
bool hms_family_ruled(enum hms_family family);
/*
 * rules.c: makes stacks known, if rules ask for them.  Calls the loader, so
 * never inside a call of the program.
 */
void hms_rules_stacks(void);
/* fork.c: registers the handlers. */
void hms_fork_setup(void);
/* thread.c: a destructor for threads that own caches or counters. */
void hms_threads_setup(void);
/* selftest.c: are our functions the ones that the program reaches? */
void hms_selftest(void);
/* layers.c: tells OpenCL's loader of us, if rules name its calls; twice is
 * once. */
void hms_layers_offer(void);
/* children.c: HMS_CHILDREN=drop. */
void hms_children_drop(char **environment);

#endif
