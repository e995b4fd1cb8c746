/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The report at the end of a process: it arrives whatever the program did to
 * its descriptors, destroys nothing, and says what the kernel says.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/sys.h"
#include "engine/range.h"
#include "engine/topology/topology.h"
#include "report/report.h"
#include "report/status.h"

static char folder[] = "/tmp/hms-unit.XXXXXX";
static char path[200], page[200];

static void setup(void)
{
	cr_assert(mkdtemp(folder));
	setenv("XDG_RUNTIME_DIR", folder, 1);
	snprintf(path, sizeof(path), "%s/report", folder);
	snprintf(page, sizeof(page), "%s/hms/%d.status", folder, getpid());
}

static void teardown(void)
{
	char command[200];

	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	cr_assert_eq(system(command), 0);
}

TestSuite(report, .init = setup, .fini = teardown);

static const char *contents(const char *name)
{
	static char buf[8192];
	int fd = open(name, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return "(none)";
	n = read(fd, buf, sizeof(buf) - 1);
	buf[n > 0 ? n : 0] = 0;
	close(fd);
	return buf;
}

static unsigned entries(void)
{
	char command[200];
	unsigned n = 0;
	FILE *in;

	snprintf(command, sizeof(command), "find '%s' -type f | wc -l", folder);
	in = popen(command, "r");
	cr_assert_eq(fscanf(in, "%u", &n), 1);
	pclose(in);
	return n;
}

/* What the library has to say goes to a file. */
static void redirect_stderr(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_APPEND, 0600);

	cr_assert_eq(dup2(fd, 2), 2);
	close(fd);
}

/* Catches a report that is not written, written twice, or beside litter. */
Test(report, file)
{
	hms_report_setup(path, "prog");
	cr_assert(hms_counting);
	cr_assert_eq(access(path, F_OK), -1, "nothing before the end");
	hms_count_call(-1, HMS_FAMILY_HEAP, 10);
	hms_report_finish();
	cr_assert_eq(strncmp(contents(path), "hms: prog, pid ", 15), 0);
	cr_assert_eq(entries(), 1);
	cr_assert_eq(unlink(path), 0);
	hms_report_finish();
	cr_assert_eq(access(path, F_OK), -1, "only once");
}

/* Catches a relative path that follows the program's chdir. */
Test(report, relative_path_stays)
{
	cr_assert_eq(chdir(folder), 0);
	hms_report_setup("report-%e-%p.json", "prog");
	cr_assert_eq(chdir("/"), 0);
	hms_report_finish();
	snprintf(
		path, sizeof(path), "%s/report-prog-%d.json", folder, getpid());
	cr_assert_eq(contents(path)[0], '{');
}

/* Catches that nobody hears of a path that cannot be written, that something
 * is left there, and that the end says it again. */
Test(report, unwritable_is_said_once)
{
	const char *said = "hms: HMS_REPORT: cannot write /proc/nowhere/report"
			   ": No such file or directory\n";
	char err[200];

	snprintf(err, sizeof(err), "%s/err", folder);
	redirect_stderr(err);
	hms_report_setup("/proc/nowhere/report", "prog");
	cr_assert_str_eq(contents(err), said);
	hms_report_finish();
	cr_assert_str_eq(contents(err), said);
	/* Then the page is all there is. */
	cr_assert_eq(access(page, F_OK), 0);
}

Test(report, unknown_escape)
{
	char err[200];

	snprintf(err, sizeof(err), "%s/err", folder);
	redirect_stderr(err);
	hms_report_setup("/tmp/%x", "prog");
	cr_assert(strstr(contents(err), "\"%x\" in /tmp/%x is none of"));
	cr_assert_not(hms_counting);
}

/* Catches a device that is replaced by a file, and a full disk that is taken
 * for success.  The device is our own: a failing test run by root would
 * replace the system's. */
Test(report, full_device_stays)
{
	char err[200];
	struct stat st;

	snprintf(err, sizeof(err), "%s/err", folder);
	if (mknod(path, S_IFCHR | 0666, makedev(1, 7)) ||
		open(path, O_WRONLY) < 0)
		cr_skip_test("devices cannot be made here");
	redirect_stderr(err);
	hms_report_setup(path, "prog");
	cr_assert_str_eq(contents(err), "");
	hms_report_finish();
	cr_assert_eq(stat(path, &st), 0);
	cr_assert(S_ISCHR(st.st_mode));
	cr_assert(strstr(contents(err), "No space left on device"));
	cr_assert_eq(access(page, F_OK), 0);
}

