/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spawn N PROGRAM [ARG...]: starts the program N times, one after another.
 * What a shell adds to a start and an exit would hide what a preload adds.
 */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	long n = argc > 2 ? strtol(argv[1], NULL, 10) : 0;

	if (n <= 0) {
		fprintf(stderr, "usage: spawn N PROGRAM [ARG...]\n");
		return 64;
	}
	while (n--) {
		int status;
		pid_t pid;

		if (posix_spawnp(&pid, argv[2], NULL, NULL, argv + 2, environ))
			return 127;
		if (waitpid(pid, &status, 0) != pid || status)
			return 1;
	}
	return 0;
}
