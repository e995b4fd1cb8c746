/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * launch [-i FILE] [-o FILE] [-e NAME=VALUE]... PROGRAM [ARG...]
 * Runs the program, then prints: wall ns, CPU ns, peak RSS in KiB, status.
 *
 * ru_maxrss of an executed program starts with the peak of the process it
 * was forked from (setmax_mm_hiwater_rss in the kernel's exec_mmap), so
 * the parent must be small; a Python interpreter is not.  The environment
 * is for the program alone: launch itself runs without the preload.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint64_t wall_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t in_ns(struct timeval t)
{
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_usec * 1000;
}

static void redirect(const char *path, int flags, int fd)
{
	int got = open(path, flags, 0600);

	if (got < 0 || dup2(got, fd) < 0) {
		perror(path);
		_exit(126);
	}
	close(got);
}

int main(int argc, char **argv)
{
	const char *in = "/dev/null", *out = "/dev/null", *set[32];
	struct rusage use;
	uint64_t start;
	int option, status, sets = 0;
	pid_t pid;

	while ((option = getopt(argc, argv, "+i:o:e:")) != -1) {
		if (option == 'i')
			in = optarg;
		else if (option == 'o')
			out = optarg;
		else if (option == 'e' && sets < 32)
			set[sets++] = optarg;
		else
			return 64;
	}
	if (optind >= argc)
		return 64;
	start = wall_now();
	pid = fork();
	if (!pid) {
		redirect(in, O_RDONLY, 0);
		redirect(out, O_WRONLY | O_CREAT | O_TRUNC, 1);
		for (int i = 0; i < sets; i++)
			putenv((char *)set[i]);
		execvp(argv[optind], argv + optind);
		perror(argv[optind]);
		_exit(127);
	}
	if (pid < 0)
		return 71;
	while (wait4(pid, &status, 0, &use) < 0)
		if (errno != EINTR)
			return 71;
	printf("%" PRIu64 " %" PRIu64 " %ld %d\n", wall_now() - start,
		in_ns(use.ru_utime) + in_ns(use.ru_stime), use.ru_maxrss,
		WIFSIGNALED(status) ? 128 + WTERMSIG(status)
				    : WEXITSTATUS(status));
	return 0;
}
