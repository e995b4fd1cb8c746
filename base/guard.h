/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The nesting guard: while it is held by this thread, calls that reach a shim
 * come from HMS itself (or from libc on its behalf) and pass straight through.
 *
 * Initial-exec TLS, because general-dynamic access may allocate, which would
 * come back here (gperftools PR 1080 shows the deadlock).
 */
#ifndef HMS_BASE_GUARD_H
#define HMS_BASE_GUARD_H

extern __thread unsigned hms_guard_depth
	__attribute__((tls_model("initial-exec"), visibility("hidden")));

static inline int hms_guarded(void)
{
	return hms_guard_depth != 0;
}

static inline void hms_guard_enter(void)
{
	hms_guard_depth++;
}

static inline void hms_guard_leave(void)
{
	hms_guard_depth--;
}

#endif
