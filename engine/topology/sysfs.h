/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Small files of sysfs and procfs, of this machine or of a recorded one:
 * paths are "sys/..." below the builder's root.  Allocates nothing, never
 * touches errno.  A value that is there and malformed is said with
 * hms_builder_complain(), naming the file.
 */
#ifndef HMS_ENGINE_TOPOLOGY_SYSFS_H
#define HMS_ENGINE_TOPOLOGY_SYSFS_H

#include <sys/types.h>

#include "engine/topology/builder.h"

#define HMS_SYSFS_PATH 512

/* The file's bytes, ended with a 0, without the last newline; or -errno. */
ssize_t hms_sysfs_read(const struct hms_builder *b, char *buf, size_t size,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
/* A number, decimal or 0x...: 0; -ENOENT: no file; -EINVAL: said. */
int hms_sysfs_number(struct hms_builder *b, uint64_t *out, const char *format,
	...) __attribute__((format(printf, 3, 4)));
/*
 * "0-3,8": calls fn for each number, ascending as they stand.  0; -ENOENT;
 * -EINVAL: said, what came before was told.
 */
int hms_sysfs_list(struct hms_builder *b,
	void (*fn)(struct hms_builder *b, unsigned number, void *arg),
	void *arg, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Entries of a folder but . and .., in the order of their names. */
int hms_sysfs_dir(struct hms_builder *b,
	void (*fn)(struct hms_builder *b, const char *name, void *arg),
	void *arg, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* The last part of what a symbolic link points to; 0 or -errno. */
int hms_sysfs_link(const struct hms_builder *b, char *buf, size_t size,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/*
 * For recordings: fn is told each path ("sys/...") that readers ask for from
 * now on, whether it is there or not.  NULL ends it.  One at a time, for
 * tools: not thread-safe.
 */
enum hms_sysfs_what { HMS_SYSFS_FILE, HMS_SYSFS_DIR, HMS_SYSFS_LINK };
void hms_sysfs_observe(
	void (*fn)(const char *path, enum hms_sysfs_what what, void *arg),
	void *arg);

#endif
