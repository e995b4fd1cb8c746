/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loops for one width of vectors: included once for each, with
 * BODY(name) naming the functions and BODY_BYTES the width.  No guard.
 * bytes: a multiple of 256.
 */
typedef uint64_t BODY(wide) __attribute__((vector_size(BODY_BYTES)));

#if BODY_BYTES < 64 /* loads of whole lines read no faster, rather slower */
/* Four sums, so that none waits for the one before. */
static void BODY(read)(const void *from, size_t bytes)
{
	const BODY(wide) *at = from, *end = at + bytes / BODY_BYTES;
	BODY(wide) a = { 0 }, b = a, c = a, d = a;

	for (; at < end; at += 4) {
		a ^= at[0];
		b ^= at[1];
		c ^= at[2];
		d ^= at[3];
	}
	a ^= b ^ c ^ d;
	/* Somebody looks at it, for all that the compiler knows. */
	__asm__ volatile("" : : "m"(a));
}

#endif

static void BODY(write)(void *to, size_t bytes)
{
	BODY(wide) *at = to, *end = at + bytes / BODY_BYTES;
	const BODY(wide) value = ~(BODY(wide)){ 0 };

	for (; at < end; at++) {
		*at = value;
		/* Or it becomes a call of memset, with its own ideas. */
		__asm__ volatile("");
	}
	__asm__ volatile("" : : "r"(to) : "memory");
}

static void BODY(copy)(void *to, const void *from, size_t bytes)
{
	BODY(wide) *at = to, *end = at + bytes / BODY_BYTES;
	const BODY(wide) *source = from;

	for (; at < end; at++) {
		*at = *source++;
		__asm__ volatile("");
	}
	__asm__ volatile("" : : "r"(to) : "memory");
}
