/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Limits that processes share: what is claimed, who is gone, what a fork
 * leaves.  Other processes are real ones; time is the test's.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/sys.h"
#include "engine/shared_file.h"

#define MOST 64
#define SECOND UINT64_C(1000000000)

static struct hms_shared s;
static char folder[] = "/tmp/hms-shared.XXXXXX";
static uint64_t later; /* the test's clock is so much ahead */

uint64_t __real_hms_sys_clock(int clock);
uint64_t __wrap_hms_sys_clock(int clock);
uint64_t __wrap_hms_sys_clock(int clock)
{
	return __real_hms_sys_clock(clock) + later;
}

static uint64_t left_of(struct hms_shared *limit)
{
	limit->settled_ns = 0; /* look now */
	return hms_shared_left(limit);
}

static void start(void)
{
	cr_assert(mkdtemp(folder));
	cr_assert_eq(hms_shared_open(&s, folder, "fast", "node:0", MOST), 0);
}

static void end(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	cr_assert_eq(system(command), 0);
}

TestSuite(shared, .init = start, .fini = end);

static void finish(pid_t pid)
{
	kill(pid, SIGKILL);
	cr_assert_eq(waitpid(pid, NULL, 0), pid);
}

static void stopped(pid_t pid)
{
	int status;

	cr_assert_eq(waitpid(pid, &status, WUNTRACED), pid);
	cr_assert(WIFSTOPPED(status), "exit %d", WEXITSTATUS(status));
}

/* Opens the same limit and has so much of it; in another process. */
static void hold(uint64_t held)
{
	static struct hms_shared mine;

	if (hms_shared_open(&mine, folder, "fast", "node:0", MOST))
		_exit(1);
	hms_shared_force(&mine, held);
}

/* A process that does, until it is told to end; *row is its row. */
static pid_t holder(uint64_t held, struct hms_shared_row **row)
{
	pid_t pid = fork();

	if (!pid) {
		hold(held);
		raise(SIGSTOP);
		_exit(0);
	}
	stopped(pid);
	for (unsigned i = 0; i < HMS_SHARED_ROWS; i++)
		if (s.table->row[i].owner == (uint64_t)pid)
			*row = &s.table->row[i];
	cr_assert(*row);
	return pid;
}

/* A row as a process left it that is gone. */
static struct hms_shared_row *row_of(uint64_t held)
{
	struct hms_shared_row *row = &s.table->row[s.table->high++];

	row->held = held;
	row->owner = 1;
	return row;
}

/* Catches a claim beyond the limit, and one that is not taken back. */
Test(shared, claims)
{
	cr_assert(hms_shared_claim(&s, 60));
	cr_assert_not(hms_shared_claim(&s, 5));
	cr_assert_eq(hms_shared_sum(&s), 60);
	cr_assert(hms_shared_claim(&s, 4));
	cr_assert_eq(left_of(&s), 0);
	hms_shared_give(&s, 64);
	cr_assert_eq(left_of(&s), MOST);
}

/* A file that others may read, or that a descriptor keeps. */
Test(shared, file)
{
	struct stat st;
	char path[64];

	cr_assert_eq(stat(s.path, &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0600);
	cr_assert_eq(st.st_size, sizeof(struct hms_shared_table));
	cr_assert_geq(st.st_blocks * 512, st.st_size);
	cr_assert_eq(st.st_nlink, 1);
	for (int fd = 0; fd < 64; fd++) {
		char to[256] = "";

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		if (readlink(path, to, sizeof(to) - 1) > 0)
			cr_assert_not(strstr(to, "limit-"));
	}
}

/* Other names and meanings are other limits; another size is not. */
Test(shared, names)
{
	static struct hms_shared other;

	cr_assert_eq(
		hms_shared_open(&other, folder, "fast", "node:1", MOST), 0);
	cr_assert_str_neq(other.path, s.path);
	cr_assert_eq(hms_shared_open(&other, folder, "far", "node:0", MOST), 0);
	cr_assert_str_neq(other.path, s.path);
	/* Of one process, twice. */
	cr_assert_eq(hms_shared_open(&other, folder, "fast", "node:0", 10), 0);
	cr_assert_str_eq(other.path, s.path);
}

/* Another process's claims count, at its limit or ours. */
Test(shared, others)
{
	siginfo_t ended;
	int status;
	pid_t pid;

	cr_assert(hms_shared_claim(&s, 40));
	pid = fork();
	if (!pid) {
		static struct hms_shared other;

		if (hms_shared_open(&other, folder, "fast", "node:0", 50))
			_exit(1);
		if (hms_shared_left(&other) != 10 ||
			hms_shared_claim(&other, 11) ||
			!hms_shared_claim(&other, 10))
			_exit(2);
		raise(SIGSTOP);
		_exit(0);
	}
	cr_assert_eq(waitpid(pid, &status, WUNTRACED), pid);
	cr_assert(WIFSTOPPED(status), "exit %d", WEXITSTATUS(status));
	cr_assert_eq(left_of(&s), 14);
	cr_assert_not(hms_shared_claim(&s, 15));
	/* A zombie has no memory. */
	kill(pid, SIGKILL);
	cr_assert_eq(waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOWAIT), 0);
	cr_assert_eq(left_of(&s), 24);
	finish(pid);
}

