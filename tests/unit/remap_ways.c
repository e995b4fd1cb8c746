/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every way that a block can go: a node, a file on tmpfs, one on a disk, and a
 * device, each to each; targets that are full or gone; blocks that a source
 * watches.  The device is a regular file that is treated as one (this machine
 * has none, and the emulated one's kernel no UFFDIO_MOVE): mapped whole, not
 * allocated, not punched, full of what was there last.
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/io_uring.h>
#include <linux/mman.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/sys.h"
#include "engine/source/source.h"
#include "engine/target/store.h"
#include "tests/unit/remap_block.h"

#define MIB ((size_t)1 << 20)

extern const struct hms_target_ops hms_target_dax;
extern const struct hms_source hms_source_written;

int __real_hms_sys_fstatfs(int fd, struct statfs *st);
int __wrap_hms_sys_fstatfs(int fd, struct statfs *st);

static bool seems_empty; /* file systems, whatever is in them */

int __wrap_hms_sys_fstatfs(int fd, struct statfs *st)
{
	int rc = __real_hms_sys_fstatfs(fd, st);

	if (seems_empty)
		st->f_bavail = st->f_blocks = 1 << 20;
	return rc;
}

void *__real_hms_sys_mremap(
	void *old, size_t old_len, size_t new_len, int flags, void *to);
void *__wrap_hms_sys_mremap(
	void *old, size_t old_len, size_t new_len, int flags, void *to);

static void (*before_stop)(void); /* of a block on a file */
static bool old_kernel; /* takes one mapping at a time, and no file's */

void *__wrap_hms_sys_mremap(
	void *old, size_t old_len, size_t new_len, int flags, void *to)
{
	if (before_stop && (flags & MREMAP_DONTUNMAP))
		before_stop();
	if (old_kernel && (flags & MREMAP_DONTUNMAP))
		return (void *)(long)-EINVAL;
	return __real_hms_sys_mremap(old, old_len, new_len, flags, to);
}

/* What the kernel says is mapped where the block begins; "" for no file. */
static const char *mapped(void)
{
	static char line[600];
	FILE *f = fopen("/proc/self/maps", "re");
	unsigned long start, end;
	char *path = NULL;

	while (fgets(line, sizeof(line), f)) {
		sscanf(line, "%lx-%lx", &start, &end);
		path = strchr(line, '/');
		if (start <= (uintptr_t)block && end > (uintptr_t)block)
			break;
	}
	fclose(f);
	return path ? path : "";
}

static char disk[] = "/var/tmp/hms-remap-XXXXXX";
static char device[] = "/dev/shm/hms-device-XXXXXX";

/* The last step of the place becomes a device. */
static void make_device(struct hms_target *target)
{
	struct hms_store *store = target->state;
	char *junk = malloc(8 * MIB);
	int fd = mkstemp(device);

	memset(junk, 18, 8 * MIB);
	cr_assert_eq(write(fd, junk, 8 * MIB), 8 * (ssize_t)MIB);
	free(junk);
	close(fd);
	store->device = true;
	store->folder = false;
	store->path = device;
	store->granule = store->align = BLOCK;
	hms_blocks_setup(&store->blocks, 8 * MIB);
	target->ops = &hms_target_dax;
}

static void four_targets(void)
{
	struct hms_range range;
	char rules[300];

	cr_assert_not_null(mkdtemp(disk));
	snprintf(rules, sizeof(rules),
		"target c = file:%s; target d = file:/dev/shm; "
		"* -> node:0 then file:%%s then c then d",
		disk);
	remap_start(rules);
	range = piece();
	make_device(kit_target(&range, 3));
}

static void leave_four(void)
{
	unlink(device);
	cr_expect_eq(rmdir(disk), 0, "something is left on the disk");
	remap_clean();
}

static void is_on(int step)
{
	const char *const paths[] = { "", folder, disk, device };
	struct hms_range range = piece();

	cr_assert_eq(strncmp(mapped(), paths[step], strlen(paths[step])), 0,
		"on %s, not on %s", mapped(), paths[step]);
	cr_assert_eq(file_pages(), step ? BLOCK / PAGE : 0);
	cr_assert_eq(range.step, step);
	for (int i = 1; i < 4; i++)
		cr_assert_eq(
			kit_target(&range, i)->bound, i == step ? BLOCK : 0);
}

/* Catches contents, blocks or charges that any of the twelve ways loses. */
Test(remap_ways, each_to_each, .init = four_targets, .fini = leave_four,
	.timeout = 60)
{
	struct hms_store *store;
	struct hms_range range;
	unsigned char seed = 1;

	for (int round = 0; round < 2; round++)
		for (int from = 0; from < 4; from++)
			for (int to = 0; to < 4; to++) {
				if (from == to)
					continue;
				if (piece().step != from)
					cr_assert_eq(move(from), 0);
				fill(++seed);
				cr_assert_eq(move(to), 0, "%d to %d", from, to);
				is_on(to);
				cr_assert(is_filled(seed));
			}
	cr_assert(piece().step == 0 || move(0) == 0);
	range = piece();
	for (int i = 1; i < 4; i++) {
		store = kit_target(&range, i)->state;
		cr_expect_eq(store->blocks.end, 0);
	}
}

/* Pages that were never touched: those of the device held something else. */
Test(remap_ways, what_was_never_touched_is_zero, .init = four_targets,
	.fini = leave_four, .timeout = 60)
{
	for (int to = 1; to < 4; to++) {
		madvise(block, BLOCK, MADV_DONTNEED);
		block[5 * PAGE] = 1;
		cr_assert_eq(move(to), 0);
		for (size_t i = 0; i < BLOCK; i++)
			cr_assert_eq(block[i], i == 5 * PAGE);
		cr_assert_eq(move(0), 0);
		cr_assert_eq(block[5 * PAGE], 1);
	}
}

static int move_part(char *at, size_t len, int step)
{
	struct hms_range range;
	struct hms_transfer t = {
		.start = (uintptr_t)at, .end = (uintptr_t)at + len, .step = step
	};

	cr_assert(kit_find(t.start, &range));
	t.to = kit_target(&range, step);
	kit_move(&t, 1);
	return t.result;
}

static void two_targets(void)
{
	remap_start("* -> node:0 then file:%s");
}

static void parts_come_back(void)
{
	/* In between, so that the other half's place in the file is taken. */
	cr_assert_eq(move_part(block + BLOCK / 2, BLOCK / 2, 1), 0);
	cr_assert_eq(move_part(block + BLOCK, 4 * PAGE, 1), 0);
	cr_assert_eq(move_part(block, BLOCK / 4, 1), 0);
	cr_assert_eq(move_part(block + BLOCK / 4, BLOCK / 4, 1), 0);
	cr_assert_eq(file_pages(), BLOCK / PAGE);
	fill(9);
	/* From the midst of what the first two parts have become. */
	cr_assert_eq(move_part(block + BLOCK / 4, BLOCK / 4 * 3, 0), 0);
	cr_assert_eq(file_pages(), BLOCK / 4 / PAGE);
	cr_assert(is_filled(9));
	cr_assert_eq(move_part(block, BLOCK / 4, 0), 0);
	cr_assert_eq(file_pages(), 0);
	cr_assert(is_filled(9));
	cr_assert_eq(move_part(block + BLOCK, 4 * PAGE, 0), 0);
}

/* One mapping no more: catches a view that takes only the first of them. */
Test(remap_ways, parts_come_back_together, .init = two_targets,
	.fini = remap_clean, .timeout = 60)
{
	parts_come_back();
}

/* The same where pages cannot be taken over, but must be mapped again. */
Test(remap_ways, parts_are_mapped_again, .init = two_targets,
	.fini = remap_clean, .timeout = 60)
{
	old_kernel = true;
	parts_come_back();
}

/* A tmpfs of 3 MiB in the folder, which only we see. */
static void on_small(void)
{
	remap_start("* -> node:0 then file:%s");
	if (unshare(CLONE_NEWNS) ||
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		mount("none", folder, "tmpfs", 0, "size=3M"))
		cr_skip_test("no file system of our own here");
}

static void off_small(void)
{
	umount2(folder, MNT_DETACH);
	remap_clean();
}

static uint64_t ended(enum hms_move_end end)
{
	struct hms_mover_stats stats;

	kit_stats(&stats);
	return stats.ends[end];
}

static void stays(unsigned char seed)
{
	struct hms_range range = piece();

	cr_assert_eq(file_pages(), 0);
	cr_assert(is_filled(seed));
	cr_assert_eq(range.step, 0);
	cr_assert_eq(kit_target(&range, 1)->bound, 0);
}

/*
 * What statfs(2) promised is gone when the pages are asked for.  Catches a
 * signal, a block that is half there, room that is lost.
 */
Test(remap_ways, a_file_system_that_fills_up, .init = on_small,
	.fini = off_small, .timeout = 60)
{
	char path[100];
	int fd;

	snprintf(path, sizeof(path), "%s/other", folder);
	fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	cr_assert_eq(posix_fallocate(fd, 0, (off_t)BLOCK), 0);
	cr_assert_eq(move(1), -ENOSPC);
	stays(1);
	seems_empty = true;
	for (unsigned char i = 2; i < 10; i++) {
		fill(i);
		cr_assert_eq(move(1), -ENOSPC);
		stays(i);
	}
	cr_expect_eq(ended(HMS_MOVE_NOSPC), 9);
	cr_assert_eq(ftruncate(fd, 0), 0);
	cr_assert_eq(move(1), 0);
	cr_assert_eq(file_pages(), BLOCK / PAGE);
	cr_assert(is_filled(9));
	/* And full again, while it goes. */
	posix_fallocate(fd, 0, (off_t)BLOCK);
	cr_assert_eq(move(0), 0);
	stays(9);
	close(fd);
	unlink(path);
}

/* Catches an error of open(2) that becomes more than a move not made. */
Test(remap_ways, a_target_that_can_only_be_read, .init = on_small,
	.fini = off_small, .timeout = 60)
{
	cr_assert_eq(
		mount(NULL, folder, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	cr_assert_eq(move(1), -ENOSPC);
	stays(1);
	cr_assert_eq(mount(NULL, folder, NULL, MS_REMOUNT, NULL), 0);
	cr_assert_eq(move(1), 0);
	/* It cannot become so while our file is open; but be taken away. */
	cr_assert_neq(
		mount(NULL, folder, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	cr_assert_eq(umount2(folder, MNT_DETACH), 0);
	cr_assert(is_filled(1));
	cr_assert_eq(move(0), 0);
	stays(1);
	cr_assert_eq(move(1), 0);
	cr_assert(is_filled(1));
}

/* Before it was first used: there is nothing to move to. */
Test(remap_ways, a_folder_that_is_gone, .init = two_targets, .timeout = 60)
{
	cr_assert_eq(rmdir(folder), 0);
	cr_assert_eq(move(1), -ENOSPC);
	stays(1);
	cr_assert_eq(mkdir(folder, 0700), 0);
	cr_assert_eq(move(1), 0);
	cr_assert_eq(rmdir(folder), 0);
	/* What has its file needs no folder. */
	cr_assert_eq(move(0), 0);
	stays(1);
	cr_assert_eq(move(1), 0);
	cr_assert(is_filled(1));
}

static int ring = -1;

static void open_ring(void)
{
	struct io_uring_params params = { 0 };

	ring = (int)syscall(SYS_io_uring_setup, 1, &params);
}

/* Catches a look at descriptors that is older than the stop. */
Test(remap_ways, what_is_opened_meanwhile_counts, .init = two_targets,
	.fini = remap_clean, .timeout = 60)
{
	cr_assert_eq(move(1), 0);
	before_stop = open_ring;
	if (move(0) == 0 && ring < 0)
		cr_skip_test("no io_uring here");
	cr_assert_eq(file_pages(), BLOCK / PAGE);
	cr_assert(is_filled(1));
	before_stop = NULL;
	close(ring);
	cr_assert_eq(move(0), 0);
	cr_assert(is_filled(1));
}

static void see_nothing(const struct hms_sight *sight, void *arg)
{
	(void)sight;
	(void)arg;
}

static void see_all(float exposure, void *arg)
{
	(void)exposure;
	(void)arg;
}

/* Catches blocks that never move because they are watched. */
Test(remap_ways, what_is_watched_is_let_go, .init = two_targets,
	.fini = remap_clean, .timeout = 60)
{
	const struct hms_source *source = &hms_source_written;
	const struct hms_sights sights = { .see = see_nothing, .all = see_all };
	const struct hms_watch watch = { .start = (uintptr_t)block,
		.end = (uintptr_t)block + BLOCK,
		.memory = HMS_MEMORY_ANON };
	char why[HMS_WHY];
	uint64_t now = 1;

	if (source->probe(why))
		cr_skip_test("%s", why);
	madvise(block, BLOCK, MADV_NOHUGEPAGE);
	madvise(block, BLOCK, MADV_DONTNEED);
	fill(2);
	cr_assert_eq(source->start(), 0);
	cr_assert_eq(source->watch(&watch), 0);
	/* Each tick saves a part of the time that it may cost the program. */
	for (int i = 0; i < 100; i++)
		source->tick(now += 10000000, 1000000, &sights);
	cr_assert_eq(move(1), -EBUSY, "it is not armed");
	source->release(watch.start, watch.end);
	cr_assert_eq(move(1), 0);
	cr_assert(is_filled(2));
	source->stop();
	cr_assert_eq(move(0), 0);
}
