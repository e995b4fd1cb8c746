/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/symbols/needed.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* PT_INTERP of this process, from what the kernel says of it (getauxval(3)). */
static const char *own_loader(void)
{
	const ElfW(Phdr) *p = (const ElfW(Phdr) *)getauxval(AT_PHDR), *own = p;
	unsigned long n = getauxval(AT_PHNUM);
	uintptr_t base = 0;

	for (unsigned long i = 0; i < n; i++)
		if (p[i].p_type == PT_PHDR)
			base = (uintptr_t)own - p[i].p_vaddr;
	for (unsigned long i = 0; i < n; i++)
		if (p[i].p_type == PT_INTERP)
			return (const char *)(base + p[i].p_vaddr);
	return NULL;
}

static bool is_kept(const char *variable)
{
	return strncmp(variable, "LD_", 3) ||
	       !strncmp(variable, "LD_LIBRARY_PATH=", 16);
}

static char **clean_environment(bool trace)
{
	size_t n = 0, kept = 0;
	char **clean;

	while (environ[n])
		n++;
	clean = calloc(n + 2, sizeof(*clean));
	for (size_t i = 0; clean && i < n; i++)
		if (is_kept(environ[i]))
			clean[kept++] = environ[i];
	if (clean && trace)
		clean[kept] = (char *)(uintptr_t) "LD_TRACE_LOADED_OBJECTS=1";
	return clean;
}

/* The loader's output comes by *out. */
static int start(const char *program, bool trace, pid_t *pid, int *out)
{
	const char *loader = own_loader();
	char *arguments[4] = { (char *)(uintptr_t)loader,
		(char *)(uintptr_t) "--list", (char *)(uintptr_t)program,
		NULL };
	char **environment = loader ? clean_environment(trace) : NULL;
	posix_spawn_file_actions_t actions;
	int ends[2], rc;

	if (!environment)
		return loader ? -ENOMEM : -ENOENT;
	if (trace) {
		arguments[1] = arguments[2];
		arguments[2] = NULL;
	}
	if (pipe2(ends, O_CLOEXEC)) {
		free(environment);
		return -errno;
	}
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(
		&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	rc = posix_spawn(pid, loader, &actions, NULL, arguments, environment);
	posix_spawn_file_actions_destroy(&actions);
	free(environment);
	close(ends[1]);
	if (rc)
		close(ends[0]);
	*out = ends[0];
	return -rc;
}

struct reader {
	void (*each)(void *arg, const char *name, const char *path);
	void *arg;
};

/*
 * "\tlibc.so.6 => /lib/libc.so.6 (0x7f...)", "\tlibx.so => not found",
 * "\t/lib64/ld-linux-x86-64.so.2 (0x7f...)", "\tlinux-vdso.so.1 (0x7f...)".
 */
static void read_line(char *line, const struct reader *to)
{
	char *name = line + strspn(line, "\t "), *arrow, *end;

	end = strrchr(name, '(');
	arrow = strstr(name, " => ");
	if (arrow) {
		*arrow = 0;
		arrow += 4;
		if (!strncmp(arrow, "not found", 9)) {
			to->each(to->arg, name, NULL);
			return;
		}
	} else {
		arrow = name;
	}
	if (!end || end == line || end[-1] != ' ' || arrow[0] != '/')
		return;
	end[-1] = 0;
	to->each(to->arg, name, arrow);
}

/* Nothing is told of a run that fails: lines come before the error. */
static int list(const char *program, bool trace, const struct reader *to)
{
	int out = -1, status = 0, rc;
	char *text = NULL, *save, *line;
	size_t size = 0;
	ssize_t len = 0;
	pid_t pid;
	FILE *in;

	rc = start(program, trace, &pid, &out);
	if (rc)
		return rc;
	in = fdopen(out, "re");
	if (in) {
		len = getdelim(&text, &size, 0, in);
		fclose(in);
	} else {
		close(out);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status) || WEXITSTATUS(status) || len <= 0 ||
		strstr(text, "\tstatically linked"))
		rc = -EINVAL;
	if (!rc)
		for (line = strtok_r(text, "\n", &save); line;
			line = strtok_r(NULL, "\n", &save))
			read_line(line, to);
	free(text);
	return rc;
}

int tool_needed(const char *program,
	void (*each)(void *arg, const char *name, const char *path), void *arg)
{
	const struct reader to = { each, arg };
	char path[PATH_MAX];
	int rc;

	/* Without a slash the loader would look in folders of libraries. */
	if (!realpath(program, path))
		return -errno;
	rc = list(path, false, &to);
	return rc == -EINVAL ? list(path, true, &to) : rc;
}
