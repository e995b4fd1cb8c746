/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/heap/instance.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/aside.h"
#include "base/sys.h"
#include "engine/heap/window.h"

#define INSTANCE_ROW(n, p)                                                     \
	{ p##malloc, p##calloc, p##realloc, p##free, p##memalign,              \
		p##malloc_usable_size, p##mallctl, p##mallocx, p##rallocx },
const struct hms_instance hms_instances[HMS_INSTANCES] = { HMS_EACH_INSTANCE(
	INSTANCE_ROW) };

struct fork_handlers {
	void (*prepare)(void);
	void (*parent)(void);
	void (*child)(void);
};

/*
 * Whoever starts one has this.  A child of fork() would find one half started
 * by a thread that it does not have, and wait for it for ever.
 */
static pthread_mutex_t starting = PTHREAD_MUTEX_INITIALIZER;
/* What a starting one calls may allocate: it copes with that by itself. */
static __thread bool is_starting __attribute__((tls_model("initial-exec")));

/* What each instance wanted to register; it does so when it starts. */
static struct fork_handlers handlers[HMS_INSTANCES];

/*
 * Where a starting jemalloc tries out madvise.  It asks for a page and writes
 * to it unseen, so it must not be refused one: a process may have used up
 * its mappings before a rule is first hit.
 */
#define TRIAL_SIZE 4096
static char trials[HMS_INSTANCES][TRIAL_SIZE]
	__attribute__((aligned(TRIAL_SIZE)));

static void *instance_mmap(
	unsigned n, void *addr, size_t len, int prot, int flags)
{
	if (len == TRIAL_SIZE && !hms_instance_started(n))
		return trials[n];
	return hms_window_mmap(n, addr, len, prot, flags);
}

static int instance_munmap(void *addr, size_t len)
{
	uintptr_t offset = (uintptr_t)addr - (uintptr_t)trials;

	return offset < sizeof(trials) ? 0 : hms_window_munmap(addr, len);
}

static int keep_handlers(unsigned n, void (*prepare)(void),
	void (*parent)(void), void (*child)(void))
{
	handlers[n].parent = parent;
	handlers[n].child = child;
	__atomic_store_n(&handlers[n].prepare, prepare, __ATOMIC_RELEASE);
	return 0;
}

/*
 * jemalloc(3), TUNING.  Threads' caches hold twice as many blocks of the larger
 * small sizes, and are swept every 512 KiB instead of every 64: `bench/run -p
 * alloc` shows what that gains, and that resident memory stays where plain
 * jemalloc's is.
 */
#define NSLOTS_MUL 2
#define GC_INCR_BYTES ((size_t)512 << 10)

/*
 * What an instance gets instead of libc's functions (private-jemalloc.sh),
 * and its settings.  No brk: its memory lies in no window.
 */
#define INSTANCE_NEEDS(n, p)                                                   \
	void *p##mmap(void *addr, size_t len, int prot, int flags, int fd,     \
		off_t off) HMS_HIDDEN;                                         \
	int p##munmap(void *addr, size_t len) HMS_HIDDEN;                      \
	int p##pthread_atfork(void (*prepare)(void), void (*parent)(void),     \
		void (*child)(void)) HMS_HIDDEN;                               \
	extern ssize_t p##opt_lg_tcache_nslots_mul HMS_HIDDEN;                 \
	extern size_t p##opt_tcache_gc_incr_bytes HMS_HIDDEN;                  \
	extern const char *p##malloc_conf HMS_HIDDEN;                          \
	const char *p##malloc_conf = "dss:disabled";                           \
	void *p##mmap(void *addr, size_t len, int prot, int flags, int fd,     \
		off_t off)                                                     \
	{                                                                      \
		return instance_mmap(n, addr, len, prot, flags);               \
	}                                                                      \
	int p##munmap(void *addr, size_t len)                                  \
	{                                                                      \
		return instance_munmap(addr, len);                             \
	}                                                                      \
	int p##pthread_atfork(void (*prepare)(void), void (*parent)(void),     \
		void (*child)(void))                                           \
	{                                                                      \
		return keep_handlers(n, prepare, parent, child);               \
	}
HMS_EACH_INSTANCE(INSTANCE_NEEDS)

void hms_instance_tune(unsigned instance)
{
#define TUNE(n, p)                                                             \
	if (instance == n) {                                                   \
		p##opt_lg_tcache_nslots_mul = NSLOTS_MUL;                      \
		p##opt_tcache_gc_incr_bytes = GC_INCR_BYTES;                   \
	}
	HMS_EACH_INSTANCE(TUNE)
#undef TUNE
}

int hms_instance_started(unsigned n)
{
	return __atomic_load_n(&handlers[n].prepare, __ATOMIC_ACQUIRE) != NULL;
}

static void start(void *instance)
{
	const struct hms_instance *i = instance;

	i->free(i->malloc(1));
}

void hms_instances_lock(void)
{
	pthread_mutex_lock(&starting);
}

void hms_instances_unlock(void)
{
	pthread_mutex_unlock(&starting);
}

void hms_instance_start(unsigned n)
{
	struct hms_instance instance = hms_instances[n];
	int saved = errno;
	uint64_t mask;

	if (hms_instance_started(n) || is_starting)
		return;
	/* A handler that allocates would wait for this thread. */
	mask = hms_sys_block_signals();
	hms_instances_lock();
	is_starting = true;
	if (!hms_instance_started(n))
		hms_aside_once(start, &instance);
	is_starting = false;
	hms_instances_unlock();
	hms_sys_restore_signals(mask);
	errno = saved;
}

void hms_instances_before_fork(void)
{
	hms_instances_lock();
	for (unsigned n = 0; n < HMS_INSTANCES; n++)
		if (hms_instance_started(n))
			handlers[n].prepare();
}

void hms_instances_after_fork(int child)
{
	for (unsigned n = HMS_INSTANCES; n-- > 0;)
		if (hms_instance_started(n))
			(child ? handlers[n].child : handlers[n].parent)();
	hms_instances_unlock();
}
