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
/*
 * A number, decimal or 0x...: 0; -EINVAL: said; another -errno: no file, or
 * it cannot be read.  "-1" is the kernel's word for none: -ENOENT.
 */
int hms_sysfs_number(struct hms_builder *b, uint64_t *out, const char *format,
	...) __attribute__((format(printf, 3, 4)));
/*
 * "0-3,8": calls fn for each number up to 65,535, as they stand.  0; -EINVAL:
 * said, and the parts that are good were told; another -errno as above.
 */
int hms_sysfs_list(struct hms_builder *b,
	void (*fn)(struct hms_builder *b, unsigned number, void *arg),
	void *arg, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* The list in the line of a file that begins with key; -ENOENT: none does. */
int hms_sysfs_list_of(struct hms_builder *b,
	void (*fn)(struct hms_builder *b, unsigned number, void *arg),
	void *arg, const char *key, const char *file);
/* What the file has, as it is; at most size - 1 bytes, and a 0. */
ssize_t hms_sysfs_bytes(
	const struct hms_builder *b, char *buf, size_t size, const char *file);
/*
 * Entries of a folder but . and .., in the order of their names (bytes).
 * 0 or -errno; fn was told what was read before an error.
 */
int hms_sysfs_dir(struct hms_builder *b,
	void (*fn)(struct hms_builder *b, const char *name, void *arg),
	void *arg, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/*
 * The number at the start of text: what follows it, or NULL if there is none,
 * or one of more than 64 bits.
 */
const char *hms_sysfs_digits(const char *text, uint64_t *out);
/* hms_builder_complain() about "sys/...", which is below the root. */
void hms_sysfs_complain(struct hms_builder *b, const char *path, unsigned line,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
/* What a symbolic link says, whole; 0 or -errno. */
int hms_sysfs_target(const struct hms_builder *b, char *buf, size_t size,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
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
/* Tells it of a path that was not asked for, but would be if recorded. */
void hms_sysfs_mention(enum hms_sysfs_what what, const char *path);

#endif
