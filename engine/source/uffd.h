/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * userfaultfd(2) without anybody who handles faults: the kernel resolves them
 * itself, so no thread ever waits and no system call fails.  A program that
 * closes the descriptor ends all of it, which leaves memory as it was.
 * Sources: userfaultfd(2), ioctl_userfaultfd(2), the kernel's
 * admin-guide/mm/userfaultfd.rst.
 */
#ifndef HMS_ENGINE_SOURCE_UFFD_H
#define HMS_ENGINE_SOURCE_UFFD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Newer than the headers: Linux 6.7, 7.2. */
#define HMS_UFFD_WP_HUGETLBFS_SHMEM (UINT64_C(1) << 12)
#define HMS_UFFD_WP_UNPOPULATED (UINT64_C(1) << 13)
#define HMS_UFFD_WP_ASYNC (UINT64_C(1) << 15)
#define HMS_UFFD_RWP (UINT64_C(1) << 17)
#define HMS_UFFD_RWP_ASYNC (UINT64_C(1) << 18)
#define HMS_UFFD_REGISTER_WP (UINT64_C(1) << 1)
#define HMS_UFFD_REGISTER_RWP (UINT64_C(1) << 3)

struct hms_uffd {
	int fd; /* -1: not open */
	dev_t dev;
	ino_t ino;
};

/* With these features; 0; -EOPNOTSUPP: the kernel lacks one; or -errno. */
int hms_uffd_open(struct hms_uffd *uffd, uint64_t features);
void hms_uffd_close(struct hms_uffd *uffd);
/* Is the descriptor ours still?  The program may close what it finds. */
bool hms_uffd_alive(const struct hms_uffd *uffd);

int hms_uffd_register(const struct hms_uffd *uffd, uintptr_t start,
	uintptr_t end, uint64_t mode);
int hms_uffd_unregister(
	const struct hms_uffd *uffd, uintptr_t start, uintptr_t end);
/* Takes reading and writing from pages that are there, until they fault. */
int hms_uffd_protect(
	const struct hms_uffd *uffd, uintptr_t start, uintptr_t end);

#endif
