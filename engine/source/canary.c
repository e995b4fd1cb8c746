/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/source/canary.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/sys.h"
#include "base/text.h"

int hms_source_why(char why[HMS_WHY], int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, HMS_WHY, format, args);
	va_end(args);
	return error;
}

int hms_canary_make(struct hms_canary *canary, bool shared, char why[HMS_WHY])
{
	size_t bytes = 3 * HMS_SOURCE_BLOCK;
	int flags = MAP_ANONYMOUS | (shared ? MAP_SHARED : MAP_PRIVATE);

	memset(canary, 0, sizeof(*canary));
	canary->map =
		hms_sys_mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
	if (hms_sys_failed(canary->map)) {
		int rc = (int)(intptr_t)canary->map;

		canary->map = NULL;
		return hms_source_why(why, rc, "no memory to try it on: %s",
			strerrorname_np(-rc));
	}
	canary->mapped = bytes;
	canary->block =
		(char *)(((uintptr_t)canary->map + HMS_SOURCE_BLOCK - 1) &
			 ~(HMS_SOURCE_BLOCK - 1));
	return 0;
}

void hms_canary_free(struct hms_canary *canary)
{
	if (canary->map)
		hms_sys_munmap(canary->map, canary->mapped);
	memset(canary, 0, sizeof(*canary));
}

int hms_canary_read(void *addr, char why[HMS_WHY])
{
	int fds[2], rc;
	ssize_t n;

	rc = hms_sys_pipe(fds);
	if (rc < 0)
		return hms_source_why(why, rc, "no pipe to try read(2) with");
	n = hms_sys_write(fds[1], "canary", 6);
	if (n == 6)
		n = hms_sys_read(fds[0], addr, 6);
	hms_sys_close(fds[0]);
	hms_sys_close(fds[1]);
	if (n == 6 && memcmp(addr, "canary", 6) == 0)
		return 0;
	return hms_source_why(why, n < 0 ? (int)n : -EIO,
		"read(2) into watched memory fails: %s",
		n < 0 ? strerrorname_np((int)-n) : "other bytes arrive");
}
