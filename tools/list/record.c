/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine as a folder: the files that the readers asked for while they
 * read it, with the symbolic links on the way to them, and what drivers,
 * measurements and overrides said as text.  What names one machine in
 * particular (serial numbers, hardware addresses) stays out.
 */
#include "tools/list/list.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/text.h"
#include "engine/topology/sysfs.h"
#include "tools/cmd.h"

#define FILE_MAX_BYTES (16u << 20) /* a raw HMAT of many nodes is some MiB */
#define HOPS_MAX 40 /* symbolic links on one way, as path_resolution(7) */

struct asked {
	char *path;
	enum hms_sysfs_what what;
};

struct recording {
	const char *root, *dir;
	struct asked *asked;
	size_t nasked, room;
	unsigned files;
	int status; /* of sysexits.h: the first thing that went wrong */
};

/* The reader tells no more than a path; there is one recording at a time. */
static void remember(const char *path, enum hms_sysfs_what what, void *arg)
{
	struct recording *recording = arg;

	while (*path == '/')
		path++;
	if (recording->nasked == recording->room) {
		size_t room = recording->room ? 2 * recording->room : 256;
		struct asked *asked = tool_alloc(room, sizeof(*asked));

		if (recording->nasked)
			memcpy(asked, recording->asked,
				recording->nasked * sizeof(*asked));
		free(recording->asked);
		recording->asked = asked;
		recording->room = room;
	}
	recording->asked[recording->nasked].path = strdup(path);
	recording->asked[recording->nasked++].what = what;
}

static void failed(struct recording *recording, const char *path, int status)
{
	if (recording->status)
		return;
	hms_complain("list", "%s: %s", path, strerror(errno));
	recording->status = status;
}

