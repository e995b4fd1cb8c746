/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Feeds the demangler whatever libFuzzer finds interesting, as a symbol and
 * as what follows _Z and _R.  What it makes is a string that fits, and the
 * shortened form is no longer; a glob has an answer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/site/demangle.h"
#include "engine/site/symbols.h"
#include "tests/fuzz/fuzz.h"

static void try(const char *prefix, const uint8_t *data, size_t size)
{
	static const size_t rooms[] = { 1, 16, 300, 4096 };
	size_t len = strlen(prefix) + size;
	char *symbol = malloc(len + 1);

	if (!symbol)
		abort();
	memcpy(symbol, prefix, len - size);
	memcpy(symbol + len - size, data, size);
	symbol[len] = 0;
	for (size_t i = 0; i < sizeof(rooms) / sizeof(*rooms); i++) {
		char *buf = malloc(rooms[i]);
		size_t before;

		if (!buf)
			abort();
		if (!hms_demangle(symbol, buf, rooms[i])) {
			free(buf);
			continue;
		}
		before = strlen(buf);
		fuzz_require(before && before < rooms[i], "a name fits");
		hms_demangle_plain(buf);
		fuzz_require(strlen(buf) <= before, "plain is shorter");
		free(buf);
	}
	hms_symbol_matches("*a*::b", symbol);
	free(symbol);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_pieces_left = -1;
	try("", data, size);
	try("_Z", data, size);
	try("_R", data, size);
	return 0;
}
