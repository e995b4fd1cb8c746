/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/topology/entries.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "base/sys.h"

#define MOST ((size_t)64 << 20)

/* The directory entry as getdents64(2) writes it. */
struct entry {
	uint64_t ino;
	int64_t next; /* the kernel's d_off; here, where the next name is */
	uint16_t reclen;
	uint8_t type;
	char name[];
};

static struct entry *at(char *buf, int64_t offset)
{
	return (struct entry *)(void *)(buf + offset);
}

/* Two sorted chains, each ended by -1, become one. */
static int64_t merge(char *buf, int64_t a, int64_t b)
{
	int64_t head = -1, *tail = &head;

	while (a >= 0 && b >= 0) {
		int64_t *less = strcmp(at(buf, a)->name, at(buf, b)->name) <= 0
					? &a
					: &b;

		*tail = *less;
		tail = &at(buf, *less)->next;
		*less = *tail;
	}
	*tail = a >= 0 ? a : b;
	return head;
}

/* The entries in len bytes as a chain in the order of names; its head. */
static int64_t sort(char *buf, size_t len)
{
	/* run[i]: a chain of 2^i entries, or -1. */
	int64_t run[32], chain = -1;
	struct entry *e;
	unsigned i;

	memset(run, 0xff, sizeof(run));
	for (size_t here = 0; here < len;) {
		chain = (int64_t)here;
		e = at(buf, chain);
		here += e->reclen;
		e->next = -1;
		for (i = 0; i < 31 && run[i] >= 0; i++) {
			chain = merge(buf, run[i], chain);
			run[i] = -1;
		}
		run[i] = chain;
	}
	for (chain = -1, i = 0; i < 32; i++)
		chain = merge(buf, run[i], chain);
	return chain;
}

/* Doubles the room; 0 or -errno. */
static int grow(struct hms_entries *l)
{
	size_t size = l->size * 2;
	void *more;

	if (size > MOST)
		return -E2BIG;
	if (l->mapped)
		more = hms_sys_mremap(
			l->mapped, l->size, size, MREMAP_MAYMOVE, NULL);
	else
		more = hms_sys_mmap(NULL, size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (hms_sys_failed(more))
		return (int)(intptr_t)more;
	if (!l->mapped)
		memcpy(more, l->buf, l->len);
	l->buf = l->mapped = more;
	l->size = size;
	return 0;
}

static int read_all(struct hms_entries *l, const char *path)
{
	int fd = hms_sys_open(path, O_RDONLY | O_DIRECTORY, 0);
	ssize_t n = 1;
	int rc = 0;

	if (fd < 0)
		return fd;
	while (!rc && n > 0) {
		/* An entry has at most 19 + 256 bytes. */
		if (l->size - l->len < 512)
			rc = grow(l);
		if (rc)
			break;
		n = hms_sys_getdents(fd, l->buf + l->len, l->size - l->len);
		if (n == -EINTR)
			n = 1;
		else if (n < 0)
			rc = (int)n;
		else
			l->len += (size_t)n;
	}
	hms_sys_close(fd);
	return rc;
}

int hms_entries_read(struct hms_entries *entries, const char *path)
{
	int rc;

	entries->buf = entries->first;
	entries->size = sizeof(entries->first);
	entries->len = 0;
	entries->mapped = NULL;
	rc = read_all(entries, path);
	entries->next = sort(entries->buf, entries->len);
	return rc;
}

const char *hms_entries_next(struct hms_entries *entries)
{
	while (entries->next >= 0) {
		const struct entry *e = at(entries->buf, entries->next);

		entries->next = e->next;
		if (strcmp(e->name, ".") != 0 && strcmp(e->name, "..") != 0)
			return e->name;
	}
	return NULL;
}

void hms_entries_free(struct hms_entries *entries)
{
	if (entries->mapped)
		hms_sys_munmap(entries->mapped, entries->size);
	entries->mapped = NULL;
	entries->next = -1;
}
