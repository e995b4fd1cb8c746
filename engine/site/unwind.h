/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How to go from a frame to its caller's, as a rule of a few numbers.
 *
 * Rules come from libunwind's remote interface, which reads a module's unwind
 * table as if it were another process's: no lock of the loader, no walk of
 * the stack, and it is asked once for each return address.
 */
#ifndef HMS_ENGINE_SITE_UNWIND_H
#define HMS_ENGINE_SITE_UNWIND_H

#include <stdint.h>

enum site_base {
	SITE_END, /* there is no caller, or no way to find it */
	SITE_SP, /* CFA = stack pointer + cfa */
	SITE_FP, /* CFA = frame pointer + cfa */
	SITE_SP_AT, /* CFA = *(stack pointer + at) + cfa */
	SITE_FP_AT, /* CFA = *(frame pointer + at) + cfa */
	SITE_SIGNAL, /* the kernel's signal frame: registers are in memory */
};

enum site_saved {
	SITE_KEPT, /* the frame pointer is still the caller's */
	SITE_AT_CFA, /* it is at CFA + fp */
	SITE_AT_FP, /* it is at frame pointer + fp */
	SITE_LOST,
};

/* The CFA is the caller's stack pointer; the return address is below it. */
struct site_rule {
	int32_t cfa, at, fp; /* bytes */
	uint8_t base; /* enum site_base */
	uint8_t saved; /* enum site_saved */
};

/* Loads libunwind; once, never inside a call of the program. 0 or -errno. */
int site_unwind_load(void);
/*
 * The rule for code at addr, and the function around it (unwind tables know
 * where functions begin).  Not for two threads at once.  Always fills *rule.
 */
void site_unwind_rule(uintptr_t addr, struct site_rule *rule, uintptr_t *start,
	uintptr_t *end);

#endif
