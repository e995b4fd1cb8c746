/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a program may notice of the one thread that HMS has in it.  Run by
 * worker.sh, one case at a time; each prints TAP.  It knows the thread by its
 * name only.
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/stress/tap.h"

#define MIB ((size_t)1 << 20)
#define MUCH (64 * MIB)
#define WAIT 5.0 /* seconds, for what must come */
#define SHORT 0.5 /* for what must not */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Reads a file of a thread; text is always ended. */
static bool read_of(int tid, const char *name, char *text, size_t size)
{
	char path[64];
	int fd;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/task/%d/%s", tid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, size - 1);
	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = 0;
	return n > 0;
}

/* The worker's number, or 0; threads: how many there are at all. */
static int find_worker(int *threads)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *entry;
	char name[32];
	int found = 0;

	*threads = 0;
	while (dir && (entry = readdir(dir))) {
		int tid = atoi(entry->d_name);

		if (!tid)
			continue;
		++*threads;
		if (read_of(tid, "comm", name, sizeof(name)) &&
			!strcmp(name, "hms-worker\n"))
			found = tid;
	}
	if (dir)
		closedir(dir);
	return found;
}

static int wait_for_worker(double seconds)
{
	double end = now() + seconds;
	int threads, tid;

	do
		tid = find_worker(&threads);
	while (!tid && now() < end);
	return tid;
}

static char *much(void)
{
	char *p = malloc(opaque(MUCH));

	fill(p, MUCH, 3);
	return p;
}

/* Catches a thread that takes the program's signals or time. */
static void it_keeps_to_itself(void)
{
	const struct sched_param none = { 0 };
	unsigned long long blocked = 0;
	char *p, text[4096], *mask;
	int tid;

	/* What a thread of one's own takes over from who makes it. */
	tap_ok(!sched_setscheduler(0, SCHED_BATCH, &none), "a batch job");
	p = much();
	tid = wait_for_worker(WAIT);

	tap_ok(tid != 0, "there is a worker");
	if (read_of(tid, "status", text, sizeof(text)) &&
		(mask = strstr(text, "SigBlk:")))
		blocked = strtoull(mask + 7, NULL, 16);
	/* All but the two of libc; the kernel never blocks 9 and 19. */
	tap_ok((blocked | 1ull << 8 | 1ull << 18) == ~(3ull << 31),
		"it blocks every signal but libc's own");
	tap_ok(getpriority(PRIO_PROCESS, (id_t)tid) == 10, "it is nice");
	tap_ok(sched_getscheduler(tid) == SCHED_OTHER,
		"it runs as threads do, not as its maker");
	tap_ok(filled(p, MUCH, 3), "memory is as it was");
	free(p);
}

static void there_is_none(void)
{
	tap_ok(!wait_for_worker(SHORT), "there is no worker");
}

/* Catches a thread in every small program. */
static void little_memory_needs_none(void)
{
	char *p = malloc(opaque(2 * MIB));

	fill(p, 2 * MIB, 1);
	tap_ok(!wait_for_worker(SHORT), "little memory: no worker");
	free(p);
}

static volatile sig_atomic_t hits, strays;

static void handler(int sig)
{
	hits++;
	strays += syscall(SYS_gettid) != getpid();
}

/* Catches signals to the process that our thread gets. */
static void signals_go_to_the_program(void)
{
	struct sigaction action = { .sa_handler = handler };

	much();
	wait_for_worker(WAIT);
	sigaction(SIGUSR1, &action, NULL);
	for (int i = 0; i < 200; i++) {
		kill(getpid(), SIGUSR1);
		usleep(100);
	}
	tap_ok(hits == 200 && !strays, "200 signals, all of them main's");
}