/* Catches a row that is somebody's, and one that is not freed. */
Test(shared, killed)
{
	struct hms_shared_row *row = NULL;
	pid_t pid = holder(20, &row);

	cr_assert_eq(left_of(&s), 44);
	finish(pid);
	cr_assert_eq(left_of(&s), MOST);
	cr_assert_eq(row->owner, 0);
}

/* After exec the process is there, but its memory is not. */
Test(shared, exec)
{
	int ends[2];
	char byte;
	pid_t pid;

	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	if (!pid) {
		hold(20);
		raise(SIGSTOP);
		execlp("sleep", "sleep", "1000", NULL);
		_exit(1);
	}
	close(ends[1]);
	stopped(pid);
	cr_assert_eq(left_of(&s), 44);
	kill(pid, SIGCONT);
	cr_assert_eq(read(ends[0], &byte, 1), 0);
	/* The kernel may give up the old mappings a moment later. */
	while (left_of(&s) != MOST)
		sched_yield();
	cr_assert_eq(waitpid(pid, NULL, WNOHANG), 0);
	finish(pid);
}

/* A process that closes all descriptors has its row still. */
Test(shared, closed)
{
	struct hms_shared_row *row = NULL;
	pid_t pid = fork();

	if (!pid) {
		hold(20);
		for (int fd = 3; fd < 1024; fd++)
			close(fd);
		raise(SIGSTOP);
		_exit(0);
	}
	stopped(pid);
	cr_assert_eq(left_of(&s), 44);
	finish(pid);
	pid = holder(3, &row);
	cr_assert_eq(left_of(&s), 61);
	finish(pid);
}

/* Who frees a row may be killed before it is done. */
Test(shared, half_freed)
{
	struct hms_shared_row *row = row_of(20);

	row->forked_ns = 1;
	cr_assert_eq(left_of(&s), MOST);
	cr_assert_eq(row->owner, 0);
	cr_assert_eq(row->forked_ns, 0);
}

static int to_inner[2], to_outer[2]; /* pipes */

static void tell(int fd)
{
	if (write(fd, "", 1) != 1)
		_exit(9);
}

static void hear(int fd)
{
	char byte;

	if (read(fd, &byte, 1) != 1)
		_exit(9);
}

/* The first process of a PID namespace: what it sees, as an exit status. */
static int elsewhere(void)
{
	static struct hms_shared mine;

	if (getpid() != 1 ||
		hms_shared_open(&mine, folder, "fast", "node:0", MOST) ||
		strcmp(mine.path, s.path))
		return 1;
	if (left_of(&mine) != 34 || !hms_shared_claim(&mine, 20))
		return 2;
	tell(to_outer[1]);
	hear(to_inner[0]);
	return left_of(&mine) == 14 ? 0 : 3;
}

static int make_namespace(void)
{
	int status;
	pid_t inner;

	if (unshare(CLONE_NEWPID)) {
		tell(to_outer[1]);
		return 77;
	}
	inner = fork();
	if (!inner)
		_exit(elsewhere());
	if (waitpid(inner, &status, 0) != inner || !WIFEXITED(status))
		return 8;
	return WEXITSTATUS(status);
}

/* Catches a process of another PID namespace that is taken for dead, or not. */
Test(shared, namespaces)
{
	uint64_t seen;
	int status;
	pid_t outer;

	cr_assert(hms_shared_claim(&s, 30));
	cr_assert(!pipe(to_inner) && !pipe(to_outer));
	outer = fork();
	if (!outer)
		_exit(make_namespace());
	close(to_outer[1]);
	hear(to_outer[0]);
	seen = left_of(&s);
	tell(to_inner[1]);
	cr_assert_eq(waitpid(outer, &status, 0), outer);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		cr_skip_test("no PID namespace can be made");
	cr_assert(WIFEXITED(status) && !WEXITSTATUS(status), "exit %d",
		WEXITSTATUS(status));
	cr_assert_eq(seen, 14);
	/* It is gone, and its number 1 is not. */
	cr_assert_eq(left_of(&s), 34);
	cr_assert_eq(hms_shared_sum(&s), 30);
}

