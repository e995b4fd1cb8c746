/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/guard.h"

/* Weak: the preloaded object may bring its own. */
__attribute__((weak)) __thread unsigned hms_guard_depth;
