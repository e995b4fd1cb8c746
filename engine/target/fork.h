/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fork(2) and backed memory.  Shared mappings would make parent and child
 * write into each other's memory, so before the fork the parent maps every
 * backed range again, MAP_PRIVATE, over itself.  From then on both write to
 * copies of their own and nobody writes to the blocks: copy-on-write as the
 * program expects, threads or not.  New memory gets fresh blocks; the child
 * opens files of its own.
 *
 * What cannot be mapped privately (device DAX) is copied by the child while
 * the parent waits.  Other threads of the parent may write meanwhile: not a
 * snapshot, said once.
 *
 * Called in this order by whoever handles fork, after hms_ranges_before_fork()
 * and before hms_ranges_after_fork().  after(false) also if fork failed.
 */
#ifndef HMS_ENGINE_TARGET_FORK_H
#define HMS_ENGINE_TARGET_FORK_H

#include <stdbool.h>

void hms_targets_before_fork(void);
void hms_targets_after_fork(bool child);

#endif
