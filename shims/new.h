/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does the program bring an operator new or delete of its own?
 */
#ifndef HMS_SHIMS_NEW_H
#define HMS_SHIMS_NEW_H

#include <stdbool.h>

/*
 * True if one of the operators that other forms call by default is defined
 * before ours in the program's search order.  Async-signal-safe.
 */
bool hms_new_replaced(void) __attribute__((visibility("hidden")));

#endif
