/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls each function that we stand in for once, by the way that this was
 * built or is told to: linked (LINKED), or found by dlsym(3), or by one of the
 * driver's resolvers.  Says whose function that was and what it returned; the
 * double writes down what it was called with.
 *
 * Would catch: a way around HMS; a function taken for its older or newer form
 * (a location where a device is meant, four arguments for five); one for the
 * stream of all where each thread's own is meant.
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shims/hooks.h"
#include "shims/cuda_driver.h"

#define STREAM(n) ((CUstream)(uintptr_t)(n))

int calls_main(int argc, char **argv);

enum way { DLSYM, RESOLVER_4, RESOLVER_5 };

struct row {
	const char *base, *symbol;
	int min, max;
	enum hms_stream stream;
};

#define ROW_CUDA(base, symbol, min, max, stream)                               \
	{ #base, #symbol, min, max, HMS_STREAM_##stream },
#define ROW_HIP(base, symbol, min, max, stream)
#define ROW_ZE(base, symbol, min, max, stream)
#define HMS_HOOK(vendor, base, symbol, min, max, stream)                       \
	ROW_##vendor(base, symbol, min, max, stream)
static const struct row rows[] = {
#include "shims/hooks.def"
};
#undef HMS_HOOK
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static enum way way;
static void *library;
static __typeof__(&cuGetProcAddress) resolve_4;
static __typeof__(&cuGetProcAddress_v2) resolve_5;

static const char *owner(const void *function)
{
	Dl_info info;
	const char *slash;

	if (!function || !dladdr(function, &info))
		return "nobody";
	slash = strrchr(info.dli_fname, '/');
	return slash ? slash + 1 : info.dli_fname;
}

static void *resolve(const char *base, int version, unsigned flags)
{
	void *out = NULL;
	unsigned status = 99;

	if (way == RESOLVER_4)
		return resolve_4(base, &out, version, flags) ? NULL : out;
	if (resolve_5(base, &out, version, flags, (void *)&status))
		return NULL;
	if ((status == 0) != (out != NULL))
		printf("%s %d: status %u, but %s\n", base, version, status,
			out ? "found" : "not found");
	return out;
}

static const struct row *row_of(const char *symbol)
{
	for (size_t i = 0; i < ROWS; i++)
		if (!strcmp(rows[i].symbol, symbol))
			return &rows[i];
	printf("%s is not in hooks.def\n", symbol);
	exit(1);
}

#ifdef LINKED
#define FIND(symbol) (symbol)
#else
static void *find(const char *symbol)
{
	const struct row *row = row_of(symbol);
	const int max = row->max == HMS_VERSION_ANY ? 13000 : row->max;

	if (way == DLSYM)
		return dlsym(library, symbol);
	return resolve(row->base, max, row->stream == HMS_STREAM_OWN ? 2 : 0);
}
#define FIND(symbol) ((__typeof__(&(symbol)))find(#symbol))
#endif

/* Versions and flags at the edges of each row: is it this row's function? */
static void edges(const struct row *row)
{
	const int max = row->max == HMS_VERSION_ANY ? 13000 : row->max;
	const void *mine = dlsym(library, row->symbol);
	const unsigned flags[] = { 0, 1, 2 };

	for (size_t i = 0; i < 3; i++) {
		bool meant = row->stream == HMS_STREAM_ANY ||
			     (row->stream == HMS_STREAM_OWN) == (flags[i] == 2);
		bool at_min = resolve(row->base, row->min, flags[i]) == mine;
		bool at_max = resolve(row->base, max, flags[i]) == mine;
		bool before =
			resolve(row->base, row->min - 1, flags[i]) == mine;
		bool after = max != 13000 &&
			     resolve(row->base, max + 1, flags[i]) == mine;

		printf("%s flags %u: %s %s %s %s%s\n", row->symbol, flags[i],
			at_min ? "min" : "-", at_max ? "max" : "-",
			before ? "BEFORE" : "-", after ? "AFTER" : "-",
			meant ? "" : " (another is meant)");
	}
}

static void call_all(void)
{
	static char buffer[4096];
	CUdeviceptr memory = 0, base = 0;
	size_t size = 0, four = 4096, four_ = 0, none = 0;
	unsigned number = 0;
	CUmem_range_attribute attribute = 4;
	CUmemLocation place = { 1, 1 };
	CUmemAllocationProp prop = { .location = { 1, 1 } };
	CUmemAccessDesc access_ = { .flags = 3 };
	CUmemPoolProps props = { .type = 1, .location = { 1, 1 } };
	CUlaunchConfig launch = { 1, 2, 3, 4, 5, 6, 7, STREAM(31), NULL, 0 };
	CUlaunchConfig launch_own = { 7, 6, 5, 4, 3, 2, 1, STREAM(32), NULL,
		0 };
	CUmemGenericAllocationHandle physical = 0;
	CUipcMemHandle handle = { { 0 } };
	CUmemoryPool pool = NULL;
	CUgraph graph;
	CUgraphNode node;
	CUexternalMemory external;
	void *out = NULL;

	handle.reserved[63] = 42;
#define CALL(symbol, ...)                                                      \
	do {                                                                   \
		__typeof__(&(symbol)) fn = FIND(symbol);                       \
		printf("%s of %s: %d\n", #symbol, owner((void *)fn),           \
			fn ? fn(__VA_ARGS__) : -1);                            \
	} while (0);
#include "tests/vendor/calls_cuda.def"
#undef CALL
}

static void *must(const char *symbol)
{
	void *found = dlsym(library, symbol);

	if (!found) {
		printf("no %s: %s\n", symbol, dlerror());
		exit(1);
	}
	return found;
}

int calls_main(int argc, char **argv)
{
	CUresult (*init)(unsigned), (*retain)(CUcontext *, CUdevice);
	CUresult (*set)(CUcontext);
	CUcontext context;

	library = dlopen("libcuda.so.1", RTLD_NOW);
	if (!library) {
		printf("no driver: %s\n", dlerror());
		return 1;
	}
	resolve_4 = (__typeof__(resolve_4))must("cuGetProcAddress");
	resolve_5 = (__typeof__(resolve_5))must("cuGetProcAddress_v2");
	way = argc > 1 && !strcmp(argv[1], "resolver-4")   ? RESOLVER_4
	      : argc > 1 && !strcmp(argv[1], "resolver-5") ? RESOLVER_5
							   : DLSYM;
	init = (__typeof__(init))must("cuInit");
	retain = (__typeof__(retain))must("cuDevicePrimaryCtxRetain");
	set = (__typeof__(set))must("cuCtxSetCurrent");
	if (init(0) || retain(&context, 0) || set(context))
		return 1;
	if (argc > 2 && !strcmp(argv[2], "edges"))
		for (size_t i = 0; i < ROWS; i++)
			edges(&rows[i]);
	else
		call_all();
	(void)row_of;
	return 0;
}

#ifndef PLUGIN
int main(int argc, char **argv)
{
	return calls_main(argc, argv);
}
#endif
