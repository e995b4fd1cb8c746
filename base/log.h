/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What HMS has to say, one line at a time, written with one write(2).
 * Nothing is printed below the level the user chose (HMS_LOG), by default
 * errors in what the user asked for.  The function that finds out what went
 * wrong is the one that says it.  No function here allocates, changes errno
 * or takes a lock; all are async-signal-safe but for the printf formats.
 */
#ifndef HMS_BASE_LOG_H
#define HMS_BASE_LOG_H

#include <stdatomic.h>
#include <stdbool.h>

enum hms_log_level {
	HMS_LOG_OFF,
	HMS_LOG_ERROR, /* what the user asked for cannot be had */
	HMS_LOG_WARN, /* it can be had in part; refused by the kernel */
	HMS_LOG_INFO, /* decisions taken once */
	HMS_LOG_DEBUG, /* decisions taken often */
};

/*
 * Sets the level, and a file that lines are appended to; NULL: standard
 * error.  The file is opened for each line and closed again: a descriptor
 * kept in the program could become the program's own by then.  path is
 * borrowed for good.  Called once, before threads.
 */
void hms_log_setup(enum hms_log_level level, const char *path);
enum hms_log_level hms_log_level(void);

void hms_log(enum hms_log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Says it the first time only; the flag is the caller's, static. */
#define hms_log_once(level, ...)                                               \
	do {                                                                   \
		static atomic_bool said_;                                      \
		if (!atomic_exchange_explicit(                                 \
			    &said_, true, memory_order_relaxed))               \
			hms_log(level, __VA_ARGS__);                           \
	} while (0)

#endif
