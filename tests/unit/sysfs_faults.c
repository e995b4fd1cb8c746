/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading a machine while the kernel refuses: each system call of the
 * readers' own is made to fail, at its first use, its second, and so on.
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/sys.h"
#include "tests/unit/tree.h"

#define NODE "sys/devices/system/node/"
#define MEMINFO(n)                                                             \
	NODE "node" n "/meminfo Node " n " MemTotal: 1024 kB\\nNode " n        \
	     " MemFree: 512 kB\n"
#define LIMITS                                                                 \
	"proc/self/cgroup 4:memory:/\\n0::/box\n"                              \
	"sys/fs/cgroup/box/memory.max 4096\n"                                  \
	"sys/fs/cgroup/memory/memory.limit_in_bytes 8192\n" NODE               \
	"node0/hugepages/hugepages-2048kB/nr_hugepages 2\n" NODE               \
	"node0/hugepages/hugepages-2048kB/free_hugepages 1\n"
#define MACHINE                                                                  \
	NODE "online 0-2\n" NODE "has_memory 0-2\n" NODE "has_cpu 0-1\n" NODE    \
	     "has_normal_memory 0-1\n" NODE "has_generic_initiator \n" NODE      \
	     "node0/cpulist 0\n" NODE "node1/cpulist 1\n" NODE                   \
	     "node0/distance 10 20 30\n" NODE                                    \
	     "node1/distance 20 10 40\n" MEMINFO("0") MEMINFO("1")               \
		     MEMINFO("2") NODE                                           \
		"node2/access0/initiators/node0 -> ../../../node0\n" NODE        \
		"node2/access0/initiators/read_latency 200\n" NODE               \
		"node2/access0/initiators/write_latency 200\n" NODE              \
		"node2/access0/initiators/read_bandwidth 9000\n" NODE            \
		"node2/access0/initiators/write_bandwidth 9000\n"                \
		"sys/devices/virtual/memory_tiering/memory_tier4/nodelist 0-1\n" \
		"sys/bus/nd/devices/region0/target_node 2\n"                     \
		"proc/self/status Mems_allowed_list:\t0-2\n" LIMITS

enum call { OPEN, READ, GETDENTS, MMAP, CALLS };

static struct {
	enum call call;
	int error; /* 0: none fails */
	unsigned nth; /* use that fails, from 1; 0: each */
	unsigned uses;
	bool failed;
	char path[600]; /* opened last, or what failed */
	int open; /* descriptors that were not closed */
} fault;

static int inject(enum call call)
{
	if (!fault.error || call != fault.call)
		return 0;
	fault.uses++;
	if (fault.nth && fault.uses != fault.nth)
		return 0;
	fault.failed = true;
	return fault.error;
}

int __wrap_hms_sys_open(const char *path, int flags, mode_t mode);
int __real_hms_sys_open(const char *path, int flags, mode_t mode);
int __wrap_hms_sys_close(int fd);
int __real_hms_sys_close(int fd);
ssize_t __wrap_hms_sys_read(int fd, void *buf, size_t len);
ssize_t __real_hms_sys_read(int fd, void *buf, size_t len);
ssize_t __wrap_hms_sys_getdents(int fd, void *buf, size_t len);
ssize_t __real_hms_sys_getdents(int fd, void *buf, size_t len);
void *__wrap_hms_sys_mmap(
	void *addr, size_t len, int prot, int flags, int fd, off_t off);
void *__real_hms_sys_mmap(
	void *addr, size_t len, int prot, int flags, int fd, off_t off);

int __wrap_hms_sys_open(const char *path, int flags, mode_t mode)
{
	int fd;

	if (!fault.failed || !fault.nth)
		snprintf(fault.path, sizeof(fault.path), "%s", path);
	fd = inject(OPEN);
	if (fd)
		return fd;
	fd = __real_hms_sys_open(path, flags, mode);
	fault.open += fd >= 0;
	return fd;
}

int __wrap_hms_sys_close(int fd)
{
	fault.open--;
	return __real_hms_sys_close(fd);
}

