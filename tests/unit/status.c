/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The status page: counts of many threads add up, a forked child starts anew
 * without touching its parent's page, and a page outlives SIGKILL.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/sys.h"
#include "report/page.h"

static char runtime[] = "/tmp/hms-unit.XXXXXX";
static char folder[128], file[160];

static void setup(void)
{
	cr_assert(mkdtemp(runtime));
	setenv("XDG_RUNTIME_DIR", runtime, 1);
	snprintf(folder, sizeof(folder), "%s/hms", runtime);
	snprintf(file, sizeof(file), "%s/%d.status", folder, getpid());
}

static void teardown(void)
{
	char command[200];

	snprintf(command, sizeof(command), "rm -rf '%s'", runtime);
	cr_assert_eq(system(command), 0);
}

TestSuite(status, .init = setup, .fini = teardown);

static struct hms_status *read_file(const char *path)
{
	static struct hms_status page;
	int fd = open(path, O_RDONLY);

	cr_assert_geq(fd, 0, "no %s", path);
	cr_assert_eq(read(fd, &page, sizeof(page)), (ssize_t)sizeof(page));
	close(fd);
	return &page;
}

/* Catches a page that others can read, a descriptor left open, and a file
 * that stays after an orderly end. */
Test(status, file_is_private_and_goes)
{
	struct stat st;
	int before = dup(0), after;

	close(before);
	cr_assert_eq(hms_status_open("program"), 0);
	after = dup(0);
	cr_assert_eq(before, after);
	close(after);
	cr_assert_eq(stat(folder, &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0700);
	cr_assert_eq(stat(file, &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0600);
	/* Blocks are there, or a full disk would be a SIGBUS later. */
	cr_assert_geq((size_t)st.st_blocks * 512, sizeof(*hms_status));
	cr_assert(hms_page_valid(read_file(file), sizeof(*hms_status)));
	cr_assert_str_eq(hms_status->program, "program");
	cr_assert(hms_process_alive(getpid(), hms_status->start_ticks));
	hms_status_close();
	cr_assert_eq(access(file, F_OK), -1);
}

/* Catches following a link that somebody else put into /tmp, and using a
 * folder that others can enter. */
Test(status, refuses_folder_of_others)
{
	struct hms_text path = HMS_TEXT(file);
	struct hms_status *page;
	char other[160];

	snprintf(other, sizeof(other), "%s/other", runtime);
	cr_assert_eq(mkdir(other, 0700), 0);
	cr_assert_eq(symlink(other, folder), 0);
	cr_assert_eq(hms_page_create(runtime, &path, &page), 0);
	cr_assert_neq(strncmp(file, folder, strlen(folder)), 0);
	cr_assert_eq(unlink(file), 0);
	hms_page_unmap(page);

	cr_assert_eq(unlink(folder), 0);
	cr_assert_eq(mkdir(folder, 0700), 0);
	cr_assert_eq(chmod(folder, 0770), 0);
	cr_assert_eq(hms_page_create(runtime, &path, &page), 0);
	cr_assert_neq(strncmp(file, folder, strlen(folder)), 0);
	cr_assert_eq(unlink(file), 0);
}

#define CALLS 10000
#define THREADS 600 /* more than there are tallies, in several rounds */
#define AT_ONCE 100

static void *count(void *arg)
{
	for (int i = 0; i < CALLS; i++)
		hms_count_call(1, HMS_FAMILY_HEAP, 3);
	if (arg)
		hms_tally_release();
	return NULL;
}

static void run_threads(void *release)
{
	pthread_t thread[AT_ONCE];

	for (int done = 0; done < THREADS; done += AT_ONCE) {
		for (int i = 0; i < AT_ONCE; i++)
			cr_assert_eq(pthread_create(
					     &thread[i], NULL, count, release),
				0);
		for (int i = 0; i < AT_ONCE; i++)
			pthread_join(thread[i], NULL);
	}
}

static void check_counts(void)
{
	struct hms_tally_rule sum = hms_status_calls(hms_status, 1);

	cr_assert_eq(sum.calls, (uint64_t)THREADS * CALLS);
	cr_assert_eq(sum.bytes, (uint64_t)THREADS * CALLS * 3);
	cr_assert_eq(hms_status_family_calls(hms_status, HMS_FAMILY_HEAP),
		(uint64_t)THREADS * CALLS);
	cr_assert_eq(hms_status_calls(hms_status, 0).calls, 0);
	cr_assert_eq(hms_status->lost_tallies, 0);
}

/* Catches counts lost when threads end, and tallies that are not freed. */
Test(status, threads_add_up)
{
	cr_assert_eq(hms_status_open("program"), 0);
	run_threads(&file);
	check_counts();
	for (int i = 0; i < HMS_STATUS_TALLIES; i++)
		cr_assert_eq(hms_status->tallies[i].owner, 0);
}

/* The same with threads that vanish without releasing: tallies are found
 * to be orphans, or the 255th thread would have none. */
Test(status, vanished_threads_add_up)
{
	cr_assert_eq(hms_status_open("program"), 0);
	run_threads(NULL);
	check_counts();
}

/* Catches a child that counts on its parent's page, that loses what is
 * bound, or that takes its parent's file away. */
Test(status, fork_gives_child_its_own)
{
	char childs[160];
	pid_t child;
	int status;

	cr_assert_eq(hms_status_open("program"), 0);
	hms_status->nrules = 2;
	hms_status->rules[1].bound = 4096;
	hms_count_call(1, HMS_FAMILY_HEAP, 100);
	hms_status_before_fork();
	hms_status->rules[1].bound = 4096;
	child = fork();
	if (child == 0) {
		hms_status_after_fork(true);
		hms_count_call(1, HMS_FAMILY_HEAP, 7);
		snprintf(childs, sizeof(childs), "%s/%d.status", folder,
			getpid());
		if (hms_status_calls(hms_status, 1).bytes != 7)
			_exit(1);
		if (hms_status->rules[1].bound != 4096)
			_exit(2);
		if (access(childs, F_OK) || access(file, F_OK))
			_exit(3);
		if (hms_status_calls(read_file(childs), 1).bytes != 7)
			_exit(4);
		hms_status->rules[1].bound = 1;
		hms_status_close();
		_exit(access(file, F_OK) ? 5 : 0);
	}
	hms_status_after_fork(false);
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert_eq(status, 0, "child said %d", WEXITSTATUS(status));
	cr_assert_eq(hms_status_calls(hms_status, 1).bytes, 100);
	cr_assert_eq(hms_status->rules[1].bound, 4096);
	hms_count_call(1, HMS_FAMILY_HEAP, 1);
	cr_assert_eq(hms_status_calls(read_file(file), 1).bytes, 101);
}

/* Catches counts kept where they die with the process, and a dead process
 * taken for a living one. */
Test(status, page_outlives_sigkill)
{
	struct hms_status *page;
	pid_t child = fork();
	int status;

	if (child == 0) {
		hms_status_open("victim");
		hms_count_call(-1, HMS_FAMILY_MAP, 42);
		raise(SIGKILL);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert(WIFSIGNALED(status));
	snprintf(file, sizeof(file), "%s/%d.status", folder, child);
	page = read_file(file);
	cr_assert_eq(hms_status_calls(page, -1).bytes, 42);
	cr_assert_eq(page->ended_ns, 0);
	cr_assert_not(hms_process_alive(child, page->start_ticks));
	/* And another process that got the number is not taken for it. */
	cr_assert_not(hms_process_alive(getpid(), page->start_ticks + 1));
}

static void leave_behind(int pid, uint64_t started_ns, char *path, size_t size)
{
	struct hms_status *page = calloc(1, sizeof(*page));
	int fd;

	snprintf(path, size, "%s/%d.status", folder, pid);
	page->magic = HMS_STATUS_MAGIC;
	page->pid = (uint32_t)pid;
	page->start_ticks = 1;
	page->started_ns = started_ns;
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	cr_assert_eq(write(fd, page, sizeof(*page)), (ssize_t)sizeof(*page));
	close(fd);
	free(page);
}

/* Catches pages of the dead that pile up, and a fresh one that is removed
 * before anyone could read it.  The numbers are beyond the kernel's. */
Test(status, sweeps_pages_of_the_dead)
{
	uint64_t now = hms_sys_clock(CLOCK_REALTIME);
	char old[160], fresh[160], other[160];

	cr_assert_eq(mkdir(folder, 0700), 0);
	leave_behind(80000001, now - UINT64_C(7200000000000), old, sizeof(old));
	leave_behind(
		80000002, now - UINT64_C(60000000000), fresh, sizeof(fresh));
	snprintf(other, sizeof(other), "%s/notes.txt", folder);
	close(open(other, O_CREAT | O_WRONLY, 0600));
	cr_assert_eq(hms_status_open("program"), 0);
	cr_assert_eq(access(old, F_OK), -1);
	cr_assert_eq(access(fresh, F_OK), 0);
	cr_assert_eq(access(other, F_OK), 0);
}

static void make_empty(pid_t pid, char *path, size_t size)
{
	snprintf(path, size, "%s/%d.status", folder, (int)pid);
	close(open(path, O_CREAT | O_WRONLY, 0600));
}

/*
 * Many start at once, as the ranks of an MPI job do.  Catches the page of one
 * that is not written yet being taken for litter by another one.
 */
Test(status, spares_pages_that_are_being_made)
{
	char fresh[160], litter[160];
	pid_t child;

	cr_assert_eq(mkdir(folder, 0700), 0);
	child = fork();
	if (child == 0) {
		pause();
		_exit(0);
	}
	make_empty(child, fresh, sizeof(fresh));
	make_empty(80000003, litter, sizeof(litter));
	cr_assert_eq(hms_status_open("program"), 0);
	cr_expect_eq(access(fresh, F_OK), 0);
	cr_expect_eq(access(litter, F_OK), -1);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

/* tmpfs of many kernels, when a signal comes that is not blocked. */
static bool signal_comes;

int __real_hms_sys_fallocate(int fd, int mode, off_t off, off_t len);
int __wrap_hms_sys_fallocate(int fd, int mode, off_t off, off_t len);

int __wrap_hms_sys_fallocate(int fd, int mode, off_t off, off_t len)
{
	sigset_t blocked;

	sigprocmask(SIG_BLOCK, NULL, &blocked);
	if (signal_comes && !sigismember(&blocked, SIGALRM))
		return -EINTR;
	return __real_hms_sys_fallocate(fd, mode, off, len);
}

/* Catches a program with a timer that has no page. */
Test(status, signals_do_not_matter)
{
	sigset_t after;

	signal_comes = true;
	cr_expect_eq(hms_status_open("program"), 0);
	sigprocmask(SIG_BLOCK, NULL, &after);
	cr_expect_not(sigismember(&after, SIGALRM));
	cr_expect_eq(access(file, F_OK), 0);
}

/* A page is read while calls are counted: first for their rule, then for their
 * family.  Catches 2^64 calls of a heap that nobody calls. */
Test(status, families_are_never_below_zero)
{
	cr_assert_eq(hms_status_open("program"), 0);
	hms_count_call(0, HMS_FAMILY_MAP, 100);
	hms_counter.tally->family_calls[HMS_FAMILY_MAP]++;
	cr_expect_eq(hms_status_family_calls(hms_status, HMS_FAMILY_HEAP), 0);
	cr_expect_eq(hms_status_family_calls(hms_status, HMS_FAMILY_MAP), 2);
}

/* Catches SIGXFSZ in a program under ulimit -f; it counts on, privately. */
Test(status, no_file_is_no_harm)
{
	struct rlimit limit = { 4096, 4096 };

	setrlimit(RLIMIT_FSIZE, &limit);
	cr_assert_eq(hms_status_open("program"), -EFBIG);
	hms_count_call(0, HMS_FAMILY_HEAP, 5);
	cr_assert_eq(hms_status_calls(hms_status, 0).bytes, 5);
	cr_assert_eq(access(file, F_OK), -1);
}