static bool is_secret(const char *name)
{
	static const char *const secrets[] = { "address", "serial",
		"serial_number", "unique_id", "uuid", "vpd", "hostname",
		"machine-id" };

	for (unsigned i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		if (!strcmp(name, secrets[i]))
			return true;
	return false;
}

/*
 * Names of network cards may hold their hardware address, "enx0123456789ab"
 * (systemd.net-naming-scheme(7)): it becomes a running number.
 */
static void scrub(char *text)
{
	static char seen[64][12];
	static unsigned nseen;
	char number[16];

	for (char *s = text; (s = strstr(s, "enx")); s += 3) {
		unsigned n = 0, i = 0;

		while (n < 12 && isxdigit((unsigned char)s[3 + n]))
			n++;
		if (n < 12)
			continue;
		while (i < nseen && memcmp(seen[i], s + 3, 12) != 0)
			i++;
		if (i == nseen && nseen < 64)
			memcpy(seen[nseen++], s + 3, 12);
		snprintf(number, sizeof(number), "%012u", i);
		memcpy(s + 3, number, 12);
	}
}

static void copied_name(const struct recording *recording, const char *path,
	char *buf, size_t size)
{
	snprintf(buf, size, "%s/%s", recording->dir, path);
	scrub(buf + strlen(recording->dir));
}

static void make_folder(struct recording *recording, const char *path)
{
	char name[PATH_MAX];

	copied_name(recording, path, name, sizeof(name));
	if (mkdir(name, 0777) && errno != EEXIST)
		failed(recording, name, EX_CANTCREAT);
}

static void make_link(
	struct recording *recording, const char *path, const char *to)
{
	char name[PATH_MAX], text[PATH_MAX];

	copied_name(recording, path, name, sizeof(name));
	snprintf(text, sizeof(text), "%s", to);
	scrub(text);
	if (symlink(text, name) && errno != EEXIST)
		failed(recording, name, EX_CANTCREAT);
}

/* Written and closed without an error? */
static bool write_file(const char *name, const char *bytes, size_t len)
{
	FILE *file = fopen(name, "wxe");
	bool good;

	if (!file)
		return errno == EEXIST;
	good = fwrite(bytes, 1, len, file) == len;
	good = !fclose(file) && good;
	return good;
}

/* What cannot be read is not there for the readers either. */
static void copy_file(
	struct recording *recording, const char *source, const char *path)
{
	static char *buf;
	char name[PATH_MAX];
	size_t len = 0;
	ssize_t n = 0;
	int fd;

	fd = open(source, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return;
	if (!buf)
		buf = tool_alloc(FILE_MAX_BYTES, 1);
	while (len < FILE_MAX_BYTES &&
		(n = read(fd, buf + len, FILE_MAX_BYTES - len)) > 0)
		len += (size_t)n;
	close(fd);
	if (n < 0)
		return;
	copied_name(recording, path, name, sizeof(name));
	if (!write_file(name, buf, len))
		failed(recording, name, EX_IOERR);
	else
		recording->files++;
}

/* A place on the way through the tree: where we are, what is to come. */
struct walk {
	char at[PATH_MAX]; /* below root, without links */
	char rest[PATH_MAX];
	unsigned hops;
};

/* The next part of the rest; false at its end. */
static bool next_part(struct walk *walk, char *part)
{
	char *start = walk->rest + strspn(walk->rest, "/");
	size_t len = strcspn(start, "/");

	if (!len || len > NAME_MAX)
		return false;
	memcpy(part, start, len);
	part[len] = 0;
	memmove(walk->rest, start + len, strlen(start + len) + 1);
	return true;
}

/* Follows a link: what it says comes before the rest. */
static bool turn(struct walk *walk, const char *to)
{
	char rest[PATH_MAX];
	int n = snprintf(rest, sizeof(rest), "%s/%s", to, walk->rest);

	if (n < 0 || (size_t)n >= sizeof(rest) || to[0] == '/' ||
		++walk->hops > HOPS_MAX)
		return false;
	memcpy(walk->rest, rest, (size_t)n + 1);
	return true;
}

/*
 * Makes the folders and links on the way to a path, and the file at its end.
 * True if it ends in a folder, which walk->at then names.
 */
static bool copy_way(
	struct recording *recording, const char *path, struct walk *walk)
{
	char part[NAME_MAX + 1], source[2 * PATH_MAX], next[PATH_MAX + 256];
	char to[PATH_MAX];
	struct stat st;
	ssize_t n;

	memset(walk, 0, sizeof(*walk));
	snprintf(walk->rest, sizeof(walk->rest), "%s", path);
	while (next_part(walk, part)) {
		if (!strcmp(part, ".") || is_secret(part))
			continue;
		if (!strcmp(part, "..")) {
			char *slash = strrchr(walk->at, '/');

			if (!slash)
				return false;
			*slash = 0;
			continue;
		}
		snprintf(next, sizeof(next), "%s%s%s", walk->at,
			walk->at[0] ? "/" : "", part);
		snprintf(
			source, sizeof(source), "%s/%s", recording->root, next);
		if (strlen(next) >= sizeof(walk->at) || lstat(source, &st))
			return false;
		/* /proc/self leads to this process's number: a folder. */
		if (S_ISLNK(st.st_mode) && strcmp(next, "proc/self") != 0) {
			n = readlink(source, to, sizeof(to) - 1);
			if (n <= 0)
				return false;
			to[n] = 0;
			make_link(recording, next, to);
			if (!turn(walk, to))
				return false;
			continue;
		}
		if (S_ISREG(st.st_mode)) {
			if (!walk->rest[strspn(walk->rest, "/")])
				copy_file(recording, source, next);
			return false;
		}
		make_folder(recording, next);
		snprintf(walk->at, sizeof(walk->at), "%s", next);
	}
	return true;
}

/* A folder's folders and links are what makes its listing. */
static void copy_listing(struct recording *recording, const char *folder)
{
	char source[2 * PATH_MAX], path[PATH_MAX + 256];
	struct dirent *entry;
	struct walk walk;
	DIR *dir;

	snprintf(source, sizeof(source), "%s/%s", recording->root, folder);
	dir = opendir(source);
	if (!dir)
		return;
	while ((entry = readdir(dir)) && !recording->status) {
		if (entry->d_name[0] == '.' || entry->d_type == DT_REG)
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		copy_way(recording, path, &walk);
	}
	closedir(dir);
}

static void copy_all(struct recording *recording)
{
	struct walk walk;

	for (size_t i = 0; i < recording->nasked && !recording->status; i++)
		if (copy_way(recording, recording->asked[i].path, &walk) &&
			recording->asked[i].what == HMS_SYSFS_DIR)
			copy_listing(recording, walk.at);
}

static void write_said(struct recording *recording,
	const struct hms_graph *graph, const char *name, enum hms_origin origin)
{
	char path[PATH_MAX], *text = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&text, &len);

	if (!file || recording->status)
		return;
	fprintf(file, "# Recorded: what has values of origin %s.\n",
		hms_origin_name(origin));
	list_text_from(graph, origin, file);
	fclose(file);
	scrub(text);
	snprintf(path, sizeof(path), "%s/hms/%s", recording->dir, name);
	if (!write_file(path, text, len))
		failed(recording, path, EX_IOERR);
	else
		recording->files++;
	free(text);
}

/* An empty folder, old or new. */
static int open_folder(const char *dir)
{
	struct dirent *entry;
	bool empty = true;
	DIR *stream;

	if (mkdir(dir, 0777) && errno != EEXIST) {
		hms_complain("list", "%s: %s", dir, strerror(errno));
		return EX_CANTCREAT;
	}
	stream = opendir(dir);
	if (!stream) {
		hms_complain("list", "%s: %s", dir, strerror(errno));
		return EX_CANTCREAT;
	}
	while ((entry = readdir(stream)))
		empty &= !strcmp(entry->d_name, ".") ||
			 !strcmp(entry->d_name, "..");
	closedir(stream);
	if (empty)
		return EX_OK;
	hms_complain("list", "%s: is not empty", dir);
	return EX_CANTCREAT;
}

int list_record(const char *root, const char *dir)
{
	struct recording recording = { .root = root, .dir = dir };
	struct hms_graph *graph;
	int status = open_folder(dir);

	if (status)
		return status;
	hms_sysfs_observe(remember, &recording);
	status = tool_machine_read("list", root, &graph);
	hms_sysfs_observe(NULL, NULL);
	if (status)
		return status;
	tool_machine_findings(graph);
	make_folder(&recording, "hms");
	copy_all(&recording);
	write_said(&recording, graph, "devices", HMS_DRIVER);
	write_said(&recording, graph, "measured", HMS_MEASURED);
	write_said(&recording, graph, "conf", HMS_USER);
	if (!recording.status)
		printf("%s: %u files\n", dir, recording.files);
	hms_graph_free(graph);
	for (size_t i = 0; i < recording.nasked; i++)
		free(recording.asked[i].path);
	free(recording.asked);
	return recording.status;
}
