/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs a program under a seccomp filter that refuses system calls, as
 * containers do.  usage: refuse NAME[,NAME...] PROGRAM [ARG...]
 * EPERM is what Docker's default profile answers for mbind and move_pages.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#endif

static const struct {
	const char *name;
	unsigned number;
} calls[] = {
	{ "mbind", SYS_mbind },
	{ "move_pages", SYS_move_pages },
	{ "get_mempolicy", SYS_get_mempolicy },
	{ "set_mempolicy", SYS_set_mempolicy },
	{ "memfd_create", SYS_memfd_create },
	{ "userfaultfd", SYS_userfaultfd },
	{ "madvise", SYS_madvise },
	{ "clone", SYS_clone },
	{ "clone3", SYS_clone3 },
	{ "sched_setscheduler", SYS_sched_setscheduler },
};

static int number_of(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (!strcmp(calls[i].name, name))
			return (int)calls[i].number;
	return -1;
}

/* seccomp(2) and the kernel's Documentation/userspace-api/seccomp_filter. */
static int refuse(char *names)
{
	struct sock_filter code[64] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			offsetof(struct seccomp_data, nr)),
	};
	struct sock_fprog program = { .len = 4, .filter = code };
	char *name;

	for (name = strtok(names, ","); name; name = strtok(NULL, ",")) {
		int number = number_of(name);

		if (number < 0 || program.len > 60)
			return -1;
		code[program.len++] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1);
		code[program.len++] = (struct sock_filter)BPF_STMT(
			BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	}
	code[program.len++] = (struct sock_filter)BPF_STMT(
		BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 64;
	if (refuse(argv[1])) {
		perror("refuse");
		return 77;
	}
	execvp(argv[2], argv + 2);
	perror(argv[2]);
	return 127;
}
