/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/faults.h"
#include "base/raw.h"

/* The kernel's sigset_t: 64 signals, and rt_sig* want its size. */
#define KERNEL_SIGSET_BYTES 8

static long call(const char *name, long nr, long a, long b, long c, long d,
	long e, long f)
{
	long injected = hms_fault(name);

	if (injected)
		return injected;
	return hms_raw(nr, a, b, c, d, e, f);
}

#define CALL6(name, a, b, c, d, e, f)                                          \
	call(#name, SYS_##name, (long)(a), (long)(b), (long)(c), (long)(d),    \
		(long)(e), (long)(f))
#define CALL5(name, a, b, c, d, e) CALL6(name, a, b, c, d, e, 0)
#define CALL4(name, a, b, c, d) CALL6(name, a, b, c, d, 0, 0)
#define CALL3(name, a, b, c) CALL6(name, a, b, c, 0, 0, 0)
#define CALL2(name, a, b) CALL6(name, a, b, 0, 0, 0, 0)
#define CALL1(name, a) CALL6(name, a, 0, 0, 0, 0, 0)

void *hms_sys_mmap(
	void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
#ifdef __SANITIZE_THREAD__
	/*
	 * ThreadSanitizer has to see that memory is new, or takes what was at
	 * the same address before for the same.  What is mapped over memory in
	 * use would be a write to it.  Nobody interposes mmap there.
	 */
	if (!(flags & MAP_FIXED)) {
		int saved = errno;
		void *p = mmap(addr, len, prot, flags, fd, off);

		if (p == MAP_FAILED)
			p = (void *)(intptr_t)-errno;
		errno = saved;
		return p;
	}
#endif
	return (void *)CALL6(mmap, addr, len, prot, flags, fd, off);
}

void *hms_sys_mremap(
	void *old, size_t old_len, size_t new_len, int flags, void *new_addr)
{
	return (void *)CALL5(mremap, old, old_len, new_len, flags, new_addr);
}

int hms_sys_munmap(void *addr, size_t len)
{
	return (int)CALL2(munmap, addr, len);
}

int hms_sys_mprotect(void *addr, size_t len, int prot)
{
	return (int)CALL3(mprotect, addr, len, prot);
}

int hms_sys_madvise(void *addr, size_t len, int advice)
{
	return (int)CALL3(madvise, addr, len, advice);
}

int hms_sys_pkey_mprotect(void *addr, size_t len, int prot, int pkey)
{
	return (int)CALL4(pkey_mprotect, addr, len, prot, pkey);
}

int hms_sys_mlock2(void *addr, size_t len, unsigned flags)
{
	return (int)CALL3(mlock2, addr, len, flags);
}

int hms_sys_mincore(void *addr, size_t len, unsigned char *vec)
{
	return (int)CALL3(mincore, addr, len, vec);
}

int hms_sys_mbind(void *addr, size_t len, int mode, const unsigned long *nodes,
	unsigned long bits, unsigned int flags)
{
	return (int)CALL6(mbind, addr, len, mode, nodes, bits, flags);
}

int hms_sys_get_mempolicy(int *mode, unsigned long *nodes, unsigned long bits,
	void *addr, unsigned long flags)
{
	return (int)CALL5(get_mempolicy, mode, nodes, bits, addr, flags);
}

long hms_sys_move_pages(pid_t pid, unsigned long count, void **pages,
	const int *nodes, int *status, int flags)
{
	return CALL6(move_pages, pid, count, pages, nodes, status, flags);
}

int hms_sys_open(const char *path, int flags, mode_t mode)
{
	return (int)CALL4(openat, AT_FDCWD, path, flags | O_CLOEXEC, mode);
}

int hms_sys_close(int fd)
{
	/* Whatever it says, the descriptor is gone: close(2). */
	long rc = hms_raw(SYS_close, fd, 0, 0, 0, 0, 0);
	long fault = hms_fault("close");

	return (int)(fault ? fault : rc);
}

ssize_t hms_sys_read(int fd, void *buf, size_t len)
{
	return CALL3(read, fd, buf, len);
}

ssize_t hms_sys_pread(int fd, void *buf, size_t len, off_t off)
{
	return CALL4(pread64, fd, buf, len, off);
}

ssize_t hms_sys_write(int fd, const void *buf, size_t len)
{
	return CALL3(write, fd, buf, len);
}

