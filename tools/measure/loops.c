/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is timed.  The loops over all memory are built for each width of
 * vectors that processors have, and chosen at run time.
 */
#include "tools/measure/measure.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

struct line {
	struct line *next;
	char rest[MEASURE_LINE - sizeof(struct line *)];
};

/* xorshift64*: G. Marsaglia 2003, S. Vigna 2016; good enough to shuffle. */
static uint64_t roll(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(2685821657736338717);
}

void measure_chase_make(void *base, size_t bytes)
{
	struct line *lines = base;
	size_t n = bytes / sizeof(*lines);
	uint64_t state = UINT64_C(0x9e3779b97f4a7c15);

	for (size_t i = 0; i < n; i++)
		lines[i].next = &lines[i];
	/* Sattolo 1986: swapping with lower ones only leaves a single cycle. */
	for (size_t i = n - 1; i > 0 && n; i--) {
		size_t j =
			(size_t)(((unsigned __int128)roll(&state) * i) >> 64);
		struct line *next = lines[i].next;

		lines[i].next = lines[j].next;
		lines[j].next = next;
		if (!(i & 0xffff) && measure_stopped)
			return;
	}
}

void *measure_chase(void *at, size_t steps)
{
	struct line *line = at;

	for (; steps >= 8; steps -= 8) {
		line = line->next->next->next->next;
		line = line->next->next->next->next;
	}
	__asm__ volatile("" : "+r"(line));
	return line;
}

/* Every architecture that matters has vectors of 16 bytes. */
#define BODY_BYTES 16
#define BODY(name) name##_16
#include "tools/measure/body.h"
#undef BODY
#undef BODY_BYTES

#if defined(__x86_64__)
/* SSE2 is part of the architecture. */
static void write_stream_16(void *to, size_t bytes)
{
	__m128i *at = to, *end = at + bytes / sizeof(*at);
	const __m128i value = _mm_set1_epi64x(-1);

	for (; at < end; at++)
		_mm_stream_si128(at, value);
	_mm_sfence();
}

static void copy_stream_16(void *to, const void *from, size_t bytes)
{
	__m128i *at = to, *end = at + bytes / sizeof(*at);
	const __m128i *source = from;

	for (; at < end; at++)
		_mm_stream_si128(at, _mm_load_si128(source++));
	_mm_sfence();
}

#pragma GCC push_options
#pragma GCC target("avx2")
#define BODY_BYTES 32
#define BODY(name) name##_32
#include "tools/measure/body.h"
#undef BODY
#undef BODY_BYTES

static void write_stream_32(void *to, size_t bytes)
{
	__m256i *at = to, *end = at + bytes / sizeof(*at);
	const __m256i value = _mm256_set1_epi64x(-1);

	for (; at < end; at++)
		_mm256_stream_si256(at, value);
	_mm_sfence();
}

static void copy_stream_32(void *to, const void *from, size_t bytes)
{
	__m256i *at = to, *end = at + bytes / sizeof(*at);
	const __m256i *source = from;

	for (; at < end; at++)
		_mm256_stream_si256(at, _mm256_load_si256(source++));
	_mm_sfence();
}
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx512f")
#define BODY_BYTES 64
#define BODY(name) name##_64
#include "tools/measure/body.h"
#undef BODY
#undef BODY_BYTES

static void write_stream_64(void *to, size_t bytes)
{
	__m512i *at = to, *end = at + bytes / sizeof(*at);
	const __m512i value = _mm512_set1_epi64(-1);

	for (; at < end; at++)
		_mm512_stream_si512(at, value);
	_mm_sfence();
}

static void copy_stream_64(void *to, const void *from, size_t bytes)
{
	__m512i *at = to, *end = at + bytes / sizeof(*at);
	const __m512i *source = from;

	for (; at < end; at++)
		_mm512_stream_si512(at, _mm512_load_si512(source++));
	_mm_sfence();
}
#pragma GCC pop_options
#endif

struct loops {
	void (*read)(const void *from, size_t bytes);
	void (*write)(void *to, size_t bytes);
	void (*copy)(void *to, const void *from, size_t bytes);
	void (*write_stream)(void *to, size_t bytes);
	void (*copy_stream)(void *to, const void *from, size_t bytes);
};

static const struct loops *choose(void)
{
#if defined(__x86_64__)
	static const struct loops all[] = {
		{ read_32, write_64, copy_64, write_stream_64, copy_stream_64 },
		{ read_32, write_32, copy_32, write_stream_32, copy_stream_32 },
		{ read_16, write_16, copy_16, write_stream_16, copy_stream_16 },
	};

	/* Says also whether the system saves the registers. */
	if (__builtin_cpu_supports("avx512f"))
		return &all[0];
	return __builtin_cpu_supports("avx2") ? &all[1] : &all[2];
#else
	static const struct loops plain = { read_16, write_16, copy_16, NULL,
		NULL };

	return &plain;
#endif
}

void measure_read(const void *from, size_t bytes)
{
	choose()->read(from, bytes);
}

void measure_write(void *to, size_t bytes)
{
	choose()->write(to, bytes);
}

void measure_copy(void *to, const void *from, size_t bytes)
{
	choose()->copy(to, from, bytes);
}

bool measure_can_stream(void)
{
	return choose()->write_stream != NULL;
}

void measure_write_stream(void *to, size_t bytes)
{
	choose()->write_stream(to, bytes);
}

void measure_copy_stream(void *to, const void *from, size_t bytes)
{
	choose()->copy_stream(to, from, bytes);
}
