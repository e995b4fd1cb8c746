/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/maps.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "base/sys.h"

static const char *hex(const char *s, uintptr_t *out)
{
	uintptr_t n = 0;

	for (;; s++) {
		if (*s >= '0' && *s <= '9')
			n = n * 16 + (uintptr_t)(*s - '0');
		else if (*s >= 'a' && *s <= 'f')
			n = n * 16 + (uintptr_t)(*s - 'a' + 10);
		else
			break;
	}
	*out = n;
	return s;
}

/* "start-end rwxp offset major:minor inode path"; its path, or NULL. */
static const char *parse(const char *line, struct hms_mapping *out)
{
	const char *s = hex(line, &out->start);

	if (*s++ != '-')
		return NULL;
	s = hex(s, &out->end);
	if (*s++ != ' ' || strlen(s) < 5)
		return NULL;
	out->prot = (s[0] == 'r' ? PROT_READ : 0) |
		    (s[1] == 'w' ? PROT_WRITE : 0) |
		    (s[2] == 'x' ? PROT_EXEC : 0);
	out->shared = s[3] == 's';
	for (int field = 0; field < 3; field++) {
		s = strchr(s, ' ');
		if (!s)
			return NULL;
		s++;
	}
	out->anonymous =
		!out->shared && s[0] == '0' && (s[1] == ' ' || s[1] == 0);
	s += strcspn(s, " ");
	return s + strspn(s, " ");
}

static int copy_path(const char *path, char *out, size_t size)
{
	static const char gone[] = " (deleted)";
	size_t len = strlen(path), tail = sizeof(gone) - 1;

	if (*path != '/' || (len > tail && !strcmp(path + len - tail, gone)))
		return -ENOENT;
	if (len >= size)
		return -ENAMETOOLONG;
	memcpy(out, path, len + 1);
	return 0;
}

/* Fills out; and path, unless it is NULL. */
static int find(
	uintptr_t addr, struct hms_mapping *out, char *path, size_t size)
{
	/* The kernel hands out whole lines; a path can take 4,096 bytes. */
	char buf[6000], *line, *end;
	const char *name;
	size_t have = 0;
	ssize_t n;
	int fd = hms_sys_open("/proc/self/maps", O_RDONLY, 0);
	int rc = -ENOENT;

	if (fd < 0)
		return fd;
	for (;;) {
		n = hms_sys_read(fd, buf + have, sizeof(buf) - 1 - have);
		if (n == -EINTR)
			continue;
		if (n <= 0)
			break;
		have += (size_t)n;
		buf[have] = 0;
		for (line = buf; (end = strchr(line, '\n')); line = end + 1) {
			*end = 0;
			name = parse(line, out);
			if (!name || addr >= out->end)
				continue;
			rc = addr >= out->start ? 0 : -ENOENT;
			if (!rc && path)
				rc = copy_path(name, path, size);
			goto out;
		}
		have -= (size_t)(line - buf);
		memmove(buf, line, have);
	}
	if (n < 0)
		rc = (int)n;
out:
	hms_sys_close(fd);
	return rc;
}

int hms_mapping_at(uintptr_t addr, struct hms_mapping *out)
{
	return find(addr, out, NULL, 0);
}

int hms_mapping_path(uintptr_t addr, char *path, size_t size)
{
	struct hms_mapping mapping;

	return find(addr, &mapping, path, size);
}
