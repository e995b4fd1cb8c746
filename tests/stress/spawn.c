/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vfork, posix_spawn, exec, system, popen, clone, and children that close
 * every descriptor.  Catches a library that keeps a descriptor of its own
 * (the program may close or reuse any number), leaks one into children, or
 * writes to the parent's memory from a vforked child.
 */
#include "tests/stress/tap.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static const char *self;

static bool exited(pid_t pid, int wanted)
{
	int status = -1;

	return pid > 0 && waitpid(pid, &status, 0) == pid &&
	       WIFEXITED(status) && WEXITSTATUS(status) == wanted;
}

static void use_heap(void)
{
	for (size_t n = 1; n < 300000; n *= 3) {
		char *p = malloc(n);

		fill(p, n, 1);
		p = realloc(p, n * 2);
		if (!filled(p, n, 1))
			_exit(99);
		free(p);
	}
}

static void test_vfork(void)
{
	char *args[] = { (char *)self, (char *)"child", NULL };
	bool good = true;

	for (int i = 0; i < 60; i++) {
		char *before = malloc(1000);
		pid_t pid;

		fill(before, 1000, (unsigned)i);
		pid = vfork();
		if (pid == 0) {
			execv(self, args);
			_exit(98);
		}
		good &= exited(pid, 3) && filled(before, 1000, (unsigned)i);
		free(before);
		pid = vfork();
		if (pid == 0)
			_exit(4);
		good &= exited(pid, 4);
	}
	use_heap();
	tap_ok(good, "vfork with exec and with _exit");
}

static void test_spawn(void)
{
	char *args[] = { (char *)self, (char *)"child", NULL };
	bool good = true;

	for (int i = 0; i < 60; i++) {
		pid_t pid = -1;

		good &= !posix_spawn(&pid, self, NULL, NULL, args, environ);
		good &= exited(pid, 3);
		good &= posix_spawn(&pid, "/nonexistent", NULL, NULL, args,
				environ) == ENOENT;
		use_heap();
	}
	tap_ok(good, "posix_spawn");
}

static void test_shell(void)
{
	bool good = true;
	char line[64];

	for (int i = 0; i < 15; i++) {
		FILE *p = popen("echo one two", "r");

		good &= p && fgets(line, sizeof(line), p) &&
			!strcmp(line, "one two\n");
		good &= p && pclose(p) == 0;
		good &= WEXITSTATUS(system("exit 5")) == 5;
	}
	tap_ok(good, "system and popen");
}

static int cloned(void *arg)
{
	use_heap();
	*(volatile int *)arg = 1;
	_exit(6);
}

/* CLONE_VM without threads: the child works in the parent's own heap. */
static void test_clone(void)
{
	static volatile int seen;
	bool good = true;

	for (int i = 0; i < 30; i++) {
		size_t size = 256 << 10;
		char *stack = malloc(size);

		seen = 0;
		good &= exited(
			clone(cloned, stack + size, SIGCHLD, (void *)&seen), 6);
		good &= !seen;
		good &= exited(clone(cloned, stack + size,
				       CLONE_VM | CLONE_VFORK | SIGCHLD,
				       (void *)&seen),
			6);
		good &= seen;
		free(stack);
		use_heap();
	}
	tap_ok(good, "clone with and without CLONE_VM");
}

/* Those that are open and have all of flags. */
static unsigned long descriptors(int flags)
{
	unsigned long mask = 0;

	for (int fd = 0; fd < 64; fd++) {
		int got = fcntl(fd, F_GETFD);

		if (got >= 0 && (got & flags) == flags)
			mask |= 1ul << fd;
	}
	return mask;
}

static void test_descriptors(void)
{
	unsigned long before = descriptors(0);
	struct stat st;
	char now[32];
	bool good;
	pid_t pid;

	use_heap();
	free(malloc(64 << 20));
	munmap(mmap(NULL, 8 << 20, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
		8 << 20);
	good = descriptors(0) == before;
	/* What is closed on exec was not inherited, hence opened in here. */
	tap_ok(good && !descriptors(FD_CLOEXEC), "no descriptor is kept open");
	sprintf(now, "%lx", before);
	setenv("HMS_TEST_DESCRIPTORS", now, 1);
	pid = fork();
	if (pid == 0)
		execv(self, (char *[]){ (char *)self, (char *)"child", NULL });
	tap_ok(exited(pid, 3), "none is left open to children");
	unsetenv("HMS_TEST_DESCRIPTORS");
	pid = fork();
	if (pid == 0) {
		/* As daemons do. */
		for (int fd = 0; fd < 1024; fd++)
			close(fd);
		use_heap();
		free(malloc(64 << 20));
		if (descriptors(0) || open("/dev/null", O_RDWR) != 0)
			_exit(1);
		good = fstat(0, &st) == 0 && S_ISCHR(st.st_mode);
		use_heap();
		exit(good ? 7 : 2);
	}
	tap_ok(exited(pid, 7), "a process that closes all descriptors");
}

static void test_exec(void)
{
	char *args[] = { (char *)self, (char *)"child", NULL };
	pid_t pid = fork();

	if (pid == 0) {
		free(malloc(1));
		execv(self, args);
	}
	tap_ok(exited(pid, 3), "fork and exec");
	pid = fork();
	if (pid == 0) {
		static char *empty[] = { NULL };

		clearenv();
		use_heap();
		execve(self, args, empty);
	}
	tap_ok(exited(pid, 3), "exec with an empty environment");
}

int main(int argc, char **argv)
{
	self = "/proc/self/exe";
	if (argc > 1 && !strcmp(argv[1], "child")) {
		const char *open_ones = getenv("HMS_TEST_DESCRIPTORS");

		use_heap();
		if (open_ones && strtoul(open_ones, NULL, 16) != descriptors(0))
			exit(4);
		exit(3);
	}
	test_descriptors();
	test_vfork();
	test_spawn();
	test_shell();
	test_clone();
	test_exec();
	return tap_done();
}
