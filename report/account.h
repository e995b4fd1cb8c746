/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accounting by site, inside the process that counts: finds the row of a call
 * in report/sites.h, and adds to it.
 *
 * To be called under the guard of base/guard.h, which also keeps a signal
 * handler from coming back here: a site that is new takes a lock.  Thread-safe;
 * allocates from mappings of its own; errno is never touched.
 */
#ifndef HMS_REPORT_ACCOUNT_H
#define HMS_REPORT_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "config/call.h"
#include "report/sites.h"

/* What is asked for; HMS_SITES_OFF until hms_account_setup(). */
extern enum hms_sites_mode hms_accounting __attribute__((visibility("hidden")));
extern uint64_t hms_account_period __attribute__((visibility("hidden")));

/*
 * Starts accounting.  period: mean bytes between samples; 0: off; 1: exact,
 * and lifetimes from samples as usual.  Nothing is made yet: the file comes
 * with the first site.  Once, before threads, after hms_status_open().
 */
void hms_account_setup(uint64_t period);

/*
 * The row of the call that returns to caller, see hms_walk_from(); rule: the
 * one it matched, or -1. 0: the stack is not known, or the table is full, or
 * there is none.
 */
unsigned hms_account_site(
	const void *caller, const struct hms_registers *at, int rule);
/* The same, by what a walk has found. id: hms_stack.site. */
unsigned hms_account_row(
	const void *caller, uint64_t id, uint32_t hint, int rule);

/* A call of a known row: its rule, or -1. */
void hms_account_by(unsigned site, int rule);

/* Blocks are handed out: how many, and their bytes in all. */
void hms_account_add(unsigned site, uint64_t calls, uint64_t bytes);
/* They are freed.  This and hms_account_life() may be called unguarded. */
void hms_account_sub(unsigned site, uint64_t calls, uint64_t bytes);
/* A block of known birth was looked at, standing for so many. */
void hms_account_sample(unsigned site);
/*
 * So many page faults in its memory, which one thread tells of; major ones
 * twice, first as if they were not.
 */
void hms_account_faults(unsigned site, uint64_t faults, bool major);
/* Nothing is known of so many calls: there was no memory for it. */
void hms_account_lose(uint64_t calls);
/* It was freed, ns after it was handed out. */
void hms_account_life(unsigned site, uint64_t calls, uint64_t ns);

/*
 * fork: in the parent before, in both after; outside of the locks of frames.
 * The child's first account makes its own file, see report/sites.h.
 */
void hms_account_before_fork(void);
void hms_account_after_fork(bool child);
/* A child that has not counted yet gets its copy now. */
void hms_account_settle(void);

#endif
