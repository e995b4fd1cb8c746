/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Allocates memory in every way a C program can, touches it, and asks the
 * kernel where it is (see where.h).  Knows nothing of HMS.
 *
 * usage: kinds MIB KIND...
 */
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/wait.h>

#include "tests/vm/where.h"

static size_t size;

static void *map(size_t len, int flags)
{
	return mmap(NULL, len, PROT_READ | PROT_WRITE,
		flags | (flags & MAP_SHARED ? 0 : MAP_PRIVATE) | MAP_ANONYMOUS,
		-1, 0);
}

static void do_malloc(const char *kind)
{
	where_is(kind, malloc(size), size);
}

static void do_calloc(const char *kind)
{
	where_is(kind, calloc(size / 64, 64), size);
}

/* Grows in steps, each touched: what was moved must have moved as a whole. */
static void do_realloc(const char *kind)
{
	size_t len = size / 16;
	char *p = malloc(len), *grown;

	while (p && len < size) {
		memset(p, 1, len);
		len *= 2;
		grown = realloc(p, len);
		if (!grown)
			free(p);
		p = grown;
	}
	where_is(kind, p, size);
}

static void do_reallocarray(const char *kind)
{
	where_is(kind, reallocarray(NULL, size / 32, 32), size);
}

static void do_posix_memalign(const char *kind)
{
	void *p = NULL;

	errno = posix_memalign(&p, 1 << 16, size);
	if (errno)
		p = NULL;
	where_is(kind, p, size);
}

static void do_aligned_alloc(const char *kind)
{
	where_is(kind, aligned_alloc(4096, size), size);
}

static void do_memalign(const char *kind)
{
	where_is(kind, memalign(2 << 20, size), size);
}

static void do_valloc(const char *kind)
{
	where_is(kind, valloc(size), size);
}

/* Many small blocks, kept: every page that holds one is looked at. */
static void do_small(const char *kind)
{
	size_t i, n = size / 128;
	struct where sum = { 0 };
	char **blocks = map(n * sizeof(*blocks), 0);

	for (i = 0; i < n; i++) {
		blocks[i] = malloc(100);
		memset(blocks[i], 7, 100);
	}
	for (i = 0; i < n; i++)
		where_add(&sum, blocks[i], 100);
	where_print(kind, &sum);
}

/* Blocks of 64 KiB: large enough to be looked at page by page. */
static void do_many(const char *kind)
{
	size_t i, len = 64 << 10, n = size / len;
	struct where sum = { 0 };

	for (i = 0; i < n; i++) {
		char *p = malloc(len);

		if (!p) {
			where_is(kind, NULL, 0);
			return;
		}
		memset(p, 7, len);
		where_add(&sum, p, len);
	}
	where_print(kind, &sum);
}

static void do_mmap(const char *kind)
{
	where_is(kind, map(size, 0), size);
}

static void do_populate(const char *kind)
{
	where_is(kind, map(size, MAP_POPULATE), size);
}

static void do_shared(const char *kind)
{
	where_is(kind, map(size, MAP_SHARED), size);
}

static void do_hugetlb(const char *kind)
{
	where_is(kind, map(size, MAP_HUGETLB), size);
}

static void do_noreserve(const char *kind)
{
	where_is(kind, map(size, MAP_NORESERVE), size);
}

/* Reserve, then commit: what allocators and run times do. */
static void do_reserve(const char *kind)
{
	char *p = mmap(NULL, 2 * size, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p != MAP_FAILED && mprotect(p, size, PROT_READ | PROT_WRITE))
		p = MAP_FAILED;
	where_is(kind, p, size);
}

