/* SPDX-License-Identifier: BSD-2-Clause */
/* A report into memory, for tests that compare it to the letter. */
#ifndef HMS_TESTS_UNIT_MEMORY_SINK_H
#define HMS_TESTS_UNIT_MEMORY_SINK_H

#include <criterion/criterion.h>
#include <string.h>

#include "report/render.h"

struct memory_sink {
	struct hms_sink sink;
	char buf[65536];
	size_t len;
};

static void to_memory(struct hms_sink *sink, const char *bytes, size_t len)
{
	struct memory_sink *out = (struct memory_sink *)sink;

	cr_assert_leq(out->len + len, sizeof(out->buf) - 1);
	memcpy(out->buf + out->len, bytes, len);
	out->len += len;
}

#endif
