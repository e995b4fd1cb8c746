/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sources: readlink(2); the kernel's lib/bitmap-str.c prints
 * lists as "0-3,8", filesystems/sysfs.rst has values end with a newline.
 */
#include "engine/topology/sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/sys.h"
#include "engine/topology/entries.h"

/* More than the kernel has CPUs (8,192), nodes (1,024) or buses of. */
#define LIST_MOST 65535
#define LIST_BYTES 4096

static struct {
	void (*fn)(const char *path, enum hms_sysfs_what what, void *arg);
	void *arg;
} observer;

void hms_sysfs_observe(
	void (*fn)(const char *path, enum hms_sysfs_what what, void *arg),
	void *arg)
{
	observer.fn = fn;
	observer.arg = arg;
}

/* "ROOT/sys/..." into path; 0 or -ENAMETOOLONG. */
static int make_path(const struct hms_builder *b, enum hms_sysfs_what what,
	char path[HMS_SYSFS_PATH], const char *format, va_list args)
{
	const char *root = hms_builder_root(b);
	size_t len = strlen(root);
	int n;

	if (len >= HMS_SYSFS_PATH / 2)
		return -ENAMETOOLONG;
	memcpy(path, root, len);
	path[len++] = '/';
	n = vsnprintf(path + len, HMS_SYSFS_PATH - len, format, args);
	if (n < 0 || (size_t)n >= HMS_SYSFS_PATH - len)
		return -ENAMETOOLONG;
	if (observer.fn)
		observer.fn(path + len, what, observer.arg);
	return 0;
}

static int make_plain(const struct hms_builder *b, enum hms_sysfs_what what,
	char path[HMS_SYSFS_PATH], const char *format, ...)
{
	va_list args;
	int rc;

	va_start(args, format);
	rc = make_path(b, what, path, format, args);
	va_end(args);
	return rc;
}

void hms_sysfs_mention(enum hms_sysfs_what what, const char *path)
{
	if (observer.fn)
		observer.fn(path, what, observer.arg);
}

/*
 * All of a file, up to size - 1 bytes, and a 0.  Files of sysfs and of discs
 * are at their end when less is read than asked for; procfs may have more.
 */
static ssize_t read_whole(const char *path, char *buf, size_t size)
{
	size_t len = 0;
	bool whole = false;
	ssize_t n = 0;
	int fd;

	if (strstr(path, "/proc/"))
		return hms_sys_read_file(path, buf, size);
	fd = hms_sys_open(path, O_RDONLY, 0);
	if (fd < 0)
		return fd;
	while (!whole && len < size - 1) {
		n = hms_sys_read(fd, buf + len, size - 1 - len);
		if (n == -EINTR)
			continue;
		if (n < 0)
			break;
		len += (size_t)n;
		whole = true;
	}
	hms_sys_close(fd);
	buf[len] = 0;
	return n < 0 ? n : (ssize_t)len;
}

static ssize_t read_path(const char *path, char *buf, size_t size)
{
	ssize_t len = read_whole(path, buf, size);

	if (len > 0 && buf[len - 1] == '\n')
		buf[--len] = 0;
	return len;
}

/*
 * Many files are not on every machine, or not for every user, and drivers
 * refuse to say what they do not know; these are worth a word.
 */
static int unreadable(struct hms_builder *b, const char *path, ssize_t rc)
{
	if (rc == -EIO || rc == -EMFILE || rc == -ENFILE || rc == -ENOMEM)
		hms_builder_complain(
			b, path, 0, "cannot be read: error %d", (int)-rc);
	return (int)rc;
}

ssize_t hms_sysfs_read(const struct hms_builder *b, char *buf, size_t size,
	const char *format, ...)
{
	char path[HMS_SYSFS_PATH];
	va_list args;
	int rc;

	va_start(args, format);
	rc = make_path(b, HMS_SYSFS_FILE, path, format, args);
	va_end(args);
	return rc ? rc : read_path(path, buf, size);
}

ssize_t hms_sysfs_bytes(
	const struct hms_builder *b, char *buf, size_t size, const char *file)
{
	char path[HMS_SYSFS_PATH];
	int rc = make_plain(b, HMS_SYSFS_FILE, path, "%s", file);

	return rc ? rc : read_whole(path, buf, size);
}

void hms_sysfs_complain(struct hms_builder *b, const char *path, unsigned line,
	const char *format, ...)
{
	char full[HMS_SYSFS_PATH], message[256];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	snprintf(full, sizeof(full), "%s/%s", hms_builder_root(b), path);
	hms_builder_complain(b, full, line, "%s", message);
}

const char *hms_sysfs_digits(const char *text, uint64_t *out)
{
	unsigned base = 10, digit;
	const char *p = text;
	uint64_t n = 0;

	if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
		base = 16;
		p += 2;
	}
	text = p;
	for (;; p++) {
		if (*p >= '0' && *p <= '9')
			digit = (unsigned)(*p - '0');
		else if (base == 16 && (*p | 32) >= 'a' && (*p | 32) <= 'f')
			digit = (unsigned)((*p | 32) - 'a') + 10;
		else
			break;
		if (__builtin_mul_overflow(n, base, &n) ||
			__builtin_add_overflow(n, digit, &n))
			return NULL;
	}
	*out = n;
	return p == text ? NULL : p;
}

static const char *spaces(const char *p)
{
	while (*p == ' ' || *p == '\t' || *p == '\n')
		p++;
	return p;
}

int hms_sysfs_number(
	struct hms_builder *b, uint64_t *out, const char *format, ...)
{
	char path[HMS_SYSFS_PATH], buf[64];
	const char *end;
	uint64_t value;
	va_list args;
	ssize_t len;
	int rc;

