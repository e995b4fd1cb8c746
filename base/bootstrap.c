/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/bootstrap.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>

#include "base/sys.h"

#define ALIGN ((size_t)16)
#define FIRST_SIZE ((size_t)64 << 10)
#define NEXT_SIZE ((size_t)256 << 10)

/* Before each block; as large as the alignment, so that blocks stay aligned. */
struct header {
	size_t size; /* usable bytes of the block */
	size_t pad;
};
_Static_assert(sizeof(struct header) == ALIGN, "blocks stay aligned");

struct chunk {
	struct chunk *older;
	uintptr_t end;
	atomic_uintptr_t next; /* first free byte */
};

static char first_memory[FIRST_SIZE] __attribute__((aligned(4096)));
static struct chunk first = { .end = 0 };
static _Atomic(struct chunk *) newest;

static uintptr_t first_start(void)
{
	return (uintptr_t)first_memory;
}

/* len bytes behind a header at a multiple of align, or 0 if they do not fit. */
static uintptr_t carve(atomic_uintptr_t *next, uintptr_t start, uintptr_t end,
	size_t align, size_t size)
{
	uintptr_t at = atomic_load_explicit(next, memory_order_relaxed);
	uintptr_t block;

	do {
		uintptr_t from = at ? at : start;

		block = (from + sizeof(struct header) + align - 1) &
			~(align - 1);
		if (block < from || block > end || end - block < size)
			return 0;
	} while (!atomic_compare_exchange_weak(next, &at, block + size));
	((struct header *)block)[-1].size = size;
	return block;
}

static bool round_up(size_t *align, size_t *size)
{
	if (*align < ALIGN)
		*align = ALIGN;
	if (*size > SIZE_MAX / 2 || *align > SIZE_MAX / 4)
		return false;
	*size = *size ? (*size + ALIGN - 1) & ~(ALIGN - 1) : ALIGN;
	return true;
}

void *hms_boot_try(size_t align, size_t size)
{
	if (!round_up(&align, &size))
		return NULL;
	return (void *)carve(&first.next, first_start(),
		first_start() + FIRST_SIZE, align, size);
}

static struct chunk *add_chunk(size_t align, size_t size)
{
	size_t len = NEXT_SIZE;
	struct chunk *chunk, *older;

	if (size + align > NEXT_SIZE / 2)
		len = (size + align + NEXT_SIZE) & ~(size_t)4095;
	chunk = hms_sys_mmap(NULL, len, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (hms_sys_failed(chunk))
		return NULL;
	chunk->end = (uintptr_t)chunk + len;
	atomic_init(&chunk->next, (uintptr_t)(chunk + 1));
	older = atomic_load(&newest);
	do {
		chunk->older = older;
	} while (!atomic_compare_exchange_weak(&newest, &older, chunk));
	return chunk;
}

void *hms_boot_alloc(size_t align, size_t size)
{
	void *block = hms_boot_try(align, size);
	struct chunk *chunk;

	if (block)
		return block;
	if (!round_up(&align, &size)) {
		errno = ENOMEM;
		return NULL;
	}
	for (chunk = atomic_load(&newest); chunk && !block;
		chunk = chunk->older)
		block = (void *)carve(&chunk->next, 0, chunk->end, align, size);
	while (!block) {
		chunk = add_chunk(align, size);
		if (!chunk) {
			errno = ENOMEM;
			return NULL;
		}
		block = (void *)carve(&chunk->next, 0, chunk->end, align, size);
	}
	return block;
}

bool hms_boot_owns(const void *block)
{
	uintptr_t p = (uintptr_t)block;
	struct chunk *chunk;

	if (p - first_start() < FIRST_SIZE)
		return true;
	for (chunk = atomic_load(&newest); chunk; chunk = chunk->older)
		if (p > (uintptr_t)chunk && p < chunk->end)
			return true;
	return false;
}

size_t hms_boot_usable(const void *block)
{
	return ((const struct header *)block)[-1].size;
}

bool hms_boot_grow(void *block, size_t size)
{
	struct header *header = (struct header *)block - 1;
	uintptr_t end = (uintptr_t)block + header->size;
	size_t align = ALIGN;

	if (size <= header->size)
		return true;
	if (!round_up(&align, &size) ||
		(uintptr_t)block - first_start() >= FIRST_SIZE ||
		size > FIRST_SIZE - ((uintptr_t)block - first_start()))
		return false;
	if (!atomic_compare_exchange_strong(
		    &first.next, &end, (uintptr_t)block + size))
		return false;
	header->size = size;
	return true;
}

size_t hms_boot_bytes(void)
{
	uintptr_t next = atomic_load(&first.next);
	size_t bytes = next ? next - first_start() : 0;
	struct chunk *chunk;

	for (chunk = atomic_load(&newest); chunk; chunk = chunk->older)
		bytes += atomic_load(&chunk->next) - (uintptr_t)chunk;
	return bytes;
}
