/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mappings of the program by site, for accounting (report/account.h): which
 * call each byte of them came from.  Every call is seen, in each mode: one is
 * large, and the kernel's part of it is dear.
 *
 * A mapping is gone when its last byte is.  mremap(2) is like realloc: the old
 * bytes are gone, the new ones are that call's.
 *
 * hms_mapped_site() and hms_mapped_ready() are called without the map lock,
 * since they may take the one of accounts; all others under it (map.h), and
 * each after one of the two in the same call.  errno is never touched.
 */
#ifndef HMS_SHIMS_MAPPED_H
#define HMS_SHIMS_MAPPED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/call.h"

#define HMS_MAPPED_NONE (-1) /* not accounted */

/* 1 << enum hms_family: whose calls are accounted; 0 until the setup. */
extern uint32_t hms_mapped_families __attribute__((visibility("hidden")));

/*
 * Before threads, after hms_account_setup(); does nothing if nothing is
 * accounted.  families: those that are intercepted.
 */
void hms_mapped_setup(uint32_t families);

/* The site of a call that maps; rule: the one it matched, or -1. */
int hms_mapped_site(const struct hms_call *call, int rule);
void hms_mapped_ready(void);
/* Is anything known, that could be unmapped?  Any thread, no lock. */
bool hms_mapped_any(void);

/* The call's memory, as asked for: it need not end on a page. */
void hms_mapped_add(int site, uintptr_t start, uintptr_t end);
/* [start, end) is unmapped, or something else was mapped there. */
void hms_mapped_drop(uintptr_t start, uintptr_t end);
/* The site whose mapping addr lies in, or HMS_MAPPED_NONE. */
int hms_mapped_at(uintptr_t addr);
/* shmdt(2): what was mapped at start by one call. */
void hms_mapped_detach(uintptr_t start);
/* mremap(2) succeeded; keep: MREMAP_DONTUNMAP. */
void hms_mapped_remap(int site, uintptr_t old, size_t old_len, uintptr_t now,
	size_t len, bool keep);

#endif
