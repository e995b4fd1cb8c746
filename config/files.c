/* SPDX-License-Identifier: BSD-2-Clause */
#include "config/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/sys.h"
#include "base/text.h"
#include "config/diag.h"
#include "config/policy.h"

#define PATH_LONGEST 4096

static int identify(const char *path, struct stat *st)
{
	int fd = hms_sys_open(path, O_PATH | O_CLOEXEC, 0), rc;

	if (fd < 0)
		return fd;
	rc = hms_sys_fstat(fd, st);
	hms_sys_close(fd);
	if (rc < 0)
		return rc;
	if (S_ISDIR(st->st_mode))
		return -EISDIR;
	return S_ISREG(st->st_mode) ? 0 : -EINVAL;
}

int hms_file_identify(const char *path, struct hms_file_id *out)
{
	struct stat st;
	int rc = identify(path, &st);

	if (!rc)
		*out = (struct hms_file_id){ st.st_dev, st.st_ino };
	return rc;
}

/* Reads until the end or size; bytes or -errno. */
static ssize_t read_all(int fd, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len < size) {
		n = hms_sys_read(fd, buf + len, size - len);
		if (n == -EINTR)
			continue;
		if (n < 0)
			return n;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

int hms_file_read_most(const char *path, size_t most, struct hms_arena *arena,
	struct hms_file *out)
{
	struct stat st;
	int fd, rc = identify(path, &st);
	ssize_t len;

	if (rc)
		return rc;
	if ((size_t)st.st_size > most)
		return -EFBIG;
	fd = hms_sys_open(
		path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
	if (fd < 0)
		return fd;
	/* Files of proc have no size; what grows meanwhile is not waited for.
	 */
	if (st.st_size == 0)
		st.st_size = 4096;
	out->text = hms_arena_alloc(arena, (size_t)st.st_size + 1);
	len = out->text ? read_all(fd, out->text, (size_t)st.st_size) : -ENOMEM;
	hms_sys_close(fd);
	if (len < 0)
		return (int)len;
	out->len = (size_t)len;
	out->dev = st.st_dev;
	out->ino = st.st_ino;
	return 0;
}

int hms_file_read(
	const char *path, struct hms_arena *arena, struct hms_file *out)
{
	return hms_file_read_most(path, HMS_RULES_MAX, arena, out);
}

const char *hms_file_error(int error)
{
	switch (error) {
	case -ENOENT:
		return "there is no such file";
	case -EACCES:
	case -EPERM:
		return "permission denied";
	case -EISDIR:
		return "it is a folder";
	case -EINVAL:
		return "it is not a regular file";
	case -EFBIG:
		return "it is larger than 1 MiB";
	case -ENOTDIR:
		return "part of the path is not a folder";
	case -ELOOP:
		return "too many symbolic links";
	case -ENAMETOOLONG:
		return "the name is too long";
	case -EMFILE:
	case -ENFILE:
		return "too many open files";
	case -EIO:
		return "input/output error";
	case -ENOMEM:
		return "no memory";
	default:
		return "the system refuses";
	}
}

/* Parses a file; the policy's source is its path. */
static int parse_file(const char *path, const char *program,
	struct hms_arena *arena, struct hms_policy **out, struct hms_diag *diag)
{
	struct hms_rule_text source = { path, "", 0, 1 };
	struct hms_policy_input in = {
		.source = path,
		.program = program,
		.path = path,
	};
	struct hms_file file;
	int rc = hms_file_read(path, arena, &file);

	if (rc) {
		hms_diag_error(diag, &source, 0, 0, "cannot read the rules: %s",
			hms_file_error(rc));
		return rc;
	}
	in.text = file.text;
	in.len = file.len;
	return hms_policy_parse(&in, arena, out, diag);
}

static int parse_text(const char *source, const char *text, const char *program,
	struct hms_arena *arena, struct hms_policy **out, struct hms_diag *diag)
{
	struct hms_policy_input in = {
		.source = source,
		.text = text,
		.len = strlen(text),
		.program = program,
	};

	return hms_policy_parse(&in, arena, out, diag);
}

static bool is_path(const char *value)
{
	size_t len = strlen(value);

	if (strstr(value, "->") || !strncmp(value, "include ", 8))
		return false;
	if (strchr(value, '/') && !strpbrk(value, ";\n"))
		return true;
	return len > 4 && !strcmp(value + len - 4, ".hms") &&
	       !strpbrk(value, " \t;\n");
}

/* One bare word that is no preset cannot be a rule: a typo of a preset. */
static bool is_word(const char *value)
{
	return value[strspn(value, "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_")] == 0;
}

static int refuse_word(const char *value, struct hms_diag *diag)
{
	struct hms_rule_text source = { "HMS_POLICY", value, strlen(value), 1 };
	const char *words[16], *near;
	size_t n = 0;

	while (n < 16 && (words[n] = hms_preset_name((unsigned)n)))
		n++;
	near = hms_text_nearest(value, words, n);
	if (near)
		hms_diag_error(diag, &source, 1, 1,
			"there is no preset \"%s\"; did you mean \"%s\"?",
			value, near);
	else
		hms_diag_error(diag, &source, 1, 1,
			"\"%s\" is neither a preset, nor a path, nor a rule",
			value);
	return -EINVAL;
}

static int parse_value(const char *value, const char *program,
	struct hms_arena *arena, struct hms_policy **out, struct hms_diag *diag)
{
	const char *preset = hms_preset_text(value);
	char name[64];
	struct hms_text text = HMS_TEXT(name);

	if (preset) {
		hms_text_add(&text, "preset %s", value);
		return parse_text(name, preset, program, arena, out, diag);
	}
	if (is_path(value))
		return parse_file(value, program, arena, out, diag);
	if (is_word(value))
		return refuse_word(value, diag);
	return parse_text("HMS_POLICY", value, program, arena, out, diag);
}

/* The first of FOLDER/PROGRAM.hms and the like; *found: it was there. */
static int try_file(const char *folder, const char *below, const char *name,
	const char *program, struct hms_arena *arena, struct hms_policy **out,
	struct hms_diag *diag, bool *found)
{
	char path[PATH_LONGEST];
	struct hms_text text = HMS_TEXT(path);
	struct stat st;
	int rc;

	*found = false;
	/* XDG: relative paths there are invalid and to be ignored. */
	if (!folder || folder[0] != '/' || !name || strchr(name, '/'))
		return 0;
	hms_text_add(&text, "%s%s/hms/%s.hms", folder, below, name);
	if (text.cut)
		return 0;
	rc = identify(path, &st);
	if (rc == -ENOENT || rc == -ENOTDIR || rc == -EACCES)
		return 0;
	*found = true;
	return parse_file(path, program, arena, out, diag);
}

/* Sources: the XDG Base Directory Specification for $XDG_CONFIG_HOME. */
static int find_file(const char *program, bool trusted, struct hms_arena *arena,
	struct hms_policy **out, struct hms_diag *diag)
{
	const char *home = NULL, *below = "";
	const char *names[2] = { program, "default" };
	bool found;
	int rc;

	if (trusted) {
		home = secure_getenv("XDG_CONFIG_HOME");
		if (!home || !*home) {
			home = secure_getenv("HOME");
			below = "/.config";
		}
	}
	for (int i = 0; i < 2; i++) {
		rc = try_file(home, below, names[i], program, arena, out, diag,
			&found);
		if (rc || found)
			return rc;
		rc = try_file(HMS_SYSCONFDIR, "", names[i], program, arena, out,
			diag, &found);
		if (rc || found)
			return rc;
	}
	return 0;
}

int hms_policy_find(const char *value, const char *program, bool trusted,
	struct hms_arena *arena, struct hms_policy **out, struct hms_diag *diag)
{
	*out = NULL;
	diag->text[0] = 0;
	diag->line = diag->column = 0;
	if (value && *value && trusted)
		return parse_value(value, program, arena, out, diag);
	return find_file(program, trusted, arena, out, diag);
}