/* Catches a link that is replaced by a file. */
Test(report, link_is_followed)
{
	char target[200];
	struct stat st;

	snprintf(target, sizeof(target), "%s/target", folder);
	close(open(target, O_CREAT | O_WRONLY, 0600));
	cr_assert_eq(symlink(target, path), 0);
	hms_report_setup(path, "prog");
	hms_report_finish();
	cr_assert_eq(lstat(path, &st), 0);
	cr_assert(S_ISLNK(st.st_mode));
	cr_assert_eq(strncmp(contents(target), "hms: prog", 9), 0);
}

/*
 * Catches a report that a reader who is slower gets the beginning of.  A pipe
 * of one page, read byte by byte.
 */
Test(report, fifo_is_read_slowly)
{
	int fd, status;
	pid_t reader;
	char last = 0;

	cr_assert_eq(mkfifo(path, 0600), 0);
	reader = fork();
	if (reader == 0) {
		fd = open(path, O_RDONLY);
		fcntl(fd, F_SETPIPE_SZ, 4096);
		while (read(fd, &status, 1) == 1)
			last = (char)status;
		_exit(last);
	}
	/* Both ends are there when this returns. */
	fd = open(path, O_WRONLY);
	hms_report_setup(path, "prog");
	/* Some 15 KiB of rules. */
	hms_status->nrules = HMS_STATUS_RULES;
	hms_report_finish();
	close(fd);
	cr_assert_eq(waitpid(reader, &status, 0), reader);
	cr_expect_eq(WEXITSTATUS(status), '\n');
	cr_expect_eq(access(page, F_OK), -1, "it was written");
}

/* Catches a report that never comes because an earlier process of the same
 * number, as in a container, was killed while it wrote. */
Test(report, litter_does_not_matter)
{
	char litter[220];

	snprintf(litter, sizeof(litter), "%s.%d.tmp", path, getpid());
	close(open(litter, O_CREAT | O_WRONLY, 0600));
	hms_report_setup(path, "prog");
	hms_report_finish();
	cr_expect_eq(strncmp(contents(path), "hms: prog", 9), 0);
}

/* Catches a report that is cut by ulimit -f, and the SIGXFSZ of it. */
Test(report, file_size_limit)
{
	struct rlimit limit = { 100, 100 };
	char err[200];

	snprintf(err, sizeof(err), "%s/err", folder);
	hms_report_setup(path, "prog");
	setrlimit(RLIMIT_FSIZE, &limit);
	redirect_stderr("/dev/null");
	hms_report_finish();
	cr_assert_eq(access(path, F_OK), -1);
	cr_assert_eq(entries(), 1, "the page alone");
}

/* Catches the report of `ls`, which closes standard error before it ends,
 * getting lost. */
Test(report, stderr_closed_at_the_end)
{
	redirect_stderr(path);
	hms_report_setup("stderr", "prog");
	close(2);
	hms_report_finish();
	cr_assert(strstr(contents(path), "hms: prog"));
}

/* Catches a report that is written into a file of the program's: standard
 * error was closed from the start, or all its copies were. */
Test(report, stderr_closed_from_the_start)
{
	close(2);
	hms_report_setup("stderr", "prog");
	cr_assert_eq(open(path, O_WRONLY | O_CREAT, 0600), 2);
	hms_report_finish();
	cr_assert_str_eq(contents(path), "");
}

Test(report, stderr_and_copy_replaced)
{
	char other[200];
	int fd;

	snprintf(other, sizeof(other), "%s/other", folder);
	redirect_stderr(path);
	hms_report_setup("stderr", "prog");
	fd = open(other, O_WRONLY | O_CREAT, 0600);
	dup2(fd, 2);
	/* The copy; those below are the test's own. */
	for (int i = 100; i < 1024; i++)
		if (fcntl(i, F_GETFD) >= 0)
			dup2(fd, i);
	hms_report_finish();
	cr_assert_eq(strncmp(contents(other), "hms: HMS_REPORT: cannot", 22), 0,
		"the message goes to what is standard error now");
	cr_assert(!strstr(contents(other), "pid"), "but no report");
	cr_assert_str_eq(contents(path), "");
}

