/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Is what the program calls really ours?  A program that brings an allocator
 * of its own, or a library that was preloaded before us, takes calls away;
 * rules about those calls could never match, and silence would look like a
 * bug of ours.
 */
#include <dlfcn.h>
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

/* Our own object; dladdr(3) of something that only we can contain. */
static const void *object_of(const void *address)
{
	Dl_info info;

	return dladdr(address, &info) ? info.dli_fbase : NULL;
}

static bool family_ruled(enum hms_family family)
{
	const struct hms_policy *policy = hms_process.policy;

	for (unsigned i = 0; i < policy->nrules; i++)
		for (unsigned api = 0; api < HMS_APIS; api++)
			if (policy->rules[i].apis & HMS_API_BIT(api) &&
				hms_api_family(api) == family)
				return true;
	return false;
}

void hms_selftest(void)
{
	const void *ours = object_of(&hooks);
	uint32_t live = 0, dead = 0;

	for (size_t i = 0; i < sizeof(hooks) / sizeof(hooks[0]); i++) {
		const struct hook *hook = &hooks[i];
		const void *found = dlsym(RTLD_DEFAULT, hook->symbol);
		const char *other = "another object";
		Dl_info info;

		if (!(hms_process.options.shims & (1u << hook->family)))
			continue;
		if (object_of(found) == ours) {
			live |= 1u << hook->family;
			continue;
		}
		if (!family_ruled(hook->family))
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
