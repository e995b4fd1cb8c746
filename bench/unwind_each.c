/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * To compare with, never to be used: each allocation takes one lock for the
 * whole process and unwinds its stack under it, each free takes that lock.
 * So works FlexMalloc (github.com/intel/flexmalloc, malloc-interposer.cxx:
 * malloc, free), with glibc's backtrace().  What it then does to compare
 * stacks and to keep headers is left out, so that this is less than it costs.
 *
 *	LD_PRELOAD="libunwind_each.so libjemalloc.so.2" BENCH_UNWIND=HOW:DEPTH
 *
 * HOW is libunwind (unw_backtrace, which remembers frames per thread) or libc
 * (backtrace).  BENCH_UNWIND_COUNT=PATH: at exit, calls and frames are written
 * there.
 */
#define UNW_LOCAL_ONLY
#include <dlfcn.h>
#include <libunwind.h>
#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))
#define MOST 128

static struct {
	void *(*malloc)(size_t);
	void *(*calloc)(size_t, size_t);
	void *(*realloc)(void *, size_t);
	int (*posix_memalign)(void **, size_t, size_t);
	void *(*aligned_alloc)(size_t, size_t);
	void (*free)(void *);
	size_t (*malloc_usable_size)(void *);
} next;

/* For what dlsym allocates while the above is filled. */
static char early[1 << 12] __attribute__((aligned(16)));
static size_t early_used;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static __thread bool inside __attribute__((tls_model("initial-exec")));
static int depth; /* 0: not started */
/* glibc's own: libunwind exports the name, too.  NULL: libunwind's. */
static int (*libc_backtrace)(void **, int);
static unsigned long calls, frames;

static void *early_alloc(size_t size)
{
	void *block = early + early_used;

	size = (size + 15) & ~(size_t)15;
	if (size > sizeof(early) - early_used)
		abort();
	early_used += size;
	return block;
}

static bool is_early(const void *block)
{
	return (const char *)block >= early &&
	       (const char *)block < early + sizeof(early);
}

#define NEXT(name) (next.name = (__typeof__(next.name))dlsym(RTLD_NEXT, #name))

/* Libraries allocate before our constructor runs. */
static bool ready(void)
{
	static bool asked;

	if (asked)
		return next.malloc;
	asked = true;
	NEXT(free);
	NEXT(malloc_usable_size);
	NEXT(posix_memalign);
	NEXT(aligned_alloc);
	NEXT(realloc);
	NEXT(calloc);
	NEXT(malloc);
	return true;
}

static void unlock(void)
{
	pthread_mutex_unlock(&lock);
}

static void take(void)
{
	pthread_mutex_lock(&lock);
}

/* Begins an allocation; false: one by the unwinder itself. */
static bool begin(void)
{
	void *address[MOST];
	int got;

	if (inside || !depth)
		return false;
	inside = true;
	take();
	got = libc_backtrace ? libc_backtrace(address, depth)
			     : unw_backtrace(address, depth);
	calls++;
	frames += (unsigned long)(got > 0 ? got : 0);
	return true;
}

static void end(bool begun)
{
	if (!begun)
		return;
	unlock();
	inside = false;
}

#define COUNTED(type, call)                                                    \
	({                                                                     \
		bool begun_ = begin();                                         \
		type result_ = (call);                                         \
                                                                               \
		end(begun_);                                                   \
		result_;                                                       \
	})

EXPORT void *malloc(size_t size)
{
	return ready() ? COUNTED(void *, next.malloc(size)) : early_alloc(size);
}

EXPORT void *calloc(size_t n, size_t size)
{
	return ready() ? COUNTED(void *, next.calloc(n, size))
		       : early_alloc(n * size);
}

EXPORT void *realloc(void *block, size_t size)
{
	void *moved;

	if (!is_early(block) && ready())
		return COUNTED(void *, next.realloc(block, size));
	moved = malloc(size);
	if (moved && block) {
		size_t room = (size_t)(early + sizeof(early) - (char *)block);

		memcpy(moved, block, size < room ? size : room);
	}
	return moved;
}

EXPORT int posix_memalign(void **block, size_t align, size_t size)
{
	return COUNTED(int, next.posix_memalign(block, align, size));
}

EXPORT void *aligned_alloc(size_t align, size_t size)
{
	return COUNTED(void *, next.aligned_alloc(align, size));
}

EXPORT void *memalign(size_t align, size_t size)
{
	return aligned_alloc(align, size);
}

EXPORT void free(void *block)
{
	bool mine = !inside && depth;

	if (!block || is_early(block))
		return;
	if (mine)
		take();
	next.free(block);
	if (mine)
		unlock();
}

EXPORT size_t malloc_usable_size(void *block)
{
	return next.malloc_usable_size(block);
}

__attribute__((constructor)) static void start(void)
{
	const char *how = getenv("BENCH_UNWIND");
	const char *colon = how ? strchr(how, ':') : NULL;
	int wanted = colon ? atoi(colon + 1) : MOST;
	void *address[1];

	ready();
	if (how && !strncmp(how, "libc:", 5)) {
		libc_backtrace = (__typeof__(libc_backtrace))dlsym(
			dlopen("libc.so.6", RTLD_LAZY), "backtrace");
		if (!libc_backtrace)
			abort();
		libc_backtrace(address, 1); /* loads libgcc_s */
	}
	pthread_atfork(take, unlock, unlock);
	depth = wanted > 0 && wanted < MOST ? wanted : MOST;
}

__attribute__((destructor)) static void stop(void)
{
	const char *path = getenv("BENCH_UNWIND_COUNT");
	FILE *file;

	depth = 0;
	file = path ? fopen(path, "a") : NULL;
	if (file) {
		fprintf(file, "%lu %lu\n", calls, frames);
		fclose(file);
	}
}
