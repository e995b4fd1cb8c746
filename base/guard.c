/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/guard.h"

__thread unsigned hms_guard_depth;
