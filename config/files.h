/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files of rules.  Only regular files are opened: a FIFO would block, a
 * device may act on being opened.  Errors are -errno; -EFBIG: more than
 * HMS_RULES_MAX bytes; -EINVAL: no regular file.  Nothing stays open.
 */
#ifndef HMS_CONFIG_FILES_H
#define HMS_CONFIG_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/arena.h"

struct hms_file {
	char *text; /* in the arena, ended with a 0 */
	size_t len;
	dev_t dev;
	ino_t ino;
};

struct hms_file_id {
	dev_t dev;
	ino_t ino;
};

int hms_file_read(
	const char *path, struct hms_arena *arena, struct hms_file *out);
/* For files that are no rules: -EFBIG from another size on. */
int hms_file_read_most(const char *path, size_t most, struct hms_arena *arena,
	struct hms_file *out);
int hms_file_identify(const char *path, struct hms_file_id *out);
/* What to say about an error of the above; no locale, no allocation. */
const char *hms_file_error(int error);

#endif