	va_start(args, format);
	rc = make_path(b, HMS_SYSFS_FILE, path, format, args);
	va_end(args);
	if (rc)
		return rc;
	len = read_path(path, buf, sizeof(buf));
	if (len < 0)
		return unreadable(b, path, len);
	if (!strcmp(buf, "-1"))
		return -ENOENT;
	end = hms_sysfs_digits(spaces(buf), &value);
	if (!end || *spaces(end)) {
		if (len)
			hms_builder_complain(
				b, path, 0, "\"%.40s\" is no number", buf);
		else
			hms_builder_complain(b, path, 0, "is empty");
		return -EINVAL;
	}
	*out = value;
	return 0;
}

/* One "N" or "N-M" at p; NULL: neither. */
static const char *range(const char *p, uint64_t *first, uint64_t *last)
{
	p = hms_sysfs_digits(p, first);
	if (!p)
		return NULL;
	*last = *first;
	if (*p == '-')
		p = hms_sysfs_digits(p + 1, last);
	if (!p || (*p && *p != ',' && *p != '\n' && *p != ' '))
		return NULL;
	return *first <= *last && *last <= LIST_MOST ? p : NULL;
}

/* All of a list that is good; 0, or -EINVAL and said. */
static int each(struct hms_builder *b, const char *path, unsigned line,
	const char *p, void (*fn)(struct hms_builder *, unsigned, void *),
	void *arg)
{
	uint64_t first, last;
	const char *end;
	int rc = 0;

	for (p = spaces(p); *p; p = spaces(p)) {
		end = range(p, &first, &last);
		if (end) {
			for (; first <= last; first++)
				fn(b, (unsigned)first, arg);
		} else {
			end = p + strcspn(p, ",");
			hms_builder_complain(b, path, line,
				"\"%.*s\" is no number or range of numbers",
				(int)(end - p < 40 ? end - p : 40), p);
			rc = -EINVAL;
		}
		p = *end == ',' ? end + 1 : end;
	}
	return rc;
}

int hms_sysfs_list(struct hms_builder *b,
	void (*fn)(struct hms_builder *b, unsigned number, void *arg),
	void *arg, const char *format, ...)
{
	char path[HMS_SYSFS_PATH], buf[LIST_BYTES + 1];
	va_list args;
	ssize_t len;
	int rc;

	va_start(args, format);
	rc = make_path(b, HMS_SYSFS_FILE, path, format, args);
	va_end(args);
	if (rc)
		return rc;
	len = read_path(path, buf, sizeof(buf));
	if (len < 0)
		return unreadable(b, path, len);
	rc = each(b, path, 0, buf, fn, arg);
	if (len == LIST_BYTES) {
		hms_builder_complain(b, path, 0,
			"is longer than %d bytes; the rest is left out",
			LIST_BYTES);
		rc = -EINVAL;
	}
	return rc;
}

int hms_sysfs_list_of(struct hms_builder *b,
	void (*fn)(struct hms_builder *b, unsigned number, void *arg),
	void *arg, const char *key, const char *file)
{
	char path[HMS_SYSFS_PATH], buf[LIST_BYTES + 1];
	size_t n = strlen(key);
	unsigned line = 1;
	ssize_t len;
	char *p;
	int rc;

	rc = make_plain(b, HMS_SYSFS_FILE, path, "%s", file);
	if (rc)
		return rc;
	len = read_path(path, buf, sizeof(buf));
	if (len < 0)
		return unreadable(b, path, len);
	for (p = buf; strncmp(p, key, n) != 0; line++) {
		p = strchr(p, '\n');
		if (!p++)
			return -ENOENT;
	}
	p[strcspn(p, "\n")] = 0;
	return each(b, path, line, p + n, fn, arg);
}

int hms_sysfs_dir(struct hms_builder *b,
	void (*fn)(struct hms_builder *b, const char *name, void *arg),
	void *arg, const char *format, ...)
{
	char path[HMS_SYSFS_PATH];
	struct hms_entries entries;
	const char *name;
	va_list args;
	int rc;

	va_start(args, format);
	rc = make_path(b, HMS_SYSFS_DIR, path, format, args);
	va_end(args);
	if (rc)
		return rc;
	/* What was told before an error is used. */
	rc = hms_entries_read(&entries, path);
	while ((name = hms_entries_next(&entries)))
		fn(b, name, arg);
	hms_entries_free(&entries);
	return rc ? unreadable(b, path, rc) : 0;
}

static int read_link(const char *path, char *buf, size_t size)
{
	ssize_t len = hms_sys_readlink(path, buf, size);

	if (len < 0)
		return (int)len;
	if ((size_t)len >= size)
		return -ENAMETOOLONG;
	buf[len] = 0;
	return 0;
}

int hms_sysfs_target(const struct hms_builder *b, char *buf, size_t size,
	const char *format, ...)
{
	char path[HMS_SYSFS_PATH];
	va_list args;
	int rc;

	va_start(args, format);
	rc = make_path(b, HMS_SYSFS_LINK, path, format, args);
	va_end(args);
	return rc ? rc : read_link(path, buf, size);
}

int hms_sysfs_link(const struct hms_builder *b, char *buf, size_t size,
	const char *format, ...)
{
	char path[HMS_SYSFS_PATH], target[HMS_SYSFS_PATH];
	const char *last;
	va_list args;
	int rc;

	va_start(args, format);
	rc = make_path(b, HMS_SYSFS_LINK, path, format, args);
	va_end(args);
	if (!rc)
		rc = read_link(path, target, sizeof(target));
	if (rc)
		return rc;
	last = strrchr(target, '/');
	last = last ? last + 1 : target;
	if (strlen(last) >= size)
		return -ENAMETOOLONG;
	memcpy(buf, last, strlen(last) + 1);
	return 0;
}
