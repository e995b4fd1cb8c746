/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Aligned memory: posix_memalign(3) and the older calls beside it.  Odd
 * alignments are rounded up as glibc 2.36 does (malloc/malloc.c,
 * _mid_memalign); jemalloc would refuse or crash.
 */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

#include "shims/heap.h"

#define LEAST_ALIGN 16
#define MOST_ALIGN (SIZE_MAX / 2 + 1)
#define ADDRESS_SPACE ((size_t)1 << 47) /* nothing is aligned to more */

static void *aligned(
	enum hms_api api, size_t align, size_t size, const void *caller)
{
	size_t power = LEAST_ALIGN;

	if (align > MOST_ALIGN) {
		errno = EINVAL;
		return NULL;
	}
	while (power < align)
		power <<= 1;
	/* jemalloc's own sums would wrap around. */
	if (size > PTRDIFF_MAX || power > ADDRESS_SPACE) {
		errno = ENOMEM;
		return NULL;
	}
	return hms_alloc(api, power, size, false, caller);
}

HMS_EXPORT int posix_memalign(void **out, size_t align, size_t size)
{
	int saved = errno;
	void *block;

	if (align % sizeof(void *) || align & (align - 1) || !align)
		return EINVAL;
	block = aligned(HMS_API_POSIX_MEMALIGN, align, size, HMS_CALLER);
	errno = saved;
	if (!block)
		return ENOMEM;
	*out = block;
	return 0;
}

HMS_EXPORT void *aligned_alloc(size_t align, size_t size)
{
	return aligned(HMS_API_ALIGNED_ALLOC, align, size, HMS_CALLER);
}

HMS_EXPORT void *memalign(size_t align, size_t size)
{
	return aligned(HMS_API_MEMALIGN, align, size, HMS_CALLER);
}

HMS_EXPORT void *valloc(size_t size)
{
	return aligned(HMS_API_VALLOC, (size_t)getpagesize(), size, HMS_CALLER);
}

HMS_EXPORT void *pvalloc(size_t size)
{
	size_t page = (size_t)getpagesize();

	if (size > PTRDIFF_MAX - page) {
		errno = ENOMEM;
		return NULL;
	}
	size = (size + page - 1) & ~(page - 1);
	return aligned(HMS_API_PVALLOC, page, size, HMS_CALLER);
}
