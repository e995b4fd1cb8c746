/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copies of stopped blocks; both ends are mappings of ours.  0 or -errno:
 * nothing is lost, the copy is not to be used.
 */
#ifndef HMS_ENGINE_MOVER_COPY_H
#define HMS_ENGINE_MOVER_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/mover/direct.h"

/*
 * From pages of nodes that UFFDIO_MOVE took away, so no device has them.
 * Pages that were never touched are not looked at: whoever touches them waits
 * for us.  clean: what is copied to is zero already.
 */
int hms_copy_pages(char *to, const char *from, size_t len, bool clean);
/*
 * From a view of the file that block is on.  What devices may still write
 * there is waited for, until the contents rest; -EBUSY: they do not.
 */
int hms_copy_file(char *to, const char *from, size_t len, uintptr_t block,
	enum hms_direct direct);

#endif
