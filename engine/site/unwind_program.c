/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/site/unwind_program.h"

#include <string.h>

/* x86-64's, with the return address: what libunwind has room for. */
#define REGISTERS 17

struct reader {
	uintptr_t at, end;
	site_word_fn *word;
	bool bad;
};

static uint8_t next(struct reader *r)
{
	uint64_t word;
	uint8_t bytes[sizeof(word)];

	if (r->bad || r->at >= r->end ||
		!r->word(r->at & -sizeof(word), &word)) {
		r->bad = true;
		return 0;
	}
	memcpy(bytes, &word, sizeof(word));
	return bytes[r->at++ % sizeof(word)];
}

static void skip(struct reader *r, uint64_t n)
{
	if (n > r->end - r->at)
		r->bad = true;
	else
		r->at += n;
}

/* LEB128; a signed one ends where an unsigned one does. */
static uint64_t number(struct reader *r)
{
	uint64_t value = 0;
	uint8_t byte;

	for (unsigned shift = 0;; shift += 7) {
		byte = next(r);
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return value;
	}
}

/* Operands by instruction: l LEB128, r a register's, b a block, digits bytes.
 */
static const char *const operands[0x40] = {
	[0x00] = "", /* nop */
	[0x02] = "1", /* advance_loc1 */
	[0x03] = "2",
	[0x04] = "4",
	[0x05] = "ll", /* offset_extended */
	[0x06] = "l", /* restore_extended */
	[0x07] = "l", /* undefined */
	[0x08] = "l", /* same_value */
	[0x09] = "lr", /* register */
	[0x0a] = "", /* remember_state */
	[0x0b] = "", /* restore_state */
	[0x0c] = "ll", /* def_cfa */
	[0x0d] = "l", /* def_cfa_register */
	[0x0e] = "l", /* def_cfa_offset */
	[0x0f] = "b", /* def_cfa_expression */
	[0x10] = "lb", /* expression */
	[0x11] = "ll", /* offset_extended_sf */
	[0x12] = "ll", /* def_cfa_sf */
	[0x13] = "l", /* def_cfa_offset_sf */
	[0x14] = "ll", /* val_offset */
	[0x15] = "ll", /* val_offset_sf */
	[0x16] = "lb", /* val_expression */
	[0x2e] = "l", /* GNU_args_size */
	[0x2f] = "ll", /* GNU_negative_offset_extended */
};

static void instruction(struct reader *r)
{
	uint8_t code = next(r);
	const char *what = operands[code & 0x3f];

	/* advance_loc, offset, restore have an operand in the code. */
	if (code & 0xc0)
		what = code >> 6 == 2 ? "l" : "";
	if (!what)
		r->bad = true;
	for (; what && *what && !r->bad; what++) {
		if (*what == 'l')
			number(r);
		else if (*what == 'r')
			r->bad |= number(r) >= REGISTERS;
		else
			skip(r, *what == 'b' ? number(r)
					     : (uint64_t)(*what - '0'));
	}
}

bool site_program_sound(uintptr_t start, uintptr_t end, site_word_fn *word)
{
	struct reader r = { .at = start, .end = end, .word = word };

	while (r.at < r.end && !r.bad)
		instruction(&r);
	return !r.bad && start <= end;
}
