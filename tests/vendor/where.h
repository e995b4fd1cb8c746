/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel says of memory that a vendor's library handed out. */
#ifndef TESTS_VENDOR_WHERE_H
#define TESTS_VENDOR_WHERE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Has somebody bound this page?  mbind(2), MPOL_F_ADDR */
static inline bool is_bound(const void *p)
{
	int mode = 0;

	return !syscall(SYS_get_mempolicy, &mode, NULL, 0, p, 2) && mode != 0;
}

static inline bool is_mapped(const void *p)
{
	unsigned char there;

	return !mincore(
		(void *)((uintptr_t)p & ~(uintptr_t)4095), 4096, &there);
}

#endif