static int open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = -1; /* dir itself */

	while (dir && readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

/* Catches descriptors that appear, or are missed when they are closed. */
static void closing_everything_is_survived(void)
{
	char *p = much();
	double end;
	int before, after;

	tap_ok(wait_for_worker(WAIT) != 0, "there is a worker");
	usleep(500000);
	for (int fd = 3; fd < 1100; fd++)
		close(fd);
	before = open_files();
	for (end = now() + 1.5; now() < end;)
		fill(p, MUCH, 5);
	tap_ok(filled(p, MUCH, 5), "memory is as it was");
	/* Some are opened anew, where the kernel wants one; but not each time.
	 */
	after = open_files();
	tap_ok(after <= before + 4, "few descriptors came");
	for (end = now() + 1.0; now() < end;)
		fill(p, MUCH, 7);
	/* One may just be in use. */
	tap_ok(open_files() <= after + 1, "no more came");
	tap_ok(wait_for_worker(0) != 0, "the worker is still there");
}

/* Catches a child with a worker that is none, or that waits for one. */
static void children_have_their_own(void)
{
	char *p = much();
	int status, threads;
	pid_t pid;

	tap_ok(wait_for_worker(WAIT) != 0, "there is a worker");
	for (int i = 0; i < 20; i++) {
		pid = fork();
		if (!pid)
			_exit(find_worker(&threads) || threads != 1 ||
				!filled(p, MUCH, 3));
		if (waitpid(pid, &status, 0) != pid || status)
			tap_bad("child", (size_t)status);
	}
	tap_ok(!tap_notes, "children have no worker at first");
	pid = fork();
	if (!pid) {
		much();
		_exit(!wait_for_worker(WAIT) || !filled(p, MUCH, 3));
	}
	waitpid(pid, &status, 0);
	tap_ok(status == 0, "a child that needs one gets one");
}

static void bye(void)
{
	tap_ok(true, "exit handlers run");
	tap_done();
}

static void *ends_soon(void *unused)
{
	(void)unused;
	usleep(100000);
	return NULL;
}

/* Catches a process that only our thread keeps alive. */
static void the_last_thread_ends_the_process(void)
{
	pthread_t thread;

	much();
	tap_ok(wait_for_worker(WAIT) != 0, "there is a worker");
	atexit(bye);
	pthread_create(&thread, NULL, ends_soon, NULL);
	pthread_exit(NULL);
}

/* Catches a thread that libc waits for in vain. */
static void user_ids_change(void)
{
	much();
	tap_ok(wait_for_worker(WAIT) != 0, "there is a worker");
	if (geteuid()) {
		tap_skip("setresuid", "only root can");
		return;
	}
	tap_ok(setresuid(65534, 65534, 65534) == 0, "setresuid");
}

/*
 * Catches a helper of the mover, there while memory moves, that does not answer
 * libc: setresuid() would never return.
 */
static void user_ids_change_while_memory_moves(void)
{
	double end = now() + 40;
	int threads, met = 0;
	bool good = true;
	char *p =
		mmap(NULL, MUCH, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (unsigned n = 0; met < 20 && now() < end; n++) {
		/* What has moved stays: now and then there is new memory. */
		if (n % 8 == 0) {
			munmap(p, MUCH);
			p = mmap(NULL, MUCH, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		}
		fill(p, MUCH, 3);
		for (int i = 0; i < 50; i++) {
			find_worker(&threads);
			met += threads > 2;
			if (setresuid((uid_t)-1, (uid_t)-1, (uid_t)-1))
				good = tap_bad("setresuid", n);
		}
	}
	tap_ok(good && met >= 20, "IDs change while a helper is there");
	tap_ok(filled(p, MUCH, 3), "memory is as it was");
	munmap(p, MUCH);
}

static void *change_ids(void *unused)
{
	while (!setresuid((uid_t)-1, (uid_t)-1, (uid_t)-1))
		;
	return unused;
}

/* A child that has a worker, and changes its IDs as it gets it. */
static void begin(void)
{
	pthread_t thread;

	alarm(10);
	if (pthread_create(&thread, NULL, change_ids, NULL))
		_exit(2);
	for (int i = 0; i < 5; i++)
		if (!malloc(opaque(20 * MIB)))
			_exit(3);
	_exit(!wait_for_worker(WAIT));
}

/*
 * libc has a lock while all threads answer, and wants it to make one.  Catches
 * the thread that makes the worker, and does not answer: both wait for ever.
 */
static void user_ids_change_as_it_begins(void)
{
	for (int i = 0, status; i < 50 && !tap_notes; i++) {
		pid_t pid = fork();

		if (!pid)
			begin();
		if (waitpid(pid, &status, 0) != pid || status)
			tap_bad("child", (size_t)status);
	}
	tap_ok(!tap_notes, "IDs change while the worker is made");
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "itself", it_keeps_to_itself },
	{ "none", there_is_none },
	{ "little", little_memory_needs_none },
	{ "signals", signals_go_to_the_program },
	{ "close", closing_everything_is_survived },
	{ "fork", children_have_their_own },
	{ "last", the_last_thread_ends_the_process },
	{ "ids", user_ids_change },
	{ "begin", user_ids_change_as_it_begins },
	{ "moving", user_ids_change_while_memory_moves },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (argc < 2 || strcmp(argv[1], cases[i].name) != 0)
			continue;
		if (cases[i].run == there_is_none)
			much();
		cases[i].run();
	}
	return tap_done();
}
