/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/cmd.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "tools/policy.h"
#include "tools/program.h"

#define LIBRARY "libhms_preload.so"
/* As env(1), nohup(1) and the shell have them: POSIX, "exit status". */
#define EXIT_CANNOT_RUN 126
#define EXIT_NOT_FOUND 127

/*
 * The preload object: HMS_LIBDIR's, the build tree's beside this tool, the
 * installed one, in a folder beside bin or where configure said.
 */
static bool find_library(char *path)
{
	static const char *const beside[] = { ".libs/" LIBRARY, LIBRARY,
		"../lib/" LIBRARY };
	const char *folder = getenv("HMS_LIBDIR");
	char self[PATH_MAX], candidate[PATH_MAX + 64];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (folder && *folder) {
		snprintf(candidate, sizeof(candidate), "%s/" LIBRARY, folder);
		return realpath(candidate, path);
	}
	if (n > 0) {
		self[n] = 0;
		*strrchr(self, '/') = 0;
		for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]);
			i++) {
			snprintf(candidate, sizeof(candidate), "%s/%s", self,
				beside[i]);
			if (realpath(candidate, path))
				return true;
		}
	}
	return realpath(HMS_LIBDIR "/" LIBRARY, path);
}

/* Puts it before what is preloaded already; ld.so(8): blanks separate too. */
static int preload(const char *library)
{
	const char *others = getenv("LD_PRELOAD");
	char *value;

	if (strpbrk(library, ": ")) {
		hms_complain("run",
			"%s: a path with a colon or a blank cannot be "
			"preloaded",
			library);
		return EX_CONFIG;
	}
	if (asprintf(&value, "%s%s%s", library, others && *others ? ":" : "",
		    others ? others : "") < 0)
		return EX_OSERR;
	setenv("LD_PRELOAD", value, 1);
	free(value);
	return EX_OK;
}

static void say(enum hms_obstacle what, const char *sentence)
{
	hms_complain("run", "%s", sentence);
}

static int find_program(const char *name, char *path)
{
	int err = hms_program_find(name, path, PATH_MAX);

	if (!err)
		return 0;
	hms_complain("run", "%s: %s", name, strerror(-err));
	return err == -ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN;
}

/*
 * Without --strict the library says what is wrong with the rules, and the
 * program runs all the same.
 */
static int check_rules(const char *program)
{
	const char *slash = strrchr(program, '/');
	struct tool_policy tool;
	int status = tool_policy_open(&tool, NULL, slash ? slash + 1 : program);

	if (status)
		hms_complain("run", "%s is not started (--strict)", program);
	return status;
}

/* What can be said before the program runs; not EX_OK: do not run it. */
static int prepare(const char *program, bool strict)
{
	char path[PATH_MAX], library[PATH_MAX];
	int obstacles, status = find_program(program, path);

	if (status)
		return status;
	if (!find_library(library)) {
		hms_complain("run",
			LIBRARY " was not found; HMS_LIBDIR may name its "
				"folder");
		return EX_UNAVAILABLE;
	}
	obstacles = hms_program_look(path, say);
	if (strict && obstacles > 0 && (obstacles & HMS_UNREACHABLE)) {
		hms_complain("run", "%s is not started (--strict)", program);
		return EX_UNAVAILABLE;
	}
	if (strict)
		status = check_rules(path);
	return status ? status : preload(library);
}

int hms_cmd_run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "policy", required_argument, NULL, 'p' },
		{ "report", required_argument, NULL, 'r' },
		{ "strict", no_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 },
	};
	bool strict = false;
	int option, status;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "+p:r:", options, NULL)) !=
		-1) {
		switch (option) {
		case 'p':
			setenv("HMS_POLICY", optarg, 1);
			break;
		case 'r':
			setenv("HMS_REPORT", optarg, 1);
			break;
		case 's':
			strict = true;
			setenv("HMS_STRICT", "1", 1);
			break;
		default:
			return hms_usage("run");
		}
	}
	if (optind >= argc)
		return hms_usage("run");
	status = prepare(argv[optind], strict);
	if (status)
		return status;
	execvp(argv[optind], argv + optind);
	status = errno == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN;
	hms_complain("run", "%s: %s", argv[optind], strerror(errno));
	return status;
}
