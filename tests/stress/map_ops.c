/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A long random sequence of mapping calls, and all that a program can see of
 * it: results, errors, protection, contents, in parent and child.  The same
 * seed must print the same with and without HMS; map.sh compares.
 *
 *	map_ops SEED OPERATIONS
 *
 * Catches whatever makes memory on a file or node differ from private
 * anonymous memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE ((size_t)4096)
#define PAGES 256 /* of the arena, where everything is MAP_FIXED */
#define SLOTS 8 /* mappings of their own, which mremap may move */
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define UNMAPPED (-1)
#define LOOK_EVERY 1 /* operations between two looks at everything */

static char *arena;
static int perms[PAGES]; /* PROT_*, or UNMAPPED; as the kernel lists them */
static struct {
	char *p;
	size_t pages;
} slots[SLOTS];
static uint64_t state;
static unsigned long serial;

static unsigned draw(unsigned below)
{
	state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (unsigned)(state >> 33) % below;
}

static void list_line(const char *line)
{
	unsigned long start, end;
	char rwx[5];

	if (sscanf(line, "%lx-%lx %4s", &start, &end, rwx) != 3)
		return;
	for (size_t i = 0; i < PAGES; i++) {
		unsigned long at = (unsigned long)arena + i * PAGE;

		if (at < start || at >= end)
			continue;
		perms[i] = (rwx[0] == 'r' ? PROT_READ : 0) |
			   (rwx[1] == 'w' ? PROT_WRITE : 0) |
			   (rwx[2] == 'x' ? PROT_EXEC : 0);
	}
}

static void list(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[5000];

	if (!maps)
		exit(99);
	for (size_t i = 0; i < PAGES; i++)
		perms[i] = UNMAPPED;
	while (fgets(line, sizeof(line), maps))
		list_line(line);
	fclose(maps);
}

static uint64_t mix(uint64_t digest, uint64_t value)
{
	return (digest ^ value) * UINT64_C(1099511628211);
}

static uint64_t page_digest(uint64_t digest, const char *p)
{
	const uint64_t *word = (const uint64_t *)p;

	for (size_t i = 0; i < PAGE / sizeof(*word); i++)
		digest = mix(digest, word[i]);
	return digest;
}

static uint64_t digest(void)
{
	uint64_t d = 1;

	list();
	for (size_t i = 0; i < PAGES; i++) {
		d = mix(d, (uint64_t)(perms[i] + 2));
		if (perms[i] > 0 && perms[i] & PROT_READ)
			d = page_digest(d, arena + i * PAGE);
	}
	for (size_t i = 0; i < SLOTS; i++) {
		d = mix(d, slots[i].pages);
		for (size_t j = 0; j < slots[i].pages; j++)
			d = page_digest(d, slots[i].p + j * PAGE);
	}
	return d;
}

static void scribble(void)
{
	list();
	for (size_t i = 0; i < PAGES; i++)
		if (perms[i] > 0 && perms[i] & PROT_WRITE && draw(4) == 0)
			memset(arena + i * PAGE + draw(PAGE - 64),
				(int)++serial, 64);
	for (size_t i = 0; i < SLOTS; i++)
		if (slots[i].pages && draw(2))
			slots[i].p[draw((unsigned)(slots[i].pages * PAGE))] =
				(char)++serial;
}

static void said(const char *what, size_t from, size_t n, long rc)
{
	printf("%s %zu+%zu %ld %s\n", what, from, n, rc,
		rc < 0 ? strerrorname_np(errno) : "-");
}

static void span(size_t *from, size_t *n)
{
	*from = draw(PAGES);
	*n = 1 + draw(draw(4) ? 8 : 64);
	if (*from + *n > PAGES)
		*n = PAGES - *from;
}

static int some_prot(void)
{
	static const int prots[] = { RW, RW, RW, PROT_READ, PROT_NONE,
		PROT_NONE, RW | PROT_EXEC };

	return prots[draw(sizeof(prots) / sizeof(prots[0]))];
}

static void do_map(size_t from, size_t n)
{
	static const int extra[] = { 0, 0, 0, MAP_NORESERVE, MAP_POPULATE,
		MAP_STACK, MAP_LOCKED };
	int more = extra[draw(sizeof(extra) / sizeof(extra[0]))];
	void *p = mmap(arena + from * PAGE, n * PAGE, some_prot(),
		ANON | MAP_FIXED | more, -1, 0);

	said("mmap", from, n, p == MAP_FAILED ? -1 : 0);
}

static void do_protect(size_t from, size_t n)
{
	said("mprotect", from, n,
		mprotect(arena + from * PAGE, n * PAGE, some_prot()));
}

static void do_unmap(size_t from, size_t n)
{
	said("munmap", from, n, munmap(arena + from * PAGE, n * PAGE));
}

