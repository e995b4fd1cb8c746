/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/report.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/sys.h"
#include "report/account.h"
#include "report/render.h"
#include "report/status.h"

#define STDERR_COPY 512 /* above what programs choose themselves */
#define READER_MS 5000 /* for a FIFO's reader, each time it is full */

static struct {
	bool wanted;
	bool to_stderr;
	bool said; /* that it cannot be written */
	atomic_bool done;
	char spec[PATH_MAX];
	char cwd[PATH_MAX]; /* the program may leave it; "" if spec is absolute
			     */
	char program[NAME_MAX + 1];
	char host[sizeof(((struct utsname *)0)->nodename)];
	char rank[16];
	int copy; /* of standard error, or -1 */
	struct stat stderr_was;
} report;

/* Collects small pieces; a report of usual size is one write(2). */
struct fd_sink {
	struct hms_sink sink;
	int fd, err;
	bool slow; /* it does not wait for its reader by itself */
	size_t len;
	char buf[PIPE_BUF]; /* so much fits where poll(2) says that some does */
};

/* A reader that is slow is waited for, one that has stopped is not. */
static int wait_for_room(int fd)
{
	struct pollfd poll = { .fd = fd, .events = POLLOUT };
	int n = hms_sys_poll(&poll, 1, READER_MS);

	return n == 0 ? -EAGAIN : 0;
}

static void flush(struct fd_sink *out)
{
	if (!out->err && out->slow && out->len)
		out->err = wait_for_room(out->fd);
	if (!out->err)
		out->err = hms_sys_write_all(out->fd, out->buf, out->len);
	out->len = 0;
}

static void to_fd(struct hms_sink *sink, const char *bytes, size_t len)
{
	struct fd_sink *out = (struct fd_sink *)sink;
	size_t n;

	for (; len; bytes += n, len -= n) {
		if (out->len == sizeof(out->buf))
			flush(out);
		n = sizeof(out->buf) - out->len;
		if (n > len)
			n = len;
		memcpy(out->buf + out->len, bytes, n);
		out->len += n;
	}
}

static int render_to(int fd, bool json)
{
	int flags = hms_sys_fcntl(fd, F_GETFL, 0);
	struct fd_sink out = { .sink = { to_fd },
		.fd = fd,
		.slow = flags >= 0 && flags & O_NONBLOCK };
	const struct hms_render what = {
		.status = hms_status,
		.sites = __atomic_load_n(&hms_sites, __ATOMIC_ACQUIRE),
	};

	if (json)
		hms_render_json(&what, &out.sink);
	else
		hms_render_text(&what, &out.sink);
	flush(&out);
	return out.err;
}

static bool is_json(const char *path)
{
	size_t len = strlen(path);

	return len >= 5 && !strcmp(path + len - 5, ".json");
}

/* What is there must be kept: a device, a FIFO, a link. */
static bool is_special(const char *path)
{
	struct stat st;

	return !hms_sys_lstat(path, &st) && !S_ISREG(st.st_mode);
}

static int write_special(const char *path)
{
	int fd = hms_sys_open(
		path, O_WRONLY | O_APPEND | O_NOCTTY | O_NONBLOCK, 0);
	int err;

	if (fd < 0)
		return fd;
	err = render_to(fd, is_json(path));
	hms_sys_close(fd);
	return err;
}

static int write_file(const char *path)
{
	char temp[PATH_MAX + 48];
	struct hms_text text = HMS_TEXT(temp);
	int fd, err;

	if (is_special(path))
		return write_special(path);
	/* In a container each run has the same number, and one may be killed.
	 */
	hms_text_add(&text, "%s.%d-%llx.tmp", path, (int)hms_sys_getpid(),
		(unsigned long long)hms_sys_clock(CLOCK_MONOTONIC));
	fd = hms_sys_open(temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0666);
	if (fd < 0)
		return fd;
	err = render_to(fd, is_json(path));
	hms_sys_close(fd);
	if (!err)
		err = hms_sys_rename(temp, path);
	if (err)
		hms_sys_unlink(temp);
	return err;
}

/* The path as of now: a forked child has another pid.  0 or -errno. */
static int expand(struct hms_text *path, const char **bad)
{
	struct hms_report_names names = { hms_sys_getpid(), report.program,
		report.host, report.rank };

	if (report.cwd[0])
		hms_text_add(path, "%s/", report.cwd);
	return hms_report_expand(report.spec, &names, path, bad);
}

static void cannot_write(const char *path, int err)
{
	const char *why = strerrordesc_np(-err);

	if (!report.said)
		hms_log(HMS_LOG_ERROR, "HMS_REPORT: cannot write %s: %s", path,
			why ? why : "unknown error");
	report.said = true;
}

static int may_access(const char *path, int mode)
{
	int err = hms_sys_access(path, mode);

	/* A kernel or a filter without faccessat2(2): the end will tell. */
	return err == -ENOSYS || err == -EPERM ? 0 : err;
}