/* In the child of a fork; 0 if all is well. */
static int child_claims(uint64_t inherited, bool fits)
{
	hms_shared_after_fork(&s, true);
	if (hms_shared_claim(&s, inherited) != fits)
		return 1;
	if (fits)
		hms_shared_covered(&s);
	return 0;
}

static pid_t forked(uint64_t inherited, bool fits)
{
	pid_t pid;

	hms_shared_before_fork(&s);
	pid = fork();
	if (!pid) {
		int rc = child_claims(inherited, fits);

		raise(SIGSTOP);
		_exit(rc);
	}
	hms_shared_after_fork(&s, false);
	stopped(pid);
	return pid;
}

/* The child claims what it inherits, in a row of its own. */
Test(shared, fork_that_fits)
{
	pid_t pid;

	cr_assert(hms_shared_claim(&s, 20));
	pid = forked(20, true);
	cr_assert_eq(left_of(&s), 24);
	/* It has a claim of its own: what the parent frees is free. */
	later = 2 * SECOND;
	hms_shared_give(&s, 20);
	cr_assert_eq(left_of(&s), 44);
	finish(pid);
	cr_assert_eq(left_of(&s), 64);
}

/* The pages are the child's still when the parent has freed them. */
Test(shared, fork_beyond)
{
	pid_t pid;

	cr_assert(hms_shared_claim(&s, 40));
	pid = forked(40, false);
	hms_shared_give(&s, 30);
	cr_assert_eq(left_of(&s), 24);
	later = 2 * SECOND;
	cr_assert_eq(left_of(&s), 24);
	finish(pid);
	cr_assert_eq(left_of(&s), 54);
}

/* For a moment nobody knows of the child. */
Test(shared, fork_grace)
{
	cr_assert(hms_shared_claim(&s, 40));
	hms_shared_before_fork(&s);
	hms_shared_after_fork(&s, false);
	hms_shared_give(&s, 30);
	cr_assert_eq(left_of(&s), 24);
	later = 2 * SECOND;
	cr_assert_eq(left_of(&s), 54);
}

/* A parent that ends leaves its pages to children, and theirs. */
Test(shared, orphans)
{
	struct hms_shared_row *of_parent = NULL, *of_child = NULL, *last = NULL;
	pid_t parent = holder(30, &of_parent), child = holder(4, &of_child),
	      grandchild = holder(5, &last);

	of_parent->forked_ns = of_child->forked_ns = 1;
	of_child->parent = (uint64_t)(of_parent - s.table->row) + 1;
	last->parent = (uint64_t)(of_child - s.table->row) + 1;
	finish(parent);
	cr_assert_eq(left_of(&s), 25);
	finish(child);
	cr_assert_eq(left_of(&s), 25);
	finish(grandchild);
	cr_assert_eq(left_of(&s), MOST);
}

/* The file is made again, with what is held. */
Test(shared, removed)
{
	cr_assert(hms_shared_claim(&s, 40));
	cr_assert_eq(unlink(s.path), 0);
	cr_assert_eq(left_of(&s), 24);
	cr_assert_eq(access(s.path, F_OK), 0);
	hms_shared_give(&s, 40);
	cr_assert_eq(left_of(&s), MOST);
}

/* It cannot be made again: the limit is this process's own. */
Test(shared, removed_for_good)
{
	cr_assert(hms_shared_claim(&s, 40));
	cr_assert_eq(unlink(s.path), 0);
	cr_assert_eq(mkdir(s.path, 0700), 0);
	cr_assert_eq(left_of(&s), MOST);
	cr_assert_null(s.table);
	cr_assert(hms_shared_claim(&s, 400));
	hms_shared_give(&s, 440);
}

/* Catches a SIGBUS, and numbers of a table that is not ours any more. */
Test(shared, truncated)
{
	cr_assert(hms_shared_claim(&s, 40));
	cr_assert_eq(truncate(s.path, 0), 0);
	cr_assert(hms_shared_claim(&s, 400));
	cr_assert_null(s.table);
	hms_shared_give(&s, 440);
	hms_shared_before_fork(&s);
	hms_shared_after_fork(&s, false);
	cr_assert_eq(hms_shared_left(&s), MOST);
}

/* In its middle, and then as long as it was, without what was there. */
Test(shared, filled_anew)
{
	cr_assert(hms_shared_claim(&s, 40));
	cr_assert_eq(truncate(s.path, 4096), 0);
	cr_assert_eq(truncate(s.path, sizeof(struct hms_shared_table)), 0);
	/* As if the row had been further on. */
	s.row = 100;
	hms_shared_give(&s, 10);
	cr_assert_eq(left_of(&s), 34);
	cr_assert_eq(hms_shared_sum(&s), 30);
	cr_assert(hms_shared_claim(&s, 34));
	cr_assert_not(hms_shared_claim(&s, 1));
}