/* MADV_FREE is left out: when its pages empty is the kernel's choice. */
static void do_advise(size_t from, size_t n)
{
	static const int advice[] = { MADV_DONTNEED, MADV_DONTNEED,
		MADV_DONTNEED, MADV_REMOVE, MADV_DONTFORK, MADV_DOFORK,
		MADV_WIPEONFORK, MADV_KEEPONFORK, MADV_NORMAL, MADV_RANDOM,
		MADV_SEQUENTIAL, MADV_WILLNEED, MADV_HUGEPAGE, MADV_NOHUGEPAGE,
		MADV_DODUMP, MADV_DONTDUMP, MADV_COLD, MADV_PAGEOUT,
		MADV_MERGEABLE, MADV_UNMERGEABLE, 9999 };
	int a = advice[draw(sizeof(advice) / sizeof(advice[0]))];
	char name[32];

	snprintf(name, sizeof(name), "madvise %d", a);
	said(name, from, n, madvise(arena + from * PAGE, n * PAGE, a));
}

static void slot_map(unsigned i)
{
	slots[i].pages = 1 + draw(40);
	slots[i].p = mmap(NULL, slots[i].pages * PAGE, RW, ANON, -1, 0);
	if (slots[i].p == MAP_FAILED)
		exit(98);
}

static void slot_remap(unsigned i)
{
	size_t n = 1 + draw(60);
	void *p = mremap(
		slots[i].p, slots[i].pages * PAGE, n * PAGE, MREMAP_MAYMOVE);

	said("mremap", i, n, p == MAP_FAILED ? -1 : 0);
	if (p == MAP_FAILED)
		return;
	slots[i].p = p;
	slots[i].pages = n;
}

/* Into the arena, over whatever is there. */
static void slot_move(unsigned i)
{
	size_t n = 1 + draw(20), from = draw(PAGES - 20);
	void *p = mremap(slots[i].p, slots[i].pages * PAGE, n * PAGE,
		MREMAP_MAYMOVE | MREMAP_FIXED, arena + from * PAGE);

	said("move", from, n, p == MAP_FAILED ? -1 : 0);
	if (p != MAP_FAILED)
		slots[i].pages = 0;
}

static void do_slot(void)
{
	unsigned i = draw(SLOTS);

	if (!slots[i].pages)
		slot_map(i);
	else if (draw(4))
		slot_remap(i);
	else if (draw(2))
		slot_move(i);
	else {
		said("munmap slot", i, slots[i].pages,
			munmap(slots[i].p, slots[i].pages * PAGE));
		slots[i].pages = 0;
	}
}

static void wrong_calls(void)
{
	char *p = arena + 1;

	said("odd munmap", 0, 1, munmap(p, PAGE));
	said("odd mprotect", 0, 1, mprotect(p, PAGE, RW));
	said("odd madvise", 0, 1, madvise(p, PAGE, MADV_DONTNEED));
	said("no munmap", 0, 0, munmap(arena, 0));
	said("no mmap", 0, 0,
		mmap(NULL, 0, RW, ANON, -1, 0) == MAP_FAILED ? -1 : 0);
	said("huge mmap", 0, 0,
		mmap(NULL, (size_t)-PAGE, RW, ANON, -1, 0) == MAP_FAILED ? -1
									 : 0);
	said("bad mremap", 0, 1,
		mremap(arena, PAGE, PAGE, MREMAP_FIXED, arena) == MAP_FAILED
			? -1
			: 0);
	said("to nothing", 0, 1,
		mremap(arena, PAGE, 0, MREMAP_MAYMOVE) == MAP_FAILED ? -1 : 0);
}

static void operate(unsigned long n);

/* Both go on writing; each must see only what is its own. */
static void do_fork(void)
{
	int tell[2], status = 0;
	char byte;
	pid_t pid;

	fflush(stdout);
	if (pipe(tell) < 0)
		exit(97);
	pid = fork();
	if (pid == 0) {
		close(tell[1]);
		/* Once the parent has written. */
		if (read(tell[0], &byte, 1) != 1)
			_exit(1);
		printf("child %016llx\n", (unsigned long long)digest());
		scribble();
		operate(10);
		printf("child %016llx\n", (unsigned long long)digest());
		fflush(stdout);
		_exit(0);
	}
	close(tell[0]);
	scribble();
	if (write(tell[1], "", 1) != 1)
		exit(96);
	close(tell[1]);
	waitpid(pid, &status, 0);
	said("fork", 0, 0, status);
}

static void operate(unsigned long n)
{
	size_t from, pages;

	while (n--) {
		span(&from, &pages);
		switch (draw(16)) {
		case 0:
		case 1:
		case 2:
		case 3:
			do_map(from, pages);
			break;
		case 4:
		case 5:
		case 6:
			do_protect(from, pages);
			break;
		case 7:
			do_unmap(from, pages);
			break;
		case 8:
		case 9:
		case 10:
			do_advise(from, pages);
			break;
		case 11:
		case 12:
		case 13:
			do_slot();
			break;
		case 14:
			scribble();
			break;
		default:
			if (draw(8) == 0)
				do_fork();
			else if (draw(8) == 0)
				wrong_calls();
		}
		if (n % LOOK_EVERY == 0)
			printf("= %016llx\n", (unsigned long long)digest());
	}
}

int main(int argc, char **argv)
{
	state = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
	/* Far from where the kernel puts others: they must not fill holes. */
	arena = mmap((void *)0x100000000000, PAGES * PAGE, PROT_NONE,
		ANON | MAP_FIXED, -1, 0);
	if (arena == MAP_FAILED)
		return 99;
	setvbuf(stdout, NULL, _IOLBF, 0);
	operate(argc > 2 ? strtoul(argv[2], NULL, 10) : 2000);
	return 0;
}
