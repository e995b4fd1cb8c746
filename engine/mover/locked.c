/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mlock(2)ed memory.  The kernel tells at a glance whether there is any
 * (VmLck in /proc/self/status), but which it is only in smaps, which walks all
 * page tables, some 10 ms per GiB.  So that list is read again when the sum
 * has changed, or after a hundred times what it took; a program that unlocks
 * and locks as much in between is believed to have what it had.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "base/sys.h"
#include "engine/mover/inside.h"

#define SPANS 128
#define REREAD 100

static struct {
	unsigned long kib; /* VmLck when the list was read */
	uint64_t at_ns, took_ns;
	unsigned n;
	bool all; /* there are more than the list takes, or nobody tells */
	uintptr_t start[SPANS], end[SPANS];
} locked;

static unsigned long number(const char *s)
{
	unsigned long n = 0;

	while (*s == ' ' || *s == '\t')
		s++;
	for (; *s >= '0' && *s <= '9'; s++)
		n = n * 10 + (unsigned long)(*s - '0');
	return n;
}

/* 0 too where the kernel does not say. */
static unsigned long locked_kib(void)
{
	char text[4096];
	const char *line;

	if (hms_sys_read_file("/proc/self/status", text, sizeof(text)) <= 0)
		return 0;
	line = strstr(text, "\nVmLck:");
	return line ? number(line + 7) : 0;
}

static bool parse_span(const char *s, uintptr_t *start, uintptr_t *end)
{
	uintptr_t n[2] = { 0, 0 };

	for (int i = 0; i < 2; i++, s++) {
		const char *first = s;

		for (; (*s >= '0' && *s <= '9') || (*s >= 'a' && *s <= 'f');
			s++)
			n[i] = n[i] * 16 + (uintptr_t)(*s <= '9'
							       ? *s - '0'
							       : *s - 'a' + 10);
		if (s == first || *s != (i ? ' ' : '-'))
			return false;
	}
	*start = n[0];
	*end = n[1];
	return true;
}

static void read_line(const char *line, uintptr_t *start, uintptr_t *end)
{
	if (parse_span(line, start, end))
		return;
	if (strncmp(line, "VmFlags:", 8) != 0 || !strstr(line, " lo"))
		return;
	if (locked.n && locked.end[locked.n - 1] == *start) {
		locked.end[locked.n - 1] = *end;
	} else if (locked.n < SPANS) {
		locked.start[locked.n] = *start;
		locked.end[locked.n++] = *end;
	} else {
		locked.all = true;
	}
}

static void read_list(void)
{
	char buf[6000], *line, *end;
	uintptr_t from = 0, to = 0;
	size_t have = 0;
	ssize_t n;
	int fd = hms_sys_open("/proc/self/smaps", O_RDONLY, 0);

	locked.n = 0;
	locked.all = fd < 0;
	while (fd >= 0) {
		n = hms_sys_read(fd, buf + have, sizeof(buf) - 1 - have);
		if (n == -EINTR)
			continue;
		if (n < 0)
			locked.all = true;
		if (n <= 0)
			break;
		have += (size_t)n;
		buf[have] = 0;
		for (line = buf; (end = strchr(line, '\n')); line = end + 1) {
			*end = 0;
			read_line(line, &from, &to);
		}
		have -= (size_t)(line - buf);
		memmove(buf, line, have);
	}
	if (fd >= 0)
		hms_sys_close(fd);
}

void hms_locked_refresh(void)
{
	unsigned long kib = locked_kib();
	uint64_t now = hms_sys_clock(CLOCK_MONOTONIC);

	if (kib == locked.kib &&
		(!kib || now - locked.at_ns < REREAD * locked.took_ns))
		return;
	locked.kib = kib;
	locked.n = 0;
	locked.all = false;
	if (!kib)
		return;
	read_list();
	locked.at_ns = hms_sys_clock(CLOCK_MONOTONIC);
	locked.took_ns = locked.at_ns - now;
}

bool hms_locked(uintptr_t start, uintptr_t end)
{
	if (locked.all)
		return true;
	for (unsigned i = 0; i < locked.n; i++)
		if (locked.start[i] < end && locked.end[i] > start)
			return true;
	return false;
}
