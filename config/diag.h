/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages about text: "SOURCE:LINE:COLUMN: error: MESSAGE", the line, and a
 * caret under the column.  Lines and columns count from 1; columns count
 * characters of UTF-8, tabs as one.  Nothing here allocates, locks, prints or
 * changes errno, and nothing depends on the locale.
 */
#ifndef HMS_CONFIG_DIAG_H
#define HMS_CONFIG_DIAG_H

#include <stdarg.h>
#include <stddef.h>

#include "config/policy.h"

/*
 * Fills diag.  line and column are the source's own; line 0: the message is
 * about the source as a whole, and no line of it is shown.  severity:
 * "error" or "warning".  Nothing is kept of the arguments.
 */
void hms_diag_put(struct hms_diag *diag, const struct hms_rule_text *source,
	unsigned line, unsigned column, const char *severity,
	const char *format, va_list args) __attribute__((format(printf, 6, 0)));
void hms_diag_error(struct hms_diag *diag, const struct hms_rule_text *source,
	unsigned line, unsigned column, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
/* Characters in len bytes of text, as columns count them. */
unsigned hms_diag_columns(const char *text, size_t len);

#endif
