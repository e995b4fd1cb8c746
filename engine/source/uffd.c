/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/source/uffd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ioctl.h>
#include <linux/userfaultfd.h>
#include <string.h>
#include <sys/stat.h>

#include "base/sys.h"

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif

/* Linux 7.2, UFFDIO_RWPROTECT(2const). */
struct rwprotect {
	struct uffdio_range range;
	uint64_t mode;
};

#define RWPROTECT _IOWR(UFFDIO, 0x09, struct rwprotect)
#define RWPROTECT_RWP UINT64_C(1)

bool hms_uffd_alive(const struct hms_uffd *uffd)
{
	struct stat st;

	return uffd->fd >= 0 && hms_sys_fstat(uffd->fd, &st) == 0 &&
	       st.st_dev == uffd->dev && st.st_ino == uffd->ino;
}

static int handshake(int fd, uint64_t features)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	int rc = (int)hms_sys_ioctl(fd, UFFDIO_API, &api);

	if (rc == -EINVAL)
		return -EOPNOTSUPP;
	if (rc == 0 && (api.features & features) != features)
		return -EOPNOTSUPP;
	return rc;
}

int hms_uffd_open(struct hms_uffd *uffd, uint64_t features)
{
	struct stat st;
	int rc;

	/* User mode only is what anybody may have; it is all we need. */
	uffd->fd = hms_sys_userfaultfd(UFFD_USER_MODE_ONLY | O_NONBLOCK);
	if (uffd->fd < 0)
		return uffd->fd;
	uffd->fd = hms_sys_move_up(uffd->fd);
	rc = handshake(uffd->fd, features);
	if (rc == 0)
		rc = hms_sys_fstat(uffd->fd, &st);
	if (rc < 0) {
		hms_sys_close(uffd->fd);
		uffd->fd = -1;
		return rc;
	}
	uffd->dev = st.st_dev;
	uffd->ino = st.st_ino;
	return 0;
}

void hms_uffd_close(struct hms_uffd *uffd)
{
	if (hms_uffd_alive(uffd))
		hms_sys_close(uffd->fd);
	uffd->fd = -1;
}

int hms_uffd_register(const struct hms_uffd *uffd, uintptr_t start,
	uintptr_t end, uint64_t mode)
{
	struct uffdio_register arg = {
		.range = { .start = start, .len = end - start },
		.mode = mode,
	};

	if (!hms_uffd_alive(uffd))
		return -EBADF;
	return (int)hms_sys_ioctl(uffd->fd, UFFDIO_REGISTER, &arg);
}

int hms_uffd_unregister(
	const struct hms_uffd *uffd, uintptr_t start, uintptr_t end)
{
	struct uffdio_range range = { .start = start, .len = end - start };

	if (!hms_uffd_alive(uffd))
		return -EBADF;
	return (int)hms_sys_ioctl(uffd->fd, UFFDIO_UNREGISTER, &range);
}

int hms_uffd_protect(
	const struct hms_uffd *uffd, uintptr_t start, uintptr_t end)
{
	struct rwprotect arg = {
		.range = { .start = start, .len = end - start },
		.mode = RWPROTECT_RWP,
	};

	if (!hms_uffd_alive(uffd))
		return -EBADF;
	return (int)hms_sys_ioctl(uffd->fd, RWPROTECT, &arg);
}
