/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The dax kind: a device DAX character device (CXL, PMEM, reserved HBM).  No
 * file system, no page cache, no zeroing; mappings only in whole granules.
 * Source: drivers/dax/device.c and Documentation/ABI/testing/sysfs-bus-dax.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "engine/target/store.h"

#define GRANULE ((uint64_t)2 << 20)

extern const struct hms_target_ops hms_target_dax;

/* An attribute of the device behind rdev; 0 if it cannot be read. */
static uint64_t attribute(dev_t rdev, const char *name)
{
	char path[128], value[32];
	struct hms_text text = HMS_TEXT(path);

	hms_text_add(&text, "/sys/dev/char/%u:%u/%s", major(rdev), minor(rdev),
		name);
	if (hms_sys_read_file(path, value, sizeof(value)) <= 0)
		return 0;
	return strtoull(value, NULL, 0);
}

/* Two processes must not share blocks: the first to lock it has it. */
int hms_dax_open(struct hms_store *store)
{
	int fd = hms_sys_open(store->path, O_RDWR, 0);
	int rc;

	if (fd < 0)
		return fd;
	rc = hms_sys_flock(fd, LOCK_EX | LOCK_NB);
	if (rc < 0) {
		hms_sys_close(fd);
		return rc == -EWOULDBLOCK ? -EBUSY : rc;
	}
	return fd;
}

static size_t room(struct hms_target *target)
{
	struct hms_store *store = target->state;
	size_t bytes = 0;

	hms_stores_lock();
	if (hms_store_fd(store) >= 0)
		bytes = hms_blocks_room(&store->blocks);
	hms_stores_unlock();
	return bytes;
}

static int refuse(
	const struct hms_target_spec *spec, const char *path, const char *what)
{
	hms_policy_error(spec->policy, spec->term->line, spec->term->column,
		spec->diag, "DAX device %s: %s", path, what);
	return -EINVAL;
}

int hms_dax_create_at(struct hms_target *target,
	const struct hms_target_spec *spec, const char *path)
{
	struct hms_store *store;
	struct stat st;
	uint64_t size, align;
	int rc = hms_sys_stat(path, &st);

	if (rc == -ENOENT)
		return refuse(spec, path, "this machine has none");
	if (rc < 0)
		return refuse(spec, path, "cannot be looked at");
	if (!S_ISCHR(st.st_mode))
		return refuse(spec, path, "is not a character device");
	size = attribute(st.st_rdev, "size");
	align = attribute(st.st_rdev, "align");
	if (!size)
		return refuse(spec, path, "is not a DAX device with a size");
	if (align < 4096 || (align & (align - 1)))
		align = GRANULE;
	store = hms_arena_alloc(spec->arena, sizeof(*store));
	if (!store)
		return -ENOMEM;
	store->device = true;
	store->path = path;
	store->granule = align;
	store->align = align;
	target->ops = &hms_target_dax;
	hms_store_setup(store, target, size & ~(align - 1));
	return 0;
}

static int create(struct hms_target *target, const struct hms_target_spec *spec)
{
	char path[64];
	struct hms_text text = HMS_TEXT(path);
	char *copy;

	hms_text_add(&text, "/dev/dax%s", spec->term->path);
	copy = hms_arena_strdup(spec->arena, path);
	return copy ? hms_dax_create_at(target, spec, copy) : -ENOMEM;
}

const struct hms_target_ops hms_target_dax = {
	.name = "dax",
	.maps = true,
	.create = create,
	.granule = hms_backed_granule,
	.room = room,
	.bind = hms_backed_bind,
	.release = hms_backed_release,
	.moved = hms_backed_moved,
};
