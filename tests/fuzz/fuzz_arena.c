/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "tests/fuzz/fuzz.h"

struct hms_arena_chunk {
	struct hms_arena_chunk *next;
	char bytes[] __attribute__((aligned(16)));
};

long fuzz_pieces_left;

void fuzz_require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "broken: %s\n", what);
	abort();
}

void *hms_arena_alloc(struct hms_arena *arena, size_t size)
{
	struct hms_arena_chunk *chunk;

	if (fuzz_pieces_left-- == 0)
		return NULL;
	chunk = calloc(1, sizeof(*chunk) + size);
	if (!chunk)
		abort();
	chunk->next = arena->chunks;
	arena->chunks = chunk;
	return chunk->bytes;
}

char *hms_arena_strndup(struct hms_arena *arena, const char *text, size_t len)
{
	char *copy = hms_arena_alloc(arena, len + 1);

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
		free(chunk);
	}
	arena->chunks = NULL;
}
