/* SPDX-License-Identifier: BSD-2-Clause */
#include "shims/next.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/raw.h"
#include "base/sys.h"

/* Stand-ins: the system call itself, with libc's contract. */

static long result(long ret)
{
	if ((unsigned long)ret >= (unsigned long)-4095) {
		errno = (int)-ret;
		return -1;
	}
	return ret;
}

static void *raw_mmap(
	void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
	return (void *)result(
		hms_raw(SYS_mmap, (long)addr, (long)len, prot, flags, fd, off));
}

static int raw_munmap(void *addr, size_t len)
{
	return (int)result(
		hms_raw(SYS_munmap, (long)addr, (long)len, 0, 0, 0, 0));
}

static void *raw_mremap(
	void *old, size_t old_len, size_t len, int flags, void *addr)
{
	return (void *)result(hms_raw(SYS_mremap, (long)old, (long)old_len,
		(long)len, flags, (long)addr, 0));
}

static int raw_mprotect(void *addr, size_t len, int prot)
{
	return (int)result(
		hms_raw(SYS_mprotect, (long)addr, (long)len, prot, 0, 0, 0));
}

static int raw_madvise(void *addr, size_t len, int advice)
{
	return (int)result(
		hms_raw(SYS_madvise, (long)addr, (long)len, advice, 0, 0, 0));
}

/* posix_madvise(3): returns the error; DONTNEED must not lose contents. */
static int raw_posix_madvise(void *addr, size_t len, int advice)
{
	if (advice == POSIX_MADV_DONTNEED)
		return 0;
	return (int)-hms_raw(
		SYS_madvise, (long)addr, (long)len, advice, 0, 0, 0);
}

static void *kernel_break(void *addr)
{
	return (void *)hms_raw(SYS_brk, (long)addr, 0, 0, 0, 0, 0);
}

static int raw_brk(void *addr)
{
	if (kernel_break(addr) == addr)
		return 0;
	errno = ENOMEM;
	return -1;
}

static void *raw_sbrk(intptr_t delta)
{
	char *old = kernel_break(NULL);

	if (delta && raw_brk(old + delta))
		return (void *)-1;
	return old;
}

static void *raw_shmat(int id, const void *addr, int flags)
{
	return (void *)result(
		hms_raw(SYS_shmat, id, (long)addr, flags, 0, 0, 0));
}

static int raw_shmdt(const void *addr)
{
	return (int)result(hms_raw(SYS_shmdt, (long)addr, 0, 0, 0, 0, 0));
}

static long raw_mbind(void *addr, unsigned long len, int mode,
	const unsigned long *nodes, unsigned long bits, unsigned int flags)
{
	return result(hms_raw(SYS_mbind, (long)addr, (long)len, mode,
		(long)nodes, (long)bits, flags));
}

static long raw_set_mempolicy(
	int mode, const unsigned long *nodes, unsigned long bits)
{
	return result(hms_raw(
		SYS_set_mempolicy, mode, (long)nodes, (long)bits, 0, 0, 0));
}

static void raw_exit(int status)
{
	for (;;)
		hms_raw(SYS_exit_group, status, 0, 0, 0, 0, 0);
}

static pid_t raw_fork(void)
{
	errno = ENOSYS;
	return -1;
}

static int raw_prctl(int op, unsigned long a, unsigned long b, unsigned long c,
	unsigned long d)
{
	return (int)result(
		hms_raw(SYS_prctl, op, (long)a, (long)b, (long)c, (long)d, 0));
}

static int raw_setname(unsigned long thread, const char *name)
{
	return ENOSYS;
}

struct hms_next hms_next = {
	.mmap = raw_mmap,
	.munmap = raw_munmap,
	.mremap = raw_mremap,
	.mprotect = raw_mprotect,
	.madvise = raw_madvise,
	.posix_madvise = raw_posix_madvise,
	.brk = raw_brk,
	.sbrk = raw_sbrk,
	.shmat = raw_shmat,
	.shmdt = raw_shmdt,
	.mbind = raw_mbind,
	.set_mempolicy = raw_set_mempolicy,
	._exit = raw_exit,
	._Fork = raw_fork,
	.prctl = raw_prctl,
	.pthread_setname_np = raw_setname,
};

static void look_up(const char *name, void *where)
{
	void *symbol = dlsym(RTLD_NEXT, name);

	if (symbol)
		__atomic_store_n((void **)where, symbol, __ATOMIC_RELEASE);
}

void hms_next_resolve(void)
{
	int saved = errno;

#define LOOK_UP(name) look_up(#name, &hms_next.name)
	LOOK_UP(malloc);
	LOOK_UP(calloc);
	LOOK_UP(realloc);
	LOOK_UP(free);
	LOOK_UP(memalign);
	LOOK_UP(malloc_usable_size);
	LOOK_UP(mmap);
	LOOK_UP(munmap);
	LOOK_UP(mremap);
	LOOK_UP(mprotect);
	LOOK_UP(madvise);
	LOOK_UP(posix_madvise);
	LOOK_UP(brk);
	LOOK_UP(sbrk);
	LOOK_UP(shmat);
	LOOK_UP(shmdt);
	LOOK_UP(mbind);
	LOOK_UP(set_mempolicy);
	LOOK_UP(_exit);
	LOOK_UP(_Fork);
	LOOK_UP(prctl);
	LOOK_UP(pthread_setname_np);
	LOOK_UP(pthread_create);
	LOOK_UP(dlopen);
	LOOK_UP(dlmopen);
#undef LOOK_UP
	errno = saved;
}
