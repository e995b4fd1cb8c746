/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/log.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/sys.h"

static enum hms_log_level level_now = HMS_LOG_ERROR;
static const char *log_path;

void hms_log_setup(enum hms_log_level level, const char *path)
{
	level_now = level;
	log_path = path;
}

enum hms_log_level hms_log_level(void)
{
	return level_now;
}

/* Whoever closed it does not want to hear; there is nobody else to tell. */
static void put_line(const char *line, size_t len)
{
	int fd = STDERR_FILENO;

	if (log_path)
		fd = hms_sys_open(log_path,
			O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY, 0600);
	if (fd < 0)
		return;
	hms_sys_write_all(fd, line, len);
	if (log_path)
		hms_sys_close(fd);
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
	len += (size_t)n < sizeof(line) - len - 1 ? (size_t)n
						  : sizeof(line) - len - 2;
	if (line[len - 1] != '\n')
		line[len++] = '\n';
	put_line(line, len);
}
