/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/arena.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "base/sys.h"

#define CHUNK_SIZE ((size_t)64 << 10)
#define ALIGN 16

struct hms_arena_chunk {
	struct hms_arena_chunk *next;
	size_t size; /* whole mapping */
	size_t used; /* from its start, this header included */
} __attribute__((aligned(ALIGN)));

static struct hms_arena_chunk *add_chunk(struct hms_arena *arena, size_t need)
{
	size_t size = CHUNK_SIZE;
	struct hms_arena_chunk *chunk;

	if (need > SIZE_MAX - CHUNK_SIZE)
		return NULL;
	if (need + sizeof(*chunk) > size)
		size = (need + sizeof(*chunk) + CHUNK_SIZE - 1) &
		       ~(CHUNK_SIZE - 1);
	chunk = hms_sys_mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (hms_sys_failed(chunk))
		return NULL;
	chunk->size = size;
	chunk->used = sizeof(*chunk);
	chunk->next = arena->chunks;
	arena->chunks = chunk;
	arena->total += size;
	return chunk;
}

void *hms_arena_alloc(struct hms_arena *arena, size_t size)
{
	struct hms_arena_chunk *chunk = arena->chunks;
	void *p;

	if (size > SIZE_MAX - ALIGN)
		return NULL;
	size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (!chunk || chunk->size - chunk->used < size)
		chunk = add_chunk(arena, size);
	if (!chunk)
		return NULL;
	p = (char *)chunk + chunk->used;
	chunk->used += size;
	return p;
}

char *hms_arena_strndup(struct hms_arena *arena, const char *text, size_t len)
{
	char *copy = len < SIZE_MAX ? hms_arena_alloc(arena, len + 1) : NULL;

	if (copy)
		memcpy(copy, text, len);
	return copy;
}

char *hms_arena_strdup(struct hms_arena *arena, const char *text)
{
	return hms_arena_strndup(arena, text, strlen(text));
}

void hms_arena_free(struct hms_arena *arena)
{
	struct hms_arena_chunk *chunk = arena->chunks, *next;

	for (; chunk; chunk = next) {
		next = chunk->next;
		hms_sys_munmap(chunk, chunk->size);
	}
	arena->chunks = NULL;
	arena->total = 0;
}
