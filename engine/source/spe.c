/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/source/spe.h"

#include <string.h>

enum packet {
	PADDING,
	END,
	TIMESTAMP, /* ends a record too */
	ADDRESS,
	COUNTER,
	OPERATION,
	OTHER, /* known, of no use here */
	BAD,
};

/* What a header of one byte, or the second of two, says. */
static enum packet kind_of(uint8_t header)
{
	switch (header) {
	case 0x00:
		return PADDING;
	case 0x01:
		return END;
	case 0x71:
		return TIMESTAMP;
	}
	/* 10110xxx: address, 10011xxx: counter */
	if ((header & 0xf8) == 0xb0)
		return ADDRESS;
	if ((header & 0xf8) == 0x98)
		return COUNTER;
	/* 010010xx: operation, 011001xx: context */
	if ((header & 0xfc) == 0x48)
		return OPERATION;
	if ((header & 0xfc) == 0x64)
		return OTHER;
	/* 01xx0010: events, 01xx0011: data source */
	if ((header & 0xcf) == 0x42 || (header & 0xcf) == 0x43)
		return OTHER;
	return BAD;
}

/* Bits 5:4 of a header: log2 of the bytes of payload. */
static size_t payload_bytes(uint8_t header)
{
	return (size_t)1 << (header >> 4 & 3);
}

static uint64_t payload(const uint8_t *bytes, size_t n)
{
	uint64_t value = 0;

	for (size_t i = 0; i < n; i++)
		value |= (uint64_t)bytes[i] << 8 * i;
	return value;
}

struct header {
	enum packet kind;
	unsigned index;
	size_t bytes; /* of the header */
	size_t payload;
};

/* False: more bytes are needed. */
static bool read_header(const uint8_t *p, size_t len, struct header *out)
{
	uint8_t first = p[0];

	out->bytes = 1;
	out->index = first & 7;
	out->kind = kind_of(first);
	if ((first & 0xfc) == 0x20) { /* extended: 001000xx and one more */
		if (len < 2)
			return false;
		out->bytes = 2;
		out->index = (unsigned)(first & 3) << 3 | (p[1] & 7);
		out->kind = kind_of(p[1]);
		if (p[1] == 0) { /* alignment: up to 2^(n + 1) bytes of 0 */
			out->kind = PADDING;
		} else if (out->kind != ADDRESS && out->kind != COUNTER) {
			out->kind = BAD;
		}
	}
	out->payload = 0;
	if (out->kind != PADDING && out->kind != END && out->kind != BAD)
		out->payload = payload_bytes(p[out->bytes - 1]);
	return len >= out->bytes + out->payload;
}

static void take(
	const struct header *header, uint64_t value, struct hms_spe_record *out)
{
	switch (header->kind) {
	case ADDRESS:
		/* Index 2: virtual address of data; the top byte is a tag. */
		if (header->index == 2)
			out->addr = value & ((UINT64_C(1) << 56) - 1);
		break;
	case COUNTER:
		if (header->index == 0)
			out->latency = (uint16_t)value;
		break;
	case OPERATION:
		/* Class 1: load, store or atomic; bit 0 of the payload. */
		out->load_store = (header->index & 3) == 1;
		out->store = out->load_store && (value & 1);
		break;
	default:
		break;
	}
}

size_t hms_spe_decode(const uint8_t *bytes, size_t len,
	void (*fn)(const struct hms_spe_record *record, void *arg), void *arg)
{
	struct hms_spe_record record = { 0 };
	struct header header;
	size_t at = 0, used = 0;
	bool good = true, begun = false;

	while (at < len && read_header(bytes + at, len - at, &header)) {
		uint64_t value =
			payload(bytes + at + header.bytes, header.payload);

		at += header.bytes + header.payload;
		if (header.kind == END || header.kind == TIMESTAMP) {
			if (good && begun)
				fn(&record, arg);
			memset(&record, 0, sizeof(record));
			good = true;
			begun = false;
			used = at;
			continue;
		}
		if (header.kind == BAD)
			good = false;
		else if (header.kind == PADDING && !begun && good)
			used = at;
		else if (header.kind != PADDING)
			begun = true;
		take(&header, value, &record);
	}
	/* Never stuck on bytes that no record can have. */
	return used == 0 && len >= 4096 ? len : used;
}