/* Rows of nonsense, without anybody who has them. */
Test(shared, nonsense)
{
	for (unsigned i = 1; i < HMS_SHARED_ROWS; i++)
		memset(&s.table->row[i], 0xa5, sizeof(s.table->row[i]));
	s.table->high = UINT64_MAX;
	later = UINT64_C(0xa5a5a5a5a5a5a5a5) + 2 * SECOND;
	cr_assert_not(hms_shared_claim(&s, 1));
	cr_assert_eq(left_of(&s), MOST);
	cr_assert(hms_shared_claim(&s, MOST));
}

/* A child that cannot open the table any more counts with its parent. */
Test(shared, fork_without_file)
{
	char away[64];
	pid_t pid;

	snprintf(away, sizeof(away), "%s.away", folder);
	cr_assert(hms_shared_claim(&s, 20));
	hms_shared_before_fork(&s);
	pid = fork();
	if (!pid) {
		rename(folder, away);
		hms_shared_after_fork(&s, true);
		rename(away, folder);
		if (!hms_shared_claim(&s, 20) || hms_shared_claim(&s, 30))
			_exit(1);
		hms_shared_covered(&s);
		raise(SIGSTOP);
		_exit(0);
	}
	stopped(pid);
	hms_shared_after_fork(&s, false);
	cr_assert_eq(left_of(&s), 24);
	finish(pid);
	/* What is not given back stays, as long as the parent does. */
	cr_assert_eq(left_of(&s), 24);
}

/* Something else has its name: not mapped, not written to. */
Test(shared, foreign_file)
{
	static struct hms_shared other;
	int fd = open(s.path, O_RDWR | O_TRUNC);

	cr_assert_geq(fd, 0);
	cr_assert_eq(
		hms_shared_open(&other, folder, "fast", "node:0", 10), -22);
	cr_assert_eq(ftruncate(fd, sizeof(struct hms_shared_table)), 0);
	cr_assert_eq(
		hms_shared_open(&other, folder, "fast", "node:0", 10), -22);
	close(fd);
	cr_assert_eq(truncate(s.path, sizeof(struct hms_shared_table)), 0);
}

/* More processes than rows. */
Test(shared, full)
{
	int status, fd = open(s.path, O_RDWR);

	for (unsigned i = 1; i < HMS_SHARED_ROWS; i++) {
		row_of(0);
		cr_assert_eq(hms_shared_lock(fd, i), 0);
	}
	cr_assert_eq(s.table->high, HMS_SHARED_ROWS);
	if (!fork()) {
		static struct hms_shared other;

		_exit(hms_shared_open(&other, folder, "fast", "node:0", 10) ==
			-87);
	}
	cr_assert(wait(&status) > 0 && WEXITSTATUS(status) == 1);
	close(fd);
	cr_assert_eq(left_of(&s), MOST);
}

#define RACERS 4
#define ROUNDS 50000

/* Sums of what is claimed, by the claimers themselves. */
static uint64_t *claimed;

static void race(unsigned seed)
{
	static struct hms_shared mine;
	uint64_t have = 0;

	if (hms_shared_open(&mine, folder, "race", "node:0", MOST))
		_exit(1);
	/* All rows are added up, which takes long enough to meet others. */
	mine.table->high = HMS_SHARED_ROWS;
	/* Together, or the first is done before the last begins. */
	__atomic_fetch_add(&claimed[2], 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&claimed[2], __ATOMIC_SEQ_CST) < RACERS)
		sched_yield();
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t n = 1 + (uint64_t)rand_r(&seed) % 40;

		if (i % 16 == 0)
			sched_yield();
		if (have) {
			__atomic_fetch_sub(claimed, have, __ATOMIC_SEQ_CST);
			hms_shared_give(&mine, have);
			have = 0;
		} else if (hms_shared_claim(&mine, n)) {
			have = n;
			if (__atomic_add_fetch(claimed, n, __ATOMIC_SEQ_CST) >
				MOST)
				_exit(2);
			__atomic_fetch_add(&claimed[1], 1, __ATOMIC_SEQ_CST);
		}
	}
	_exit(0);
}

/* Catches a claim that is granted by what was true a moment ago. */
Test(shared, races)
{
	int status;

	claimed = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(claimed, MAP_FAILED);
	for (unsigned i = 0; i < RACERS; i++)
		if (!fork())
			race(i + 1);
	for (unsigned i = 0; i < RACERS; i++) {
		cr_assert(wait(&status) > 0);
		cr_assert(WIFEXITED(status) && !WEXITSTATUS(status),
			"status %x", (unsigned)status);
	}
	cr_assert_gt(claimed[1], ROUNDS / 10);
}
