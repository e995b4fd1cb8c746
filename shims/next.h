/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The next function after ours in the program's own search order, resolved
 * once (RTLD_NEXT) when preload/ reaches phase `resolved`.
 *
 * Before that every pointer leads to a stand-in that makes the system call
 * itself, so a shim may call hms_next.X at any moment.  Heap functions are
 * the exception: there is no libc heap to ask before libc is there; they are
 * NULL until resolved, and bootstrap memory serves instead.
 */
#ifndef HMS_SHIMS_NEXT_H
#define HMS_SHIMS_NEXT_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct hms_next {
	/* heap; NULL until resolved */
	void *(*malloc)(size_t);
	void *(*calloc)(size_t, size_t);
	void *(*realloc)(void *, size_t);
	void (*free)(void *);
	void *(*memalign)(size_t, size_t);
	size_t (*malloc_usable_size)(void *);
	/* map and brk; never NULL */
	void *(*mmap)(void *, size_t, int, int, int, off_t);
	int (*munmap)(void *, size_t);
	void *(*mremap)(void *, size_t, size_t, int, void *);
	int (*mprotect)(void *, size_t, int);
	int (*madvise)(void *, size_t, int);
	int (*posix_madvise)(void *, size_t, int);
	int (*brk)(void *);
	void *(*sbrk)(intptr_t);
	void *(*shmat)(int, const void *, int);
	int (*shmdt)(const void *);
	long (*mbind)(void *, unsigned long, int, const unsigned long *,
		unsigned long, unsigned int);
	long (*set_mempolicy)(int, const unsigned long *, unsigned long);
	/* process; never NULL */
	void (*_exit)(int);
	pid_t (*_Fork)(void);
	int (*prctl)(int, unsigned long, unsigned long, unsigned long,
		unsigned long);
	int (*pthread_setname_np)(unsigned long, const char *);
	/* NULL until resolved: there are no threads before. */
	int (*pthread_create)(unsigned long *, const pthread_attr_t *,
		void *(*)(void *), void *);
	/* loader; NULL until resolved.  Read by shims/loader.S. */
	void *(*dlopen)(const char *, int);
	void *(*dlmopen)(long, const char *, int);
};

extern struct hms_next hms_next __attribute__((visibility("hidden")));

/* Looks everything up; never fails: what is not found keeps its stand-in. */
void hms_next_resolve(void);

#endif