/* MAP_FIXED over a reservation inherits where it was to be. */
static void do_commit(const char *kind)
{
	char *p = mmap(NULL, 2 * size, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p != MAP_FAILED)
		p = mmap(p, size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	where_is(kind, p, size);
}

/* A thousand mappings of 16 KiB. */
static void do_maps(const char *kind)
{
	size_t i, len = 16 << 10;
	struct where sum = { 0 };

	for (i = 0; i < 1000; i++) {
		char *p = map(len, 0);

		if (p == MAP_FAILED) {
			where_is(kind, p, 0);
			return;
		}
		memset(p, 7, len);
		where_add(&sum, p, len);
	}
	where_print(kind, &sum);
}

static void do_mremap(const char *kind)
{
	char *p = map(size / 4, 0);

	if (p != MAP_FAILED) {
		memset(p, 1, size / 4);
		p = mremap(p, size / 4, size, MREMAP_MAYMOVE);
	}
	where_is(kind, p, size);
}

static void do_sbrk(const char *kind)
{
	where_is(kind, sbrk((intptr_t)size), size);
}

static void do_brk(const char *kind)
{
	char *old = sbrk(0);

	where_is(kind, brk(old + size) ? NULL : old, size);
}

static void do_shm(const char *kind)
{
	int id = shmget(IPC_PRIVATE, size, IPC_CREAT | 0600);
	void *p = shmat(id, NULL, 0);

	shmctl(id, IPC_RMID, NULL);
	where_is(kind, p, size);
}

/* A block that libc itself allocates, for rules on the calling module. */
static void do_strdup(const char *kind)
{
	char *text = map(size, 0), *copy;

	memset(text, 'x', size - 1);
	copy = strdup(text);
	where_is(kind, copy, size);
}

static void *named(void *kind)
{
	pthread_setname_np(pthread_self(), "log1");
	where_is(kind, malloc(size), size);
	return NULL;
}

static void do_thread(const char *kind)
{
	pthread_t thread;

	if (!pthread_create(&thread, NULL, named, (void *)kind))
		pthread_join(thread, NULL);
}

/* The program's own word, by the system call's libc-less way. */
static void do_mbind(const char *kind)
{
	unsigned long node2 = 1 << 2;
	void *p = map(size, 0);

	syscall(SYS_mbind, p, size, 2 /* MPOL_BIND */, &node2,
		8 * sizeof(node2), 0);
	where_is(kind, p, size);
}

/* Bound by whoever bound it, then moved by the program to node 2. */
static void do_moved(const char *kind)
{
	char *p = map(size, 0);
	size_t i;

	memset(p, 1, size);
	for (i = 0; i < size; i += 4096) {
		void *page = p + i;
		int node = 2, status;

		syscall(SYS_move_pages, 0, 1, &page, &node, &status, 0);
	}
	where_is(kind, p, size);
}

/* Copy on write: the child's writes stay its own, the parent's too. */
static void do_fork(const char *kind)
{
	char *p = map(size, 0);
	int go[2], status;
	pid_t child;

	memset(p, 'a', size);
	if (pipe(go))
		return;
	child = fork();
	if (!child) {
		char byte;
		size_t i;

		if (read(go[0], &byte, 1) != 1)
			_exit(2);
		for (i = 0; i < size; i += 4096)
			if (p[i] != 'a')
				_exit(1);
		memset(p, 'c', size);
		_exit(0);
	}
	memset(p, 'b', size);
	if (write(go[1], "", 1) != 1)
		return;
	waitpid(child, &status, 0);
	printf("%s child=%d parent=%s\n", kind, status,
		p[0] == 'b' && p[size - 1] == 'b' ? "kept" : "lost");
	where_is(kind, p, size);
}

/* Freed and allocated again, so that limits must be given back. */
static void do_again(const char *kind)
{
	int i;

	for (i = 0; i < 3; i++) {
		void *p = map(size, 0);

		where_is(kind, p, size);
		munmap(p, size);
	}
}

/* What /proc says a block is mapped from; move_pages refuses device pages. */
static void mapped_from(const char *kind, char *p)
{
	unsigned long start, end;
	size_t i, wrong = 0;
	char line[512];
	FILE *maps;

	for (i = 0; i < size; i++)
		p[i] = (char)(i * 31);
	for (i = 0; i < size; i++)
		wrong += p[i] != (char)(i * 31);
	maps = fopen("/proc/self/maps", "r");
	while (maps && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx", &start, &end) == 2 &&
			start <= (uintptr_t)p && end > (uintptr_t)p)
			printf("%s wrong=%zu %s", kind, wrong, line);
	if (maps)
		fclose(maps);
}

static void do_map_of(const char *kind)
{
	mapped_from(kind, map(size, 0));
}

static void do_heap_of(const char *kind)
{
	mapped_from(kind, malloc(size));
}

/* Until somebody outside says so: a line of input. */
static void do_wait(const char *kind)
{
	char line[16];

	printf("%s\n", kind);
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		exit(65);
}

static const struct {
	const char *name;
	void (*fn)(const char *kind);
} kinds[] = {
	{ "malloc", do_malloc },
	{ "calloc", do_calloc },
	{ "realloc", do_realloc },
	{ "reallocarray", do_reallocarray },
	{ "posix_memalign", do_posix_memalign },
	{ "aligned_alloc", do_aligned_alloc },
	{ "memalign", do_memalign },
	{ "valloc", do_valloc },
	{ "small", do_small },
	{ "many", do_many },
	{ "mmap", do_mmap },
	{ "populate", do_populate },
	{ "shared", do_shared },
	{ "hugetlb", do_hugetlb },
	{ "noreserve", do_noreserve },
	{ "reserve", do_reserve },
	{ "commit", do_commit },
	{ "maps", do_maps },
	{ "mremap", do_mremap },
	{ "sbrk", do_sbrk },
	{ "brk", do_brk },
	{ "shm", do_shm },
	{ "strdup", do_strdup },
	{ "thread", do_thread },
	{ "mbind", do_mbind },
	{ "moved", do_moved },
	{ "fork", do_fork },
	{ "again", do_again },
	{ "map_of", do_map_of },
	{ "heap_of", do_heap_of },
	{ "wait", do_wait },
};

int main(int argc, char **argv)
{
	size_t i;

	if (argc < 3)
		return 64;
	size = strtoul(argv[1], NULL, 10) << 20;
	for (argv += 2; *argv; argv++) {
		for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
			if (!strcmp(*argv, kinds[i].name))
				break;
		if (i == sizeof(kinds) / sizeof(*kinds))
			return 64;
		kinds[i].fn(*argv);
	}
	return 0;
}
