/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Feeds libunwind, through our rules for return addresses, whatever libFuzzer
 * finds interesting, as a module with its unwind table.  Pages before and after
 * the module cannot be read.  What comes out is a rule of a known form, soon.
 *
 * Input: where the table's head is and where code is, 2 bytes each, and the
 * module.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "engine/site/unwind.h"
#include "tests/fuzz/fuzz.h"

#define PAGE 4096

static struct dl_find_object module;

int __real__dl_find_object(void *addr, struct dl_find_object *out);
int __wrap__dl_find_object(void *addr, struct dl_find_object *out);

int __wrap__dl_find_object(void *addr, struct dl_find_object *out)
{
	if (!module.dlfo_map_start)
		return __real__dl_find_object(addr, out);
	if (addr < module.dlfo_map_start || addr >= module.dlfo_map_end)
		return -1;
	*out = module;
	return 0;
}

static char *load(const uint8_t *data, size_t size)
{
	static char *room;

	if (!room) {
		if (site_unwind_load())
			exit(0); /* there is no libunwind */
		room = mmap(NULL, 3 * PAGE, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (room == MAP_FAILED ||
			mprotect(room + PAGE, PAGE, PROT_READ | PROT_WRITE))
			abort();
	}
	memset(room + PAGE, 0, PAGE);
	memcpy(room + PAGE, data, size);
	return room + PAGE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct site_rule rule;
	uintptr_t start, end;
	uint16_t at[2];
	char *room;

	if (size < sizeof(at) + 64 || size > sizeof(at) + PAGE)
		return 0;
	memcpy(at, data, sizeof(at));
	size -= sizeof(at);
	room = load(data + sizeof(at), size);
	module.dlfo_map_start = room;
	module.dlfo_map_end = room + PAGE;
	module.dlfo_eh_frame = room + at[0] % PAGE;
	for (unsigned i = 0; i < 8; i++) {
		site_unwind_rule((uintptr_t)room + (at[1] + i) % PAGE, &rule,
			&start, &end);
		fuzz_require(
			rule.base <= SITE_SIGNAL && rule.saved <= SITE_LOST,
			"a rule of a known form");
	}
	module.dlfo_map_start = NULL;
	return 0;
}
