/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The system calls HMS makes on its own behalf.
 *
 * Every one goes through this file, never through libc, for three reasons:
 * libc's mmap and friends are interposed by us; libc sets errno, and a guest
 * must not; and a test build (-DHMS_FAULTS) can make any of them fail.
 *
 * All functions return the kernel's result, or -errno.  They never touch
 * errno, take no lock, allocate nothing, and are async-signal-safe.
 * Sources: the man page of the same name in section 2.
 */
#ifndef HMS_BASE_SYS_H
#define HMS_BASE_SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct perf_event_attr;
struct pollfd;
struct stat;
struct statfs;
struct utsname;

/* True if a pointer returned by hms_sys_mmap() and kin is an -errno. */
static inline bool hms_sys_failed(const void *p)
{
	return (uintptr_t)p >= (uintptr_t)-4095;
}

void *hms_sys_mmap(
	void *addr, size_t len, int prot, int flags, int fd, off_t off);
void *hms_sys_mremap(
	void *old, size_t old_len, size_t new_len, int flags, void *new_addr);
int hms_sys_munmap(void *addr, size_t len);
int hms_sys_mprotect(void *addr, size_t len, int prot);
int hms_sys_madvise(void *addr, size_t len, int advice);
int hms_sys_pkey_mprotect(void *addr, size_t len, int prot, int pkey);
int hms_sys_mlock2(void *addr, size_t len, unsigned flags);
int hms_sys_mincore(void *addr, size_t len, unsigned char *vec);

/* nodes: bit mask of bits bits; see mbind(2), get_mempolicy(2). */
int hms_sys_mbind(void *addr, size_t len, int mode, const unsigned long *nodes,
	unsigned long bits, unsigned int flags);
int hms_sys_get_mempolicy(int *mode, unsigned long *nodes, unsigned long bits,
	void *addr, unsigned long flags);
/* nodes == NULL queries: status[i] becomes page i's node, or -errno. */
long hms_sys_move_pages(pid_t pid, unsigned long count, void **pages,
	const int *nodes, int *status, int flags);
struct iovec;
/* n pieces of this process itself into one; see process_vm_readv(2). */
ssize_t hms_sys_peek(const struct iovec *to, const struct iovec *from, int n);

int hms_sys_open(const char *path, int flags, mode_t mode);
int hms_sys_close(int fd);
ssize_t hms_sys_read(int fd, void *buf, size_t len);
ssize_t hms_sys_pread(int fd, void *buf, size_t len, off_t off);
ssize_t hms_sys_write(int fd, const void *buf, size_t len);
int hms_sys_fallocate(int fd, int mode, off_t off, off_t len);
int hms_sys_fstat(int fd, struct stat *st);
int hms_sys_stat(const char *path, struct stat *st);
int hms_sys_pipe(int fds[2]);
int hms_sys_fstatfs(int fd, struct statfs *st);
int hms_sys_flock(int fd, int operation);
int hms_sys_unlink(const char *path);
int hms_sys_rename(const char *from, const char *to);
/* A second name; -EEXIST if there is such a file. */
int hms_sys_link(const char *from, const char *to);
int hms_sys_mkdir(const char *path, mode_t mode);
int hms_sys_fcntl(int fd, int cmd, long arg);
ssize_t hms_sys_readlink(const char *path, char *buf, size_t len);
ssize_t hms_sys_getdents(int fd, void *buf, size_t len);
/* Size in bytes of a System V segment, or -errno. */
long hms_sys_shm_size(int id);
/* Blocks every signal and returns the mask to restore. */
uint64_t hms_sys_block_signals(void);
void hms_sys_restore_signals(uint64_t mask);
/*
 * Could the kernel read 8 bytes at addr, a multiple of 8?  rt_sigprocmask(2)
 * copies its set before it looks at an unknown `how`; no sandbox refuses it.
 */
bool hms_sys_readable(const void *addr);
/* name: at least 16 bytes; the calling thread's comm, prctl(PR_GET_NAME). */
int hms_sys_thread_name(char *name);
pid_t hms_sys_getpid(void);
/* Where the calling thread runs, by now perhaps elsewhere; either may be NULL.
 */
int hms_sys_getcpu(unsigned *cpu, unsigned *node);
pid_t hms_sys_gettid(void);
uid_t hms_sys_geteuid(void);
/* Of the path itself, never of what a symbolic link leads to: lstat(2). */
int hms_sys_lstat(const char *path, struct stat *st);
/* mode: W_OK and so on, for the effective user; 0 or -errno. */
int hms_sys_access(const char *path, int mode);
/* Bytes with the closing 0, or -errno; -ERANGE if buf is too small. */
ssize_t hms_sys_getcwd(char *buf, size_t size);
int hms_sys_kill(pid_t pid, int sig);
/* wait4(2) for a child of ours; options: WNOHANG or 0. */
pid_t hms_sys_wait(pid_t pid, int *status, int options);
/* timeout: milliseconds, -1 for ever; poll(2). */
int hms_sys_poll(struct pollfd *fds, unsigned count, int timeout);
int hms_sys_tgkill(pid_t pid, pid_t tid, int sig);
/* The soft limit, UINT64_MAX if there is none or it cannot be read. */
uint64_t hms_sys_rlimit(int resource);
int hms_sys_uname(struct utsname *names);
/* Nanoseconds of a clock of clock_gettime(2), 0 if there is none such. */
uint64_t hms_sys_clock(int clock);

/* flags: PERF_FLAG_*; closed on exec whatever they say. */
int hms_sys_perf_event_open(const struct perf_event_attr *attr, pid_t pid,
	int cpu, int group, unsigned long flags);
/* flags: see userfaultfd(2); closed on exec. */
int hms_sys_userfaultfd(int flags);
/* Closed on exec. */
int hms_sys_memfd(const char *name, unsigned flags);
long hms_sys_ioctl(int fd, unsigned long request, void *arg);
/* Page faults of the process so far, without and with I/O; 0 or -errno. */
int hms_sys_faults(uint64_t *minor, uint64_t *major);
/*
 * A copy of a descriptor out of the way of programs that count on low numbers
 * or close them one by one, as high as the limit lets us; fd is closed.  fd
 * itself if no copy can be had.
 */
int hms_sys_move_up(int fd);

/* Bytes of a page, from what the kernel gave this process: getauxval(3). */
size_t hms_sys_page_size(void);

/* Reads a whole small file into buf and ends it with a 0; bytes or -errno. */
ssize_t hms_sys_read_file(const char *path, char *buf, size_t size);
/* Writes everything unless an error comes first; 0 or -errno. */
int hms_sys_write_all(int fd, const void *buf, size_t len);

#endif
