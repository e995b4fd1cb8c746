/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What programs ask of, and tell, their allocator: mallinfo(3), mallopt(3),
 * malloc_stats(3), malloc_info(3), malloc_trim(3).  Numbers are those of our
 * heaps; settings are accepted and change nothing, since they tune glibc's.
 */
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

HMS_EXPORT int malloc_trim(size_t pad)
{
	return hms_heap_trim();
}

HMS_EXPORT int mallopt(int parameter, int value)
{
	return 1;
}

HMS_EXPORT struct mallinfo2 mallinfo2(void)
{
	struct hms_heap_stats stats;
	struct mallinfo2 info = { 0 };

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
	struct mallinfo2 wide = mallinfo2();
	struct mallinfo info = { 0 };

	info.arena = narrow(wide.arena);
	info.uordblks = narrow(wide.uordblks);
	info.fordblks = narrow(wide.fordblks);
	return info;
}

HMS_EXPORT void malloc_stats(void)
{
	struct hms_heap_stats stats;
	char line[256];
	struct hms_text text = HMS_TEXT(line);

	hms_heap_stats(&stats);
	hms_text_add(&text,
		"Arena 0:\nsystem bytes     = %10zu\nin use bytes     = %10zu\n",
		stats.mapped, stats.allocated);
	hms_sys_write_all(STDERR_FILENO, text.buf, text.len);
}

HMS_EXPORT int malloc_info(int options, FILE *stream)
{
	struct hms_heap_stats stats;

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