ssize_t __wrap_hms_sys_read(int fd, void *buf, size_t len)
{
	int rc = inject(READ);

	return rc ? rc : __real_hms_sys_read(fd, buf, len);
}

ssize_t __wrap_hms_sys_getdents(int fd, void *buf, size_t len)
{
	int rc = inject(GETDENTS);

	return rc ? rc : __real_hms_sys_getdents(fd, buf, len);
}

void *__wrap_hms_sys_mmap(
	void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
	long rc = inject(MMAP);

	return rc ? (void *)rc
		  : __real_hms_sys_mmap(addr, len, prot, flags, fd, off);
}

static struct hms_graph *read_machine(const char *root, int *rc)
{
	const struct hms_topology_request request = {
		.root = root,
		.depth = HMS_DEPTH_DETAILS,
	};
	struct hms_graph *graph = NULL;

	fault.uses = 0;
	fault.failed = false;
	*rc = hms_topology_read(&request, &graph);
	cr_assert_eq(
		fault.open, 0, "a descriptor is left open: %s", fault.path);
	return graph;
}

/* Of these nobody says that they cannot be read; it is common. */
static bool may_be_silent(void)
{
	static const char *const parts[] = { "proc/", "/acpi/tables/",
		"/class/kfd/", "/bus/cxl/", "/bus/dax/", "/bus/pci/", "/hms/",
		"numa_node" };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strstr(fault.path, parts[i]))
			return true;
	return false;
}

/* Every use of a call fails once, by one error; returns how many. */
static unsigned each_use(const char *root, enum call call, int error)
{
	struct hms_graph *graph;
	int rc;

	fault.call = call;
	fault.error = error;
	for (fault.nth = 1;; fault.nth++) {
		graph = read_machine(root, &rc);
		if (!fault.failed) {
			cr_assert_eq(graph->nfindings, 0, "%s",
				graph->nfindings ? graph->findings[0] : "");
			hms_graph_free(graph);
			return fault.nth - 1;
		}
		if (call == MMAP && rc == -ENOMEM)
			continue;
		cr_assert_eq(rc, 0);
		cr_assert_geq(graph->ntargets, 1);
		cr_assert_geq(hms_graph_node(graph, 0), 0);
		/* Interrupted calls are tried again, memory is done without. */
		if (error == -EINTR)
			cr_assert_eq(graph->nfindings, 0);
		else if (call != MMAP && !may_be_silent())
			cr_assert_geq(graph->nfindings, 1, "%s", fault.path);
		hms_graph_free(graph);
	}
}

/* Catches crashes, silence, and one file that takes all others with it. */
Test(faults, files_that_cannot_be_opened, .fini = tree_drop, .timeout = 60)
{
	const char *root = tree_make(MACHINE);

	cr_assert_gt(each_use(root, OPEN, -EMFILE), 25);
	cr_assert_gt(each_use(root, OPEN, -EIO), 25);
}

/* Catches the same of reads, and an interrupted one given up. */
Test(faults, files_that_cannot_be_read, .fini = tree_drop, .timeout = 60)
{
	const char *root = tree_make(MACHINE);

	cr_assert_gt(each_use(root, READ, -EIO), 15);
	cr_assert_gt(each_use(root, READ, -EINTR), 15);
	cr_assert_gt(each_use(root, GETDENTS, -EIO), 3);
	cr_assert_gt(each_use(root, GETDENTS, -EINTR), 3);
}

/* Catches memory that is used without having been given. */
Test(faults, no_memory, .fini = tree_drop, .timeout = 60)
{
	const char *root = tree_make(MACHINE);

	cr_assert_gt(each_use(root, MMAP, -ENOMEM), 1);
}

/* Catches a machine without a node where nothing can be read at all. */
Test(faults, nothing_can_be_read, .fini = tree_drop)
{
	const char *root = tree_make(MACHINE);
	struct hms_graph *graph;
	int rc;

	fault.call = OPEN;
	fault.error = -EMFILE;
	graph = read_machine(root, &rc);
	cr_assert_eq(rc, 0);
	cr_assert_eq(hms_graph_node(graph, 0), 0);
	cr_assert_eq(graph->ntargets, 1);
	hms_graph_free(graph);
}
