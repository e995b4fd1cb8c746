/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the private jemallocs get in place of libc (private-jemalloc.sh).
 * A guest's heap starts no thread, moves no break, reads no configuration
 * of the host's, and never changes errno by a purge that the kernel refused.
 */
#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/sys.h"
#include "engine/heap/instance.h"
#include "engine/heap/window.h"

int hms_heap_madvise(void *addr, size_t len, int advice) HMS_HIDDEN;
int hms_heap_mprotect(void *addr, size_t len, int prot) HMS_HIDDEN;
char *hms_heap_secure_getenv(const char *name) HMS_HIDDEN;
ssize_t hms_heap_readlink(const char *path, char *buf, size_t size) HMS_HIDDEN;
void *hms_heap_sbrk(intptr_t delta) HMS_HIDDEN;
int hms_heap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
	void *(*start)(void *), void *arg) HMS_HIDDEN;
void *hms_heap_dlsym(void *handle, const char *name) HMS_HIDDEN;
int hms_heap_atexit(void (*fn)(void)) HMS_HIDDEN;
double hms_heap_exp(double x) HMS_HIDDEN;
double hms_heap_log(double x) HMS_HIDDEN;
double hms_heap_round(double x) HMS_HIDDEN;
int hms_heap__Unwind_Backtrace(void *fn, void *arg) HMS_HIDDEN;
uintptr_t hms_heap__Unwind_GetIP(void *context) HMS_HIDDEN;

int hms_heap_madvise(void *addr, size_t len, int advice)
{
	return hms_window_madvise(addr, len, advice) ? -1 : 0;
}

int hms_heap_mprotect(void *addr, size_t len, int prot)
{
	return hms_sys_mprotect(addr, len, prot) ? -1 : 0;
}

char *hms_heap_secure_getenv(const char *name)
{
	return NULL;
}

ssize_t hms_heap_readlink(const char *path, char *buf, size_t size)
{
	return -1;
}

void *hms_heap_sbrk(intptr_t delta)
{
	return (void *)-1;
}

int hms_heap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
	void *(*start)(void *), void *arg)
{
	return EAGAIN;
}

void *hms_heap_dlsym(void *handle, const char *name)
{
	return NULL;
}

int hms_heap_atexit(void (*fn)(void))
{
	return 0;
}

/* Only jemalloc's profiler calls these, and nothing here can turn it on. */
double hms_heap_exp(double x)
{
	return x;
}

double hms_heap_log(double x)
{
	return x;
}

double hms_heap_round(double x)
{
	return x;
}

int hms_heap__Unwind_Backtrace(void *fn, void *arg)
{
	return 0;
}

uintptr_t hms_heap__Unwind_GetIP(void *context)
{
	return 0;
}
