/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making whoever touches a block wait, by userfaultfd(2), in user and kernel
 * mode alike: a block that is empty and registered has no page that could be
 * read or written, and none comes before we say so.
 *
 * Needs a descriptor that also handles faults in kernel mode (read(2) into the
 * block must wait, not fail): CAP_SYS_PTRACE, vm.unprivileged_userfaultfd = 1,
 * or a readable /dev/userfaultfd; and UFFDIO_MOVE (Linux 6.8), which refuses
 * pages that a device may be about to write to.
 *
 * Between empty() or cover() and wake() the caller must not touch the block,
 * print, or wait for a lock that somebody may hold who does.
 * All return 0 or -errno.  Sources: ioctl_userfaultfd(2), the kernel's
 * admin-guide/mm/userfaultfd.rst.
 */
#ifndef HMS_ENGINE_MOVER_STOP_H
#define HMS_ENGINE_MOVER_STOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Opens what is needed for a batch; -EPERM or -EOPNOTSUPP: not here. */
int hms_stop_open(void);
void hms_stop_close(void);
/* In a forked child. */
void hms_stop_after_fork(void);

/*
 * All pages of a registered place of ours that has none, zero, in one go
 * instead of by a fault each: private anonymous memory, or a mapping of holes
 * in a file of tmpfs.  Small pages, whatever the system would give; some may be
 * there when it fails.  -EINVAL: no such file.
 */
int hms_stop_make(uintptr_t addr, size_t len, bool file);

/* Faults on missing pages of [addr, addr+len) wait from now on. */
int hms_stop_register(uintptr_t addr, size_t len);
/* They wait no more, and those that do are woken. */
void hms_stop_unregister(uintptr_t addr, size_t len);
/* Those that wait are woken, to look at what is mapped there now. */
void hms_stop_wake(uintptr_t addr, size_t len);
/*
 * Moves all pages of private anonymous memory from one registered place to
 * another, registered or not; holes stay holes.  -EBUSY: some page is pinned,
 * or shared with a child: then all are back.
 */
int hms_stop_move_pages(uintptr_t to, uintptr_t from, size_t len);
/* Moves a registered mapping over another one, registration included. */
int hms_stop_cover(uintptr_t block, uintptr_t empty, size_t len);
/*
 * Puts pages back that hms_stop_move_pages() took, whatever the block's
 * mapping has become, and ends the stop.  True: the place they were in is the
 * block now, and nothing is mapped where it was.
 */
bool hms_stop_return(uintptr_t block, uintptr_t pages, size_t len);
/*
 * Hands pages of private anonymous memory to a registered hole; what cannot be
 * moved is copied.  There is no way back, as the program sees the first of
 * them at once: tries until it works.
 */
void hms_stop_fill(uintptr_t to, uintptr_t from, size_t len);

#endif
