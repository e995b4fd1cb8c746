/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/sys.h"

static enum hms_log_level level_now = HMS_LOG_ERROR;
static int log_fd = -1;

void hms_log_setup(enum hms_log_level level, int fd)
{
	level_now = level;
	log_fd = fd;
}

enum hms_log_level hms_log_level(void)
{
	return level_now;
}

void hms_log(enum hms_log_level level, const char *format, ...)
{
	char line[1400] = "hms: ";
	size_t len = strlen(line);
	va_list args;
	int n;

	if (level > level_now || level == HMS_LOG_OFF)
		return;
	va_start(args, format);
	n = vsnprintf(line + len, sizeof(line) - len - 1, format, args);
	va_end(args);
	if (n < 0)
		return;
	len += (size_t)n < sizeof(line) - len - 1 ? (size_t)n :
						    sizeof(line) - len - 2;
	if (line[len - 1] != '\n')
		line[len++] = '\n';
	/* Whoever closed it does not want to hear; nothing else to tell. */
	hms_sys_write_all(log_fd < 0 ? STDERR_FILENO : log_fd, line, len);
}
