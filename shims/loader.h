/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HMS_SHIMS_LOADER_H
#define HMS_SHIMS_LOADER_H

/*
 * From now on modules are loaded without RTLD_DEEPBIND, which would split
 * our malloc from libc's free.  Called once, when heap calls are ours.
 */
void hms_loader_clear_deepbind(void);

#endif
