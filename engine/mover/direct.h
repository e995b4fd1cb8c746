/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Devices that write into pages of files behind the processor's back.  Pages
 * of anonymous memory can be asked for it (UFFDIO_MOVE refuses them), pages of
 * files cannot.  So before such a page is copied, what this process has open
 * is looked at:
 *
 *	no direct I/O, no device	nothing can be under way
 *	descriptors with O_DIRECT	reads into the block are waited for:
 *			threads that sleep in one show, and others have to run
 *			for a while, or sleep, before they are known to be in
 *			none; its contents are compared after the copy, until
 *			they rest.  One of several pages that waits for the
 *			block may have others under way: not moved then
 *	io_uring, aio(7), RDMA, VFIO, GPUs	not moved: what they have under
 *			way does not show anywhere
 *
 * The look counts that is made once the block is stopped: what is under way
 * then has its descriptor open, and nothing new begins.  Not caught: one that
 * another thread closes under a read that has begun.
 * All return at once; errno is never touched.  Sources: open(2), proc(5)
 * (fdinfo, task/TID/syscall, wchan), aio(7).
 */
#ifndef HMS_ENGINE_MOVER_DIRECT_H
#define HMS_ENGINE_MOVER_DIRECT_H

#include <stdbool.h>
#include <stdint.h>

enum hms_direct {
	HMS_DIRECT_NONE,
	HMS_DIRECT_READS, /* some descriptor has O_DIRECT */
	HMS_DIRECT_UNKNOWN, /* something writes when it likes, or who knows */
};

enum hms_direct hms_direct_look(void);
/* With the block stopped: of no thread is anything known yet. */
void hms_direct_begin(void);
/*
 * Is some thread in a read into [start, end), not waiting for the block itself,
 * or may it be?  Under the mover's lock; asked again until it says no.
 */
bool hms_direct_under_way(uintptr_t start, uintptr_t end);

#endif
