/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/heap/keep.h"

#include <pthread.h>
#include <sys/mman.h>

#include "base/sys.h"

/* Of each kind; the memory of more goes back when a thread ends. */
#define SPARES 64

struct hms_cache hms_cache_none;
struct hms_keep hms_keep_none = {
	.of = { [0 ... HMS_SLOTS] = &hms_cache_none },
};
__thread struct hms_keep *hms_keep = &hms_keep_none;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct hms_keep *all, *spare_keeps;
static struct hms_cache *spare_caches;
static unsigned nspare_keeps, nspare_caches;
/* By slot: of threads that a fork left behind. */
static struct hms_cache *orphans[HMS_SLOTS];
static bool any_orphans;

static void *map(size_t size)
{
	void *p = hms_sys_mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return hms_sys_failed(p) ? NULL : p;
}

bool hms_keep_make(void)
{
	struct hms_keep *keep;

	pthread_mutex_lock(&lock);
	keep = spare_keeps;
	if (keep) {
		spare_keeps = keep->next;
		nspare_keeps--;
	}
	pthread_mutex_unlock(&lock);
	if (!keep)
		keep = map(sizeof(*keep));
	if (!keep)
		return false;
	*keep = hms_keep_none;
	pthread_mutex_lock(&lock);
	keep->next = all;
	if (all)
		all->prev = keep;
	all = keep;
	hms_keep = keep;
	pthread_mutex_unlock(&lock);
	return true;
}

/* Called with the lock. */
static void forget(struct hms_keep *keep)
{
	if (keep->prev)
		keep->prev->next = keep->next;
	else
		all = keep->next;
	if (keep->next)
		keep->next->prev = keep->prev;
}

void hms_keep_drop(void)
{
	struct hms_keep *keep = hms_keep;

	if (keep == &hms_keep_none)
		return;
	hms_keep = &hms_keep_none;
	pthread_mutex_lock(&lock);
	forget(keep);
	if (nspare_keeps < SPARES) {
		keep->next = spare_keeps;
		spare_keeps = keep;
		nspare_keeps++;
		keep = NULL;
	}
	pthread_mutex_unlock(&lock);
	if (keep)
		hms_sys_munmap(keep, sizeof(*keep));
}

struct hms_cache *hms_cache_get(void)
{
	struct hms_cache *cache;

	pthread_mutex_lock(&lock);
	cache = spare_caches;
	if (cache) {
		spare_caches = cache->next;
		nspare_caches--;
	}
	pthread_mutex_unlock(&lock);
	return cache ? cache : map(sizeof(*cache));
}

void hms_cache_put(struct hms_cache *cache)
{
	pthread_mutex_lock(&lock);
	if (nspare_caches < SPARES) {
		cache->next = spare_caches;
		spare_caches = cache;
		nspare_caches++;
		cache = NULL;
	}
	pthread_mutex_unlock(&lock);
	if (cache)
		hms_sys_munmap(cache, sizeof(*cache));
}

struct hms_cache *hms_cache_orphan(unsigned slot)
{
	struct hms_cache *cache;

	if (!__atomic_load_n(&any_orphans, __ATOMIC_RELAXED))
		return NULL;
	pthread_mutex_lock(&lock);
	cache = orphans[slot];
	if (cache)
		orphans[slot] = cache->next;
	pthread_mutex_unlock(&lock);
	return cache;
}

void hms_keep_each(
	void (*fn)(const struct hms_cache *cache, void *arg), void *arg)
{
	pthread_mutex_lock(&lock);
	for (struct hms_keep *keep = all; keep; keep = keep->next)
		for (unsigned slot = 0; slot < HMS_SLOTS; slot++) {
			const struct hms_cache *cache = __atomic_load_n(
				&keep->of[slot], __ATOMIC_ACQUIRE);

			if (cache != &hms_cache_none)
				fn(cache, arg);
		}
	for (unsigned slot = 0; slot < HMS_SLOTS; slot++)
		for (struct hms_cache *cache = orphans[slot]; cache;
			cache = cache->next)
			fn(cache, arg);
	pthread_mutex_unlock(&lock);
}

void hms_keep_before_fork(void)
{
	pthread_mutex_lock(&lock);
}

/* The child has one thread; what the others kept is nobody's now. */
static void leave_behind(struct hms_keep *keep)
{
	for (unsigned slot = 0; slot < HMS_SLOTS; slot++) {
		struct hms_cache *cache = keep->of[slot];

		if (cache == &hms_cache_none)
			continue;
		cache->next = orphans[slot];
		orphans[slot] = cache;
		any_orphans = true;
	}
	forget(keep);
	keep->next = spare_keeps;
	spare_keeps = keep;
	nspare_keeps++;
}

void hms_keep_after_fork(bool child)
{
	struct hms_keep *keep = child ? all : NULL;

	while (keep) {
		struct hms_keep *next = keep->next;

		if (keep != hms_keep)
			leave_behind(keep);
		keep = next;
	}
	pthread_mutex_unlock(&lock);
}