/* Catches the copy in the way of the program's own descriptors. */
Test(report, stderr_copy_is_out_of_the_way)
{
	struct rlimit limit = { 64, 64 };
	int before = dup(0), after;

	/* valgrind keeps descriptors of its own under the limit. */
	if (getenv("HMS_UNDER_VALGRIND"))
		cr_skip("valgrind plays another limit than it sets");
	close(before);
	setrlimit(RLIMIT_NOFILE, &limit);
	hms_report_setup("stderr", "prog");
	after = dup(0);
	cr_assert_eq(before, after);
	cr_assert_geq(fcntl(63, F_GETFD), 0);
	cr_assert(fcntl(63, F_GETFD) & FD_CLOEXEC);
}

/* Catches a vfork child that ends with its parent's report; a forked one has
 * its own. */
Test(report, children)
{
	char own[200], pattern[200];
	int status;
	pid_t child;

	snprintf(pattern, sizeof(pattern), "%s/report.%%p", folder);
	hms_report_setup(pattern, "prog");
	child = vfork();
	if (child == 0) {
		hms_report_finish();
		_exit(0);
	}
	waitpid(child, &status, 0);
	snprintf(own, sizeof(own), "%s/report.%d", folder, child);
	cr_assert_eq(access(own, F_OK), -1);

	hms_status_before_fork();
	child = fork();
	hms_status_after_fork(child == 0);
	if (child == 0) {
		hms_report_finish();
		_exit(0);
	}
	waitpid(child, &status, 0);
	snprintf(own, sizeof(own), "%s/report.%d", folder, child);
	cr_assert_eq(access(own, F_OK), 0);
	snprintf(own, sizeof(own), "%s/report.%d", folder, getpid());
	cr_assert_eq(access(own, F_OK), -1);
	hms_report_finish();
	cr_assert_eq(access(own, F_OK), 0);
}

#define PAGE ((size_t)4096)
#define PAGES 64
#define TOUCHED 40

static struct hms_arena arena;
static struct hms_places places;

static void resolve(const char *text)
{
	struct hms_policy_input in = { .source = "test",
		.text = text,
		.len = strlen(text),
		.program = "prog" };
	struct hms_topology_request request = { .root = "",
		.depth = HMS_DEPTH_KINDS };
	static struct hms_nodes nodes;
	struct hms_policy *policy;
	struct hms_graph *graph;
	struct hms_diag diag;
	unsigned missing;

	cr_assert_eq(hms_policy_parse(&in, &arena, &policy, &diag), 0, "%s",
		diag.text);
	cr_assert_eq(hms_topology_read(&request, &graph), 0);
	hms_topology_nodes(graph, &nodes);
	cr_assert_eq(hms_places_resolve(policy, graph, &nodes, &arena, &places,
			     &missing, &diag),
		0, "%s", diag.text);
	hms_ranges_setup(&places);
	hms_report_setup(path, "prog");
	hms_report_describe(policy, &places);
}

static char *bind(int rule)
{
	char *p = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct hms_range as = { .start = (uintptr_t)p,
		.end = (uintptr_t)p + PAGES * PAGE,
		.place = &places.places[places.rule_place[rule]],
		.rule = rule,
		.kind = HMS_RANGE_MAP };

	cr_assert_neq(p, MAP_FAILED);
	madvise(p, PAGES * PAGE, MADV_NOHUGEPAGE);
	cr_assert_eq(hms_range_bind(&as, PROT_READ | PROT_WRITE), 0);
	memset(p, 1, TOUCHED * PAGE);
	return p;
}

/* What the kernel says, asked by the test itself. */
static unsigned on_node(char *p, int node)
{
	void *pages[PAGES];
	int status[PAGES];
	unsigned n = 0;

	for (int i = 0; i < PAGES; i++)
		pages[i] = p + (size_t)i * PAGE;
	cr_assert_eq(hms_sys_move_pages(0, PAGES, pages, NULL, status, 0), 0);
	for (int i = 0; i < PAGES; i++)
		n += status[i] == node;
	return n;
}

/* Catches pages that are counted for the wrong rule or target, twice, or
 * where they were asked for instead of where they are. */
