/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What programs ask of, and tell, their allocator: mallinfo(3), mallopt(3),
 * malloc_stats(3), malloc_info(3), malloc_trim(3).  Numbers are those of our
 * heaps; settings are accepted and change nothing, since they tune glibc's.
 */
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

#include "base/bootstrap.h"
#include "base/sys.h"
#include "base/text.h"
#include "shims/heap.h"
#include "shims/start.h"

/* Where the question belongs when our heaps are not in use; else NULL. */
static void *next(const char *name)
{
	unsigned mode = __atomic_load_n(&hms_heap_mode, __ATOMIC_ACQUIRE);

	if (mode == HMS_HEAP_BOOT)
		mode = hms_start();
	return mode == HMS_HEAP_PASS ? dlsym(RTLD_NEXT, name) : NULL;
}

HMS_EXPORT int malloc_trim(size_t pad)
{
	int (*passed)(size_t) = next("malloc_trim");

	if (passed)
		return passed(pad);
	return hms_heap_trim();
}

HMS_EXPORT int mallopt(int parameter, int value)
{
	int (*passed)(int, int) = next("mallopt");

	if (passed)
		return passed(parameter, value);
	return 1;
}

HMS_EXPORT struct mallinfo2 mallinfo2(void)
{
	struct mallinfo2 (*passed)(void) = next("mallinfo2");
	struct hms_heap_stats stats;
	struct mallinfo2 info = { 0 };

	if (passed)
		return passed();
	hms_heap_stats(&stats);
	stats.allocated += hms_boot_bytes();
	stats.mapped += hms_boot_bytes();
	info.arena = stats.mapped;
	info.uordblks = stats.allocated;
	info.fordblks = stats.mapped > stats.allocated
				? stats.mapped - stats.allocated
				: 0;
	return info;
}

/* The old form is too small for today's heaps; it stops at INT_MAX. */
static int narrow(size_t value)
{
	return value > INT_MAX ? INT_MAX : (int)value;
}

HMS_EXPORT struct mallinfo mallinfo(void)
{
	struct mallinfo (*passed)(void) = next("mallinfo");
	struct mallinfo info = { 0 };
	struct mallinfo2 wide;

	if (passed)
		return passed();
	wide = mallinfo2();
	info.arena = narrow(wide.arena);
	info.uordblks = narrow(wide.uordblks);
	info.fordblks = narrow(wide.fordblks);
	return info;
}

HMS_EXPORT void malloc_stats(void)
{
	void (*passed)(void) = next("malloc_stats");
	struct hms_heap_stats stats;
	char line[256];
	struct hms_text text = HMS_TEXT(line);

	if (passed) {
		passed();
		return;
	}
	hms_heap_stats(&stats);
	hms_text_add(&text,
		"Arena 0:\nsystem bytes     = %10zu\nin use bytes     = %10zu\n",
		stats.mapped, stats.allocated);
	hms_sys_write_all(STDERR_FILENO, text.buf, text.len);
}

HMS_EXPORT int malloc_info(int options, FILE *stream)
{
	int (*passed)(int, FILE *) = next("malloc_info");
	struct hms_heap_stats stats;

	if (passed)
		return passed(options, stream);
	/* glibc returns the error, whatever the manual page says. */
	if (options)
		return EINVAL;
	hms_heap_stats(&stats);
	fprintf(stream,
		"<malloc version=\"1\">\n"
		"<heap nr=\"0\">\n"
		"<system type=\"current\" size=\"%zu\"/>\n"
		"<aspace type=\"total\" size=\"%zu\"/>\n"
		"<total type=\"rest\" count=\"1\" size=\"%zu\"/>\n"
		"</heap>\n"
		"</malloc>\n",
		stats.mapped, stats.mapped + stats.retained, stats.allocated);
	return 0;
}