/* Would write_file() succeed?  Leaves nothing behind.  0 or -errno. */
static int may_write(char *path)
{
	char *slash = strrchr(path, '/');
	struct stat st;
	int err;

	if (!hms_sys_lstat(path, &st)) {
		if (S_ISDIR(st.st_mode))
			return -EISDIR;
		if (!S_ISREG(st.st_mode))
			return may_access(path, W_OK);
	}
	/* A folder without a name, because it is gone. */
	if (!slash)
		return may_access(".", W_OK | X_OK);
	if (slash == path)
		return may_access("/", W_OK | X_OK);
	*slash = 0;
	err = may_access(path, W_OK | X_OK);
	*slash = '/';
	return err;
}

static void setup_path(const char *spec)
{
	char path[PATH_MAX];
	struct hms_text text = HMS_TEXT(path), copy = HMS_TEXT(report.spec);
	const char *bad;
	int err;

	hms_text_put(&copy, spec, strlen(spec));
	if (spec[0] != '/' &&
		hms_sys_getcwd(report.cwd, sizeof(report.cwd)) < 0)
		report.cwd[0] = 0;
	err = copy.cut ? -ENAMETOOLONG : expand(&text, &bad);
	if (err == -EINVAL) {
		hms_log(HMS_LOG_ERROR,
			"HMS_REPORT: \"%.2s\" in %s is none of %%p %%e %%h %%r "
			"%%%%; no report",
			bad, spec);
		report.wanted = false;
		return;
	}
	if (!err)
		err = may_write(path);
	if (err)
		cannot_write(spec, err);
}

static void setup_stderr(void)
{
	uint64_t files = hms_sys_rlimit(RLIMIT_NOFILE);
	long from = files > STDERR_COPY ? STDERR_COPY : (long)files - 1;

	report.copy = -1;
	/* Closed from the start: later that number may be anything. */
	if (hms_sys_fstat(STDERR_FILENO, &report.stderr_was)) {
		report.said = true;
		return;
	}
	for (; report.copy < 0 && from > 2; from /= 2)
		report.copy =
			hms_sys_fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, from);
}

static bool still_stderr(int fd)
{
	struct stat now;

	return fd >= 0 && !hms_sys_fstat(fd, &now) &&
	       now.st_dev == report.stderr_was.st_dev &&
	       now.st_ino == report.stderr_was.st_ino &&
	       now.st_mode == report.stderr_was.st_mode;
}

static int write_stderr(void)
{
	if (report.said)
		return 0;
	if (still_stderr(report.copy))
		return render_to(report.copy, false);
	if (still_stderr(STDERR_FILENO))
		return render_to(STDERR_FILENO, false);
	return -EBADF;
}

/* What launchers tell a process of an MPI job: a number, or it is not used. */
static void find_rank(void)
{
	static const char *const names[] = { "OMPI_COMM_WORLD_RANK", "PMI_RANK",
		"PMIX_RANK", "SLURM_PROCID" };
	struct hms_text rank = HMS_TEXT(report.rank);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = secure_getenv(names[i]);

		if (!value || !*value || strlen(value) > 9 ||
			value[strspn(value, "0123456789")])
			continue;
		hms_text_add(&rank, "%s", value);
		return;
	}
	hms_text_add(&rank, "0");
}

static void find_host(void)
{
	struct hms_text host = HMS_TEXT(report.host);
	struct utsname names;

	if (hms_sys_uname(&names))
		strcpy(names.nodename, "localhost");
	hms_text_put(&host, names.nodename, strlen(names.nodename));
}

int hms_report_path(const char *spec, const char *program, struct hms_text *out)
{
	struct hms_report_names names = { hms_sys_getpid(), program,
		report.host, report.rank };
	const char *bad;

	if (!report.host[0])
		find_host();
	if (!report.rank[0])
		find_rank();
	return hms_report_expand(spec, &names, out, &bad);
}

void hms_report_setup(const char *spec, const char *program)
{
	struct hms_text name = HMS_TEXT(report.program);
	int err;

	if (!spec || !*spec)
		return;
	report.wanted = true;
	hms_text_put(&name, program, strlen(program));
	find_host();
	find_rank();
	report.to_stderr = !strcmp(spec, "stderr");
	if (report.to_stderr)
		setup_stderr();
	else
		setup_path(spec);
	if (!report.wanted)
		return;
	err = hms_status_open(program);
	if (err)
		hms_log(HMS_LOG_INFO, "no status page for `hms report`: %s",
			strerrordesc_np(-err));
}

static int write_path(struct hms_text *path)
{
	const char *bad;
	int err = expand(path, &bad);

	return err ? err : write_file(path->buf);
}

void hms_report_finish(void)
{
	char path[PATH_MAX] = "standard error";
	struct hms_text text = HMS_TEXT(path);
	int err;

	if (!report.wanted || hms_status->pid != (uint32_t)hms_sys_getpid() ||
		atomic_exchange(&report.done, true))
		return;
	hms_report_refresh(true);
	hms_account_settle();
	hms_status->ended_ns = hms_sys_clock(CLOCK_REALTIME);
	err = report.to_stderr ? write_stderr() : write_path(&text);
	/* Then the page is all there is: it stays, for `hms report`. */
	if (err)
		cannot_write(path, err);
	else
		hms_status_close();
}
