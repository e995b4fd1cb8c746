/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/sites.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/closest.h"

#define MOST                                                                   \
	(sizeof(struct hms_sites) +                                            \
		HMS_SITES_MAX * sizeof(struct hms_sites_row))

static bool sites_path(const char *page, char *path, size_t size)
{
	static const char end[] = ".status";
	size_t len = strlen(page);

	if (len < sizeof(end) || strcmp(page + len - (sizeof(end) - 1), end))
		return false;
	len -= sizeof(end) - 1;
	return (size_t)snprintf(path, size, "%.*s.sites", (int)len, page) <
	       size;
}

/* Bytes read of at most size, or -errno. */
static ssize_t read_all(int fd, char *to, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(fd, to + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

/* The file grows while a process lives: what is there now is what we get. */
static struct hms_sites *read_file(int fd, const char **why)
{
	struct hms_sites *sites;
	struct stat st;
	size_t size;
	ssize_t n;
	int rc;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		*why = "it is no file";
		return NULL;
	}
	size = (size_t)st.st_size < MOST ? (size_t)st.st_size : MOST;
	sites = calloc(1, size > sizeof(*sites) ? size : sizeof(*sites));
	n = sites ? read_all(fd, (char *)sites, size) : -ENOMEM;
	if (n < 0)
		*why = strerror((int)-n);
	rc = n < 0 ? -EIO : hms_sites_check(sites, (size_t)n);
	if (rc == -EINVAL)
		*why = "it is no table of sites of this version of HMS";
	else if (rc == -EMSGSIZE)
		*why = "it is cut off";
	if (!rc || rc == -EMSGSIZE)
		return sites;
	free(sites);
	return NULL;
}

struct hms_sites *tool_sites_read(const char *page, const char **why)
{
	struct hms_sites *sites;
	char path[PATH_MAX];
	int fd;

	*why = "";
	if (!sites_path(page, path, sizeof(path)))
		return NULL;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		if (errno != ENOENT)
			*why = strerror(errno);
		return NULL;
	}
	sites = read_file(fd, why);
	close(fd);
	return sites;
}
