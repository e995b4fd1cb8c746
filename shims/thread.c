/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads: their names and their stacks.
 *
 * Names come by prctl(2) and pthread_setname_np(3); rules with `thread` cache
 * each thread's name and look again after any of these.
 *
 * The private heaps keep their per-thread state in static TLS, which glibc
 * takes from the thread's stack (nptl/allocatestack.c).  A thread that asked
 * for a small stack would be left with too little of it, so small ones get
 * as much more as we take.
 */
#include <link.h>
#include <pthread.h>
#include <stdint.h>
#include <stdarg.h>
#include <stdbool.h>
#include <sys/prctl.h>

#include "base/guard.h"
#include "engine/engine.h"
#include "engine/range.h"
#include "engine/witness.h"
#include "shims/next.h"
#include "shims/start.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT int prctl(int op, ...)
{
	unsigned long arg[4];
	va_list args;
	int rc;

	/* As libc does: four words, whether the caller gave them or not. */
	va_start(args, op);
	for (unsigned i = 0; i < 4; i++)
		arg[i] = va_arg(args, unsigned long);
	va_end(args);
	rc = hms_next.prctl(op, arg[0], arg[1], arg[2], arg[3]);
	if (op == PR_SET_NAME)
		hms_thread_renamed();
	return rc;
}

EXPORT int pthread_setname_np(pthread_t thread, const char *name)
{
	int rc = hms_next.pthread_setname_np(thread, name);

	hms_thread_renamed();
	return rc;
}

#define SMALL_STACK ((size_t)256 << 10)
#define PAGE_MASK ((size_t)4095)

/* The size of our TLS segment, if this is our object. */
static int own_tls(struct dl_phdr_info *info, size_t size, void *arg)
{
	size_t *tls = arg;
	size_t found = 0;
	bool ours = false;

	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + p->p_vaddr;

		if (p->p_type == PT_TLS)
			found = p->p_memsz;
		if (p->p_type == PT_LOAD &&
			(uintptr_t)own_tls - start < p->p_memsz)
			ours = true;
	}
	if (ours)
		*tls = found;
	return ours;
}

static size_t tls_share(void)
{
	static size_t share;
	size_t known = __atomic_load_n(&share, __ATOMIC_RELAXED);

	if (!known) {
		dl_iterate_phdr(own_tls, &known);
		known = (known + PAGE_MASK) & ~PAGE_MASK;
		__atomic_store_n(&share, known, __ATOMIC_RELAXED);
	}
	return known;
}

/* Is this a small stack of libc's making?  *larger: what it is to be. */
static bool needs_more(const pthread_attr_t *attr, size_t *larger)
{
	void *base;
	size_t size;

	if (!attr || pthread_attr_getstack(attr, &base, &size) || !size ||
		size >= SMALL_STACK)
		return false;
	/* Without a stack of the program's own, base is 0 less the size. */
	if ((uintptr_t)base + size != 0)
		return false;
	*larger = size + tls_share();
	return true;
}

/*
 * A stack of the program's own stays where it is: the kernel writes to a
 * thread's last words as it exits, and does not wait there for us.
 */
static void keep_stack(const pthread_attr_t *attr)
{
	void *base;
	size_t size;

	if (attr && hms_engine.live && hms_range_count() && !hms_guarded() &&
		!pthread_attr_getstack(attr, &base, &size) &&
		(uintptr_t)base + size > size)
		hms_range_stay((uintptr_t)base & ~PAGE_MASK,
			((uintptr_t)base + size + PAGE_MASK) & ~PAGE_MASK);
}

EXPORT int pthread_create(pthread_t *thread, const pthread_attr_t *attr,
	void *(*start)(void *), void *arg)
{
	pthread_attr_t roomy;
	size_t size;

	if (!hms_next.pthread_create)
		hms_next_resolve();
	keep_stack(attr);
	hms_worker_poke();
	/* Switched off or not, our static TLS is in every thread's stack. */
	if (!needs_more(attr, &size))
		return hms_next.pthread_create(thread, attr, start, arg);
	/* A shallow copy, used for one call; what it points to is attr's. */
	roomy = *attr;
	pthread_attr_setstacksize(&roomy, size);
	return hms_next.pthread_create(thread, &roomy, start, arg);
}
