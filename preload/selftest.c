/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Is what the program calls really ours?  A program that brings an allocator
 * of its own, or a library that was preloaded before us, takes calls away;
 * rules about those calls could never match, and silence would look like a
 * bug of ours.
 */
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stddef.h>

#include "base/log.h"
#include "engine/engine.h"
#include "preload/preload.h"
#include "report/status.h"

struct hook {
	enum hms_family family;
	const char *symbol;
};

/* One call stands for its family: they come and go together. */
static const struct hook hooks[] = {
	{ HMS_FAMILY_HEAP, "malloc" },
	{ HMS_FAMILY_MAP, "mmap" },
	{ HMS_FAMILY_BRK, "sbrk" },
};

/*
 * Does this address lead to us?  It is in our own object, or it is the stub
 * that a program at a fixed address has for a function that it imports.
 */
static bool leads_here(const void *address)
{
	const ElfW(Sym) *symbol = NULL;
	Dl_info found, ours;

	if (!address || !dladdr(&hooks, &ours) ||
		!dladdr1(address, &found, (void **)&symbol, RTLD_DL_SYMENT))
		return false;
	return found.dli_fbase == ours.dli_fbase ||
	       (symbol && symbol->st_shndx == SHN_UNDEF);
}

void hms_selftest(void)
{
	uint32_t live = 0, dead = 0;

	for (size_t i = 0; i < sizeof(hooks) / sizeof(hooks[0]); i++) {
		const struct hook *hook = &hooks[i];
		const void *found = dlsym(RTLD_DEFAULT, hook->symbol);
		const char *other = "another object";
		Dl_info info;

		if (!(hms_process.options.shims & (1u << hook->family)))
			continue;
		if (leads_here(found)) {
			live |= 1u << hook->family;
			continue;
		}
		if (!hms_family_ruled(hook->family))
			continue;
		dead |= 1u << hook->family;
		if (dladdr(found, &info) && info.dli_fname)
			other = info.dli_fname;
		hms_log(HMS_LOG_ERROR,
			"%s: %s() is %s's own, so rules for %s calls cannot act",
			hms_process.program, hook->symbol, other,
			hms_family_name(hook->family));
	}
	hms_status->families_live = live;
	hms_status->families_dead = dead;
}
