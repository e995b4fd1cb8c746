/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of hooks, the real functions behind it, and what dlsym(3) says. */
#include "shims/hooks.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "base/guard.h"
#include "base/log.h"
#include "base/text.h"
#include "config/policy.h"
#include "shims/reach.h"

#define HIDDEN __attribute__((visibility("hidden")))

#define HMS_HOOK(vendor, base, symbol, min, max, stream)                       \
	extern void hms_##symbol(void) HIDDEN;
#include "shims/hooks.def"
#undef HMS_HOOK

const struct hms_hook hms_hooks[HMS_HOOKS] = {
#define HMS_HOOK(vendor, base, symbol, min, max, stream)                       \
	{ HMS_FAMILY_##vendor, #base, #symbol, min, max, HMS_STREAM_##stream,  \
		(void *)hms_##symbol },
#include "shims/hooks.def"
#undef HMS_HOOK
};

/* The libraries that topology asks are those that programs call. */
static const struct {
	const char *vendor, *libraries;
} vendors[] = {
#define HMS_VENDOR(name, silent, libraries) { #name, libraries },
#include "engine/topology/vendor/vendors.def"
#undef HMS_VENDOR
};

static void *_Atomic reals[HMS_HOOKS];

uint32_t hms_vendors_live;
__thread unsigned hms_vendor_depth;

/* The next dlsym(3), NULL until it is known; dlsym.S reads it. */
void *hms_dlsym_next HIDDEN;

typedef void *dlsym_fn(void *handle, const char *name);

/* What dlsym.S is told; in two registers. */
struct picked {
	void *result;
	long decided; /* 0: go on to the next dlsym */
};

void hms_dlsym_resolve(void) HIDDEN;
struct picked hms_dlsym_pick(void *handle, const char *name) HIDDEN;

/* Where our own object lies; from the linker. */
extern const char __ehdr_start[] HIDDEN;
extern const char _end[] HIDDEN;

static bool is_ours(const void *p)
{
	return (const char *)p >= __ehdr_start && (const char *)p < _end;
}

/* There is always a dlsym below: libc's.  Then nothing is found. */
static void *no_dlsym(void *handle, const char *name)
{
	return NULL;
}

/*
 * dlvsym(3) is not ours, so that the way to the next one does not lead here.
 * A dlsym without a version answers to any.  Versions: glibc 2.34 moved it
 * into libc; before, each architecture's first.
 */
void hms_dlsym_resolve(void)
{
	static const char *const versions[] = { "GLIBC_2.34", "GLIBC_2.17",
		"GLIBC_2.2.5" };
	void *next = NULL;
	int saved = errno;

	for (size_t i = 0; i < 3 && !next; i++)
		next = dlvsym(RTLD_NEXT, "dlsym", versions[i]);
	hms_dlsym_next = next ? next : (void *)no_dlsym;
	errno = saved;
}

static void *next_dlsym(void *handle, const char *name)
{
	dlsym_fn *next;
	void *found;

	if (!hms_dlsym_next)
		hms_dlsym_resolve();
	next = (dlsym_fn *)hms_dlsym_next;
	found = next(handle, name);
	/* RTLD_NEXT is ours: this must be no jump. */
	__asm__ volatile("" : "+r"(found));
	return found;
}

bool hms_vendor_live(enum hms_family vendor)
{
	if (!(hms_vendors_live & 1u << vendor) || hms_vendor_depth ||
		hms_guarded())
		return false;
	hms_reach_callers |= 1u << vendor;
	return true;
}

/* "libcuda.so.1:..." -> the libraries that may be the vendor's. */
static const char *libraries_of(enum hms_family vendor)
{
	const char *name = hms_family_name(vendor);

	for (size_t i = 0; i < sizeof(vendors) / sizeof(vendors[0]); i++)
		if (!strcmp(vendors[i].vendor, name))
			return vendors[i].libraries;
	return "";
}

/* Is it code of the vendor's library, and not of somebody's stand-in? */
static bool is_vendors(enum hms_family vendor, const void *code)
{
	const char *library = libraries_of(vendor), *file, *end;
	Dl_info info;

	end = strstr(library, ".so");
	if (!end || !dladdr(code, &info) || !info.dli_fname)
		return false;
	file = strrchr(info.dli_fname, '/');
	file = file ? file + 1 : info.dli_fname;
	return !strncmp(file, library, (size_t)(end - library) + 3);
}

/* In a library that is loaded already, whoever loaded it. */
static void *in_library(const char *libraries, const char *symbol)
{
	char name[64];
	void *handle, *found = NULL;

	while (*libraries && !found) {
		size_t len = strcspn(libraries, ":");
		struct hms_text text = HMS_TEXT(name);

		name[0] = 0;
		hms_text_put(&text, libraries, len);
		libraries += len + (libraries[len] == ':');
		handle = dlopen(name, RTLD_LAZY | RTLD_NOLOAD);
		if (!handle)
			continue;
		found = next_dlsym(handle, symbol);
		dlclose(handle);
	}
	return found;
}

/*
 * What a linked program's call would have reached without us, first: another
 * library may stand in the way on purpose.
 */
static void *look_up(const char *libraries, const char *symbol)
{
	int saved = errno;
	void *found;

	hms_guard_enter();
	found = next_dlsym(RTLD_NEXT, symbol);
	if (!found || is_ours(found))
		found = in_library(libraries, symbol);
	hms_guard_leave();
	errno = saved;
	return found && !is_ours(found) ? found : NULL;
}

void *hms_real(enum hms_hook_id id)
{
	void *real = atomic_load_explicit(&reals[id], memory_order_acquire);
	void *none = NULL;

	if (real)
		return real;
	real = look_up(
		libraries_of(hms_hooks[id].vendor), hms_hooks[id].symbol);
	if (real && !atomic_compare_exchange_strong(&reals[id], &none, real))
		real = none;
	return real;
}

void *hms_library_function(
	const char *libraries, const char *symbol, void **cache)
{
	void *found = __atomic_load_n(cache, __ATOMIC_ACQUIRE);

	if (found)
		return found;
	found = look_up(libraries, symbol);
	if (found)
		__atomic_store_n(cache, found, __ATOMIC_RELEASE);
	return found;
}

void *hms_vendor_function(
	enum hms_family vendor, const char *symbol, void **cache)
{
	return hms_library_function(libraries_of(vendor), symbol, cache);
}

/*
 * Ours calls one real function.  A second copy of the library is left alone,
 * unless the first is gone.
 */
static void *substitute(const struct hms_hook *hook, void *real)
{
	void *_Atomic *slot = &reals[hook - hms_hooks];
	void *known = NULL;
	Dl_info info;

	if (is_ours(real))
		return real;
	if (atomic_compare_exchange_strong(slot, &known, real) || known == real)
		return hook->ours;
	if (!dladdr(known, &info)) {
		atomic_store_explicit(slot, real, memory_order_release);
		return hook->ours;
	}
	/* The resolver's answer may be another entry of the same function. */
	if (is_vendors(hook->vendor, known) && is_vendors(hook->vendor, real)) {
		Dl_info other;

		if (dladdr(real, &other) && other.dli_fbase == info.dli_fbase)
			return hook->ours;
	}
	hms_log_once(HMS_LOG_WARN,
		"%s is there twice; calls of the second one are left alone",
		hook->symbol);
	return real;
}

/* Which function a resolver's question means; NULL: none of the table. */
static const struct hms_hook *meant(enum hms_family vendor, const char *base,
	int version, enum hms_stream stream)
{
	for (size_t i = 0; i < HMS_HOOKS; i++) {
		const struct hms_hook *hook = &hms_hooks[i];

		if (hook->vendor == vendor && version >= hook->min &&
			version <= hook->max &&
			(hook->stream == HMS_STREAM_ANY ||
				hook->stream == stream) &&
			!strcmp(hook->base, base))
			return hook;
	}
	return NULL;
}

void *hms_hook_versioned(enum hms_family vendor, const char *base, int version,
	int known, enum hms_stream stream, void *real)
{
	const struct hms_hook *hook = meant(vendor, base, version, stream);
	bool sure = version <= known;
	int saved = errno;

	/* Where there is none of each thread's own, that of all is given. */
	if (!hook && stream == HMS_STREAM_OWN) {
		hook = meant(vendor, base, version, HMS_STREAM_LEGACY);
		sure = false;
	}
	if (hook &&
		(sure || look_up(libraries_of(vendor), hook->symbol) == real))
		real = substitute(hook, real);
	errno = saved;
	return real;
}

static const struct hms_hook *find(const char *symbol)
{
	for (size_t i = 0; i < HMS_HOOKS; i++)
		if (!strcmp(hms_hooks[i].symbol, symbol))
			return &hms_hooks[i];
	return NULL;
}

/*
 * Looking for a library may have cleared what dlerror(3) says: nothing is
 * behind us either, and that is said again.
 */
static void *not_there(const char *name)
{
	next_dlsym(RTLD_NEXT, name);
	return NULL;
}

/*
 * dlsym(3) was asked for a name that looks like a vendor's.  RTLD_NEXT is
 * about the caller, so libc must see who it is.  With our functions exported,
 * a program that asks everybody (RTLD_DEFAULT, RTLD_NEXT, dlopen(NULL)) would
 * find ours where no vendor's library is: it is to find none.
 */
struct picked hms_dlsym_pick(void *handle, const char *name)
{
	const struct picked pass = { NULL, 0 };
	struct picked picked = { NULL, 1 };
	const struct hms_hook *hook;
	int saved = errno;

	if (hms_guarded())
		return pass;
	hook = find(name);
	if (!hook)
		return pass;
	if (handle == RTLD_DEFAULT || handle == RTLD_NEXT) {
		if (hms_real((enum hms_hook_id)(hook - hms_hooks)))
			return pass;
		picked.result = not_there(name);
		return picked;
	}
	picked.result = next_dlsym(handle, name);
	if (!picked.result)
		return picked;
	if (is_ours(picked.result)) {
		if (!hms_real((enum hms_hook_id)(hook - hms_hooks)))
			picked.result = not_there(name);
	} else if (hms_vendors_live & 1u << hook->vendor &&
		   is_vendors(hook->vendor, picked.result)) {
		picked.result = substitute(hook, picked.result);
	}
	errno = saved;
	return picked;
}
