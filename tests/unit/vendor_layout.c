/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/vendor_layout.h"

#include "shims/hip_runtime.h"
#include "shims/level_zero.h"

const struct layout layout_ze[] = {
#define LAYOUT_ZE
#include "tests/unit/vendor_layout.def"
#undef LAYOUT_ZE
};

const struct layout layout_hip[] = {
#define LAYOUT_HIP
#include "tests/unit/vendor_layout.def"
#undef LAYOUT_HIP
};
