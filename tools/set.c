/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/set.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/machine.h"

#define NUMBERS_MAX 65536 /* far more than any machine has CPUs */
#define WORDS(n) (((n) + 31) / 32)

void set_add(struct set *set, unsigned bit)
{
	if (bit / 32 >= set->nwords) {
		unsigned n = WORDS(bit + 1);
		uint32_t *words = tool_alloc(n, sizeof(*words));

		if (set->nwords)
			memcpy(words, set->words, set->nwords * sizeof(*words));
		free(set->words);
		set->words = words;
		set->nwords = n;
	}
	set->words[bit / 32] |= 1u << bit % 32;
}

bool set_has(const struct set *set, unsigned bit)
{
	return bit / 32 < set->nwords && (set->words[bit / 32] >> bit % 32 & 1);
}

void set_put(FILE *out, const char *name, const struct set *set)
{
	unsigned n = set->nwords;

	while (n && !set->words[n - 1])
		n--;
	fprintf(out, " %s=\"", name);
	if (!n)
		fputs("0x0", out);
	while (n--)
		fprintf(out, "0x%08" PRIx32 "%s", set->words[n], n ? "," : "");
	fputc('"', out);
}

void set_parse(struct set *set, const char *list)
{
	while (list && isdigit((unsigned char)*list)) {
		char *end;
		unsigned long first = strtoul(list, &end, 10), last = first;

		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		for (; first <= last && first < NUMBERS_MAX; first++)
			set_add(set, (unsigned)first);
		list = *end == ',' ? end + 1 : NULL;
	}
}
