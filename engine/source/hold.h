/* SPDX-License-Identifier: BSD-2-Clause */
/* What hms_sources_setup() was given; see source.h. */
#ifndef HMS_ENGINE_SOURCE_HOLD_H
#define HMS_ENGINE_SOURCE_HOLD_H

#include <stdbool.h>
#include <stdint.h>

/* True: held, and the memory is still ours; else nothing is held. */
bool hms_hold(uintptr_t start, uintptr_t end);
void hms_let_go(void);

#endif