int hms_sys_fallocate(int fd, int mode, off_t off, off_t len)
{
	return (int)CALL4(fallocate, fd, mode, off, len);
}

int hms_sys_fstat(int fd, struct stat *st)
{
	return (int)CALL4(newfstatat, fd, "", st, AT_EMPTY_PATH);
}

int hms_sys_stat(const char *path, struct stat *st)
{
	return (int)CALL4(newfstatat, AT_FDCWD, path, st, 0);
}

int hms_sys_pipe(int fds[2])
{
	return (int)CALL2(pipe2, fds, O_CLOEXEC);
}

int hms_sys_fstatfs(int fd, struct statfs *st)
{
	return (int)CALL2(fstatfs, fd, st);
}

int hms_sys_flock(int fd, int operation)
{
	return (int)CALL2(flock, fd, operation);
}

int hms_sys_unlink(const char *path)
{
	return (int)CALL3(unlinkat, AT_FDCWD, path, 0);
}

int hms_sys_rename(const char *from, const char *to)
{
	return (int)CALL5(renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int hms_sys_link(const char *from, const char *to)
{
	return (int)CALL5(linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int hms_sys_mkdir(const char *path, mode_t mode)
{
	return (int)CALL3(mkdirat, AT_FDCWD, path, mode);
}

int hms_sys_fcntl(int fd, int cmd, long arg)
{
	return (int)CALL3(fcntl, fd, cmd, arg);
}

ssize_t hms_sys_readlink(const char *path, char *buf, size_t len)
{
	return CALL4(readlinkat, AT_FDCWD, path, buf, len);
}

ssize_t hms_sys_getdents(int fd, void *buf, size_t len)
{
	return CALL3(getdents64, fd, buf, len);
}

long hms_sys_shm_size(int id)
{
	struct shmid_ds ds;
	long rc = CALL3(shmctl, id, IPC_STAT, &ds);

	return rc < 0 ? rc : (long)ds.shm_segsz;
}

uint64_t hms_sys_block_signals(void)
{
	const uint64_t all = UINT64_MAX;
	uint64_t old = 0;

	hms_raw(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&old,
		KERNEL_SIGSET_BYTES, 0, 0);
	return old;
}

void hms_sys_restore_signals(uint64_t mask)
{
	hms_raw(SYS_rt_sigprocmask, SIG_SETMASK, (long)&mask, 0,
		KERNEL_SIGSET_BYTES, 0, 0);
}

bool hms_sys_readable(const void *addr)
{
	return hms_raw(SYS_rt_sigprocmask, ~0L, (long)addr, 0,
		       KERNEL_SIGSET_BYTES, 0, 0) != -EFAULT;
}

int hms_sys_getcpu(unsigned *cpu, unsigned *node)
{
	return (int)CALL3(getcpu, cpu, node, NULL);
}

pid_t hms_sys_getpid(void)
{
	return (pid_t)hms_raw(SYS_getpid, 0, 0, 0, 0, 0, 0);
}

pid_t hms_sys_gettid(void)
{
	return (pid_t)hms_raw(SYS_gettid, 0, 0, 0, 0, 0, 0);
}

uid_t hms_sys_geteuid(void)
{
	return (uid_t)hms_raw(SYS_geteuid, 0, 0, 0, 0, 0, 0);
}

int hms_sys_lstat(const char *path, struct stat *st)
{
	return (int)CALL4(newfstatat, AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}

int hms_sys_access(const char *path, int mode)
{
	return (int)CALL4(faccessat2, AT_FDCWD, path, mode, AT_EACCESS);
}

ssize_t hms_sys_getcwd(char *buf, size_t size)
{
	return CALL2(getcwd, buf, size);
}

int hms_sys_kill(pid_t pid, int sig)
{
	return (int)CALL2(kill, pid, sig);
}

pid_t hms_sys_wait(pid_t pid, int *status, int options)
{
	long rc;

	do
		rc = CALL4(wait4, pid, status, options, 0);
	while (rc == -EINTR);
	return (pid_t)rc;
}

int hms_sys_poll(struct pollfd *fds, unsigned count, int timeout)
{
	struct timespec left = { timeout / 1000, timeout % 1000 * 1000000L };

	/* The kernel counts an interrupted wait down in `left`. */
	for (;;) {
		long rc = CALL5(ppoll, fds, count, timeout < 0 ? NULL : &left,
			NULL, KERNEL_SIGSET_BYTES);

		if (rc != -EINTR)
			return (int)rc;
	}
}

uint64_t hms_sys_rlimit(int resource)
{
	struct rlimit limit;

	if (CALL4(prlimit64, 0, resource, NULL, &limit) < 0 ||
		limit.rlim_cur == RLIM_INFINITY)
		return UINT64_MAX;
	return limit.rlim_cur;
}

int hms_sys_uname(struct utsname *names)
{
	return (int)CALL1(uname, names);
}

uint64_t hms_sys_clock(int clock)
{
	struct timespec now;

	if (CALL2(clock_gettime, clock, &now) < 0)
		return 0;
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

int hms_sys_perf_event_open(const struct perf_event_attr *attr, pid_t pid,
	int cpu, int group, unsigned long flags)
{
	return (int)CALL5(perf_event_open, attr, pid, cpu, group,
		flags | PERF_FLAG_FD_CLOEXEC);
}

int hms_sys_userfaultfd(int flags)
{
	return (int)CALL1(userfaultfd, flags | O_CLOEXEC);
}

int hms_sys_memfd(const char *name, unsigned flags)
{
	return (int)CALL2(memfd_create, name, flags | MFD_CLOEXEC);
}

long hms_sys_ioctl(int fd, unsigned long request, void *arg)
{
	return CALL3(ioctl, fd, request, arg);
}

int hms_sys_faults(uint64_t *minor, uint64_t *major)
{
	struct rusage usage;
	int rc = (int)CALL2(getrusage, RUSAGE_SELF, &usage);

	if (rc < 0)
		return rc;
	*minor = (uint64_t)usage.ru_minflt;
	*major = (uint64_t)usage.ru_majflt;
	return 0;
}

int hms_sys_move_up(int fd)
{
	static const int floors[] = { 900, 512, 200, 100, 50 };

	for (size_t i = 0; i < sizeof(floors) / sizeof(floors[0]); i++) {
		int high = hms_sys_fcntl(fd, F_DUPFD_CLOEXEC, floors[i]);

		if (high >= 0) {
			hms_sys_close(fd);
			return high;
		}
	}
	return fd;
}

size_t hms_sys_page_size(void)
{
	return getauxval(AT_PAGESZ);
}

ssize_t hms_sys_read_file(const char *path, char *buf, size_t size)
{
	int fd = hms_sys_open(path, O_RDONLY, 0);
	size_t len = 0;
	ssize_t n = 0;

	if (fd < 0)
		return fd;
	while (len < size - 1) {
		n = hms_sys_read(fd, buf + len, size - 1 - len);
		if (n == -EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	hms_sys_close(fd);
	buf[len] = 0;
	return n < 0 ? n : (ssize_t)len;
}

/*
 * A reader that has gone must not kill the program with our SIGPIPE, nor a
 * file beyond ulimit -f with our SIGXFSZ: both are blocked meanwhile, and
 * taken off the queue if they were not there before.
 */
int hms_sys_write_all(int fd, const void *buf, size_t len)
{
	const uint64_t ours =
		UINT64_C(1) << (SIGPIPE - 1) | UINT64_C(1) << (SIGXFSZ - 1);
	uint64_t mine;
	const struct timespec now = { 0, 0 };
	uint64_t old = 0, pending = 0;
	size_t done = 0;
	ssize_t n = 0;

	hms_raw(SYS_rt_sigpending, (long)&pending, KERNEL_SIGSET_BYTES, 0, 0, 0,
		0);
	hms_raw(SYS_rt_sigprocmask, SIG_BLOCK, (long)&ours, (long)&old,
		KERNEL_SIGSET_BYTES, 0, 0);
	while (done < len) {
		n = hms_sys_write(fd, (const char *)buf + done, len - done);
		if (n == -EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	mine = ours & ~pending;
	if ((n == -EPIPE || n == -EFBIG) && mine)
		hms_raw(SYS_rt_sigtimedwait, (long)&mine, 0, (long)&now,
			KERNEL_SIGSET_BYTES, 0, 0);
	hms_raw(SYS_rt_sigprocmask, SIG_SETMASK, (long)&old, 0,
		KERNEL_SIGSET_BYTES, 0, 0);
	return n < 0 ? (int)n : 0;
}
