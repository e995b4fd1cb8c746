/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Functions of vendors' libraries that we stand in for (hooks.def), and the
 * real ones behind ours.
 *
 * A program reaches them in three ways, and each of them leads here: by
 * symbol, because ours are exported and come first; by dlsym(3), which is
 * hooked (dlsym.S); by the vendor's own resolver, cuGetProcAddress and kin,
 * whose results the vendor's file passes through hms_hook_versioned().
 *
 * No vendor's library is ever loaded from here, and none is looked for before
 * the program calls.  A function that is not there is NULL.
 *
 * All functions may be called by any thread at any moment; they keep errno and
 * hold no lock.
 */
#ifndef HMS_SHIMS_HOOKS_H
#define HMS_SHIMS_HOOKS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "config/call.h"

/* Which default stream a function means. */
enum hms_stream {
	HMS_STREAM_ANY, /* it takes no stream: one function for both */
	HMS_STREAM_LEGACY,
	HMS_STREAM_OWN, /* each thread's own: _ptsz, _spt */
};

struct hms_hook {
	enum hms_family vendor;
	const char *base; /* as resolvers know it: "cuMemAlloc" */
	const char *symbol; /* as exported: "cuMemAlloc_v2" */
	int min, max; /* versions that mean this function, inclusive */
	enum hms_stream stream;
	void *ours;
};

enum hms_hook_id {
#define HMS_HOOK(vendor, base, symbol, min, max, stream) HMS_HOOK_##symbol,
#include "shims/hooks.def"
#undef HMS_HOOK
	HMS_HOOKS,
};

extern const struct hms_hook hms_hooks[HMS_HOOKS]
	__attribute__((visibility("hidden")));

/*
 * Bit 1 << enum hms_family: calls of that vendor are to be looked at.  While
 * a bit is clear, resolvers answer as if we were not there, and our exported
 * functions do no more than to call the real ones.  Set once, at start.
 */
extern uint32_t hms_vendors_live __attribute__((visibility("hidden")));

/*
 * A vendor's library that is called by one of ours may come back here; then
 * its calls are its own affair, and pass.
 */
extern __thread unsigned hms_vendor_depth
	__attribute__((tls_model("initial-exec"), visibility("hidden")));

/* Is a call of this vendor ours to look at, and not one of our own? */
bool hms_vendor_live(enum hms_family vendor);

/*
 * Exports a function of ours, hms_NAME, as NAME.  The table holds the hidden
 * one: a program's own function of that name must not get into it.
 */
#define HMS_EXPORT_HOOK(name)                                                  \
	extern __typeof__(hms_##name) name                                     \
		__attribute__((alias("hms_" #name), visibility("default")))

/* The real function, or NULL.  The first call of each looks it up. */
void *hms_real(enum hms_hook_id id);
/* The same with its type, as the vendor's own header of ours declares it. */
#define HMS_REAL(symbol) ((__typeof__(&(symbol)))hms_real(HMS_HOOK_##symbol))

/*
 * A function of the vendor that no program's call goes through; NULL: not
 * there.  cache: the caller's own, static.
 */
void *hms_vendor_function(
	enum hms_family vendor, const char *symbol, void **cache);

/* The same of other libraries, "libfoo.so.2:libfoo.so.1". */
void *hms_library_function(
	const char *libraries, const char *symbol, void **cache);

/*
 * A resolver of the vendor answered real, not NULL, when it was asked for
 * base.  What the program is to get: ours if it is that very function of that
 * version, else real.  known: versions up to this one are in the table; above
 * it, only a function that is exported by the table's name is taken for it.
 */
void *hms_hook_versioned(enum hms_family vendor, const char *base, int version,
	int known, enum hms_stream stream, void *real);

#define HMS_VERSION_ANY INT_MAX

#endif