Test(report, actual_is_the_kernels)
{
	struct hms_status_rule *rule;
	char *p;

	resolve("map, size < 1M -> node:0\nmap -> file:/dev/shm\n");
	p = bind(0);
	bind(1);
	hms_report_refresh(true);
	rule = hms_status->rules;
	cr_assert_eq(on_node(p, 0), TOUCHED);
	cr_assert_eq(rule[0].actual_node[0], TOUCHED * PAGE);
	cr_assert_eq(rule[0].actual_absent, (PAGES - TOUCHED) * PAGE);
	cr_assert_eq(rule[0].actual_file, 0);
	cr_assert_eq(rule[1].actual_node[0], 0);
	cr_assert_eq(rule[1].actual_file + rule[1].actual_absent, PAGES * PAGE);
	cr_assert_geq(rule[1].actual_file, TOUCHED * PAGE);
	cr_assert_eq(hms_status->ntargets, 2);
	cr_assert_eq(hms_status->targets[0].actual, TOUCHED * PAGE);
	cr_assert_eq(hms_status->targets[0].elsewhere, 0);
	cr_assert_eq(hms_status->targets[1].actual, rule[1].actual_file);

	hms_range_drop((uintptr_t)p, (uintptr_t)p + PAGES * PAGE);
	hms_report_refresh(true);
	cr_assert_eq(rule[0].actual_node[0], 0);
	cr_assert_eq(hms_status->targets[0].actual, 0);
}

/* One thread looks, and another one, at the end, wants to know it all. */
static sem_t inside, go_on;
static __thread bool looks_slowly;
static bool looked_early;

long __real_hms_sys_move_pages(pid_t pid, unsigned long count, void **pages,
	const int *nodes, int *status, int flags);
long __wrap_hms_sys_move_pages(pid_t pid, unsigned long count, void **pages,
	const int *nodes, int *status, int flags);
void __real_hms_sys_futex_wait(uint32_t *word, uint32_t value, uint64_t ns);
void __wrap_hms_sys_futex_wait(uint32_t *word, uint32_t value, uint64_t ns);

long __wrap_hms_sys_move_pages(pid_t pid, unsigned long count, void **pages,
	const int *nodes, int *status, int flags)
{
	if (looks_slowly && !looked_early) {
		looked_early = true;
		sem_post(&inside);
		sem_wait(&go_on);
	}
	return __real_hms_sys_move_pages(
		pid, count, pages, nodes, status, flags);
}

void __wrap_hms_sys_futex_wait(uint32_t *word, uint32_t value, uint64_t ns)
{
	sem_post(&go_on);
	__real_hms_sys_futex_wait(word, value, ns);
}

static void *look_slowly(void *unused)
{
	looks_slowly = true;
	hms_report_refresh(false);
	return NULL;
}

/* Catches a report at the end that says what was before, because just then
 * somebody was looking. */
Test(report, the_end_waits_for_who_looks)
{
	pthread_t thread;
	char *p;

	sem_init(&inside, 0, 0);
	sem_init(&go_on, 0, 0);
	resolve("map -> node:0\n");
	p = bind(0);
	cr_assert_eq(pthread_create(&thread, NULL, look_slowly, NULL), 0);
	sem_wait(&inside);
	memset(p, 1, PAGES * PAGE);
	hms_report_refresh(true);
	cr_expect_eq(hms_status->rules[0].actual_node[0], PAGES * PAGE);
	sem_post(&go_on);
	pthread_join(thread, NULL);
}

/* Catches a slow path that asks the kernel each time it is passed. */
Test(report, refresh_is_rare)
{
	uint64_t first;

	resolve("map -> node:0\n");
	bind(0);
	hms_report_refresh(false);
	first = hms_status->updated_ns;
	cr_assert_neq(first, 0);
	for (int i = 0; i < 100; i++)
		hms_report_refresh(false);
	cr_assert_eq(hms_status->updated_ns, first);
	hms_report_refresh(true);
	cr_assert_neq(hms_status->updated_ns, first);
}

/* Catches a page that says nothing about pages when the process is killed. */
Test(report, calls_refresh)
{
	resolve("map -> node:0\n");
	bind(0);
	hms_count_call(0, HMS_FAMILY_MAP, 1);
	cr_assert_eq(hms_status->updated_ns, 0);
	for (int i = 1; i < HMS_TICK_CALLS; i++)
		hms_count_call(0, HMS_FAMILY_MAP, 1);
	cr_assert_neq(hms_status->updated_ns, 0);
	cr_assert_eq(hms_status->rules[0].actual_node[0], TOUCHED * PAGE);
}

Test(report, large_calls_refresh)
{
	resolve("map -> node:0\n");
	bind(0);
	hms_count_call(0, HMS_FAMILY_MAP, HMS_TICK_BYTES);
	cr_assert_neq(hms_status->updated_ns, 0);
}
