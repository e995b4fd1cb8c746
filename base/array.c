/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/array.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "base/sys.h"

#define SMALLEST ((size_t)16 << 10)

int hms_array_reserve(struct hms_array *array, size_t n, size_t item)
{
	size_t bytes = array->bytes ? array->bytes : SMALLEST;
	void *p;

	if (n > SIZE_MAX / 4 / item)
		return -ENOMEM;
	while (bytes < n * item)
		bytes *= 2;
	if (bytes == array->bytes)
		return 0;
	if (array->items)
		p = hms_sys_mremap(
			array->items, array->bytes, bytes, MREMAP_MAYMOVE, 0);
	else
		p = hms_sys_mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (hms_sys_failed(p))
		return -ENOMEM;
	array->items = p;
	array->bytes = bytes;
	return 0;
}

void *hms_array_insert(struct hms_array *array, size_t at, size_t item)
{
	char *p;

	if (hms_array_reserve(array, array->count + 1, item) < 0)
		return NULL;
	p = (char *)array->items + at * item;
	memmove(p + item, p, (array->count - at) * item);
	memset(p, 0, item);
	array->count++;
	return p;
}

void hms_array_remove(struct hms_array *array, size_t at, size_t n, size_t item)
{
	char *p = (char *)array->items + at * item;

	memmove(p, p + n * item, (array->count - at - n) * item);
	array->count -= n;
	memset((char *)array->items + array->count * item, 0, n * item);
}

void hms_array_free(struct hms_array *array)
{
	if (array->items)
		hms_sys_munmap(array->items, array->bytes);
	memset(array, 0, sizeof(*array));
}
