/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Prints the sites of two calls; with an argument their hints, and the digit
 * that should be the first; see sites.sh.
 */
#include <stdio.h>

#include "engine/site/hint.h"
#include "engine/site/walk.h"

static __attribute__((noinline)) struct hms_stack ask(void)
{
	struct hms_stack stack = { 0 };

	hms_walk(__builtin_return_address(0), false, &stack);
	return stack;
}

int main(int argc, char **argv)
{
	struct hms_stack first, second;

	if (argc > 1)
		hms_sites_want_hints();
	if (hms_sites_start(NULL, 0))
		return 1;
	first = ask();
	second = ask();
	if (argc > 1)
		printf("%08x %08x %x\n", first.hint, second.hint,
			site_hint_of_symbol("main"));
	else
		printf("%016llx %016llx\n", (unsigned long long)first.site,
			(unsigned long long)second.site);
	return 0;
}
