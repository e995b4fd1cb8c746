/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/cmd.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "report/page.h"
#include "report/render.h"
#include "tools/live.h"

static void to_stdout(struct hms_sink *sink, const char *bytes, size_t len)
{
	fwrite(bytes, 1, len, stdout);
}

/* The page of a process, in the folders of whoever owns it; "" if none. */
static void find_page(pid_t pid, struct hms_text *path)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	uid_t uid = geteuid();
	char proc[32], folder[HMS_PAGE_PATH];
	struct stat st;

	snprintf(proc, sizeof(proc), "/proc/%d", (int)pid);
	if (!stat(proc, &st))
		uid = st.st_uid;
	for (unsigned i = 0; i < HMS_PAGE_FOLDERS; i++) {
		struct hms_text text = HMS_TEXT(folder);

		path->len = 0;
		path->buf[0] = 0;
		if (!hms_page_folder(i, runtime, uid, &text))
			continue;
		hms_text_add(path, "%s/%d.status", folder, (int)pid);
		if (!path->cut && !access(path->buf, F_OK))
			return;
	}
	path->len = 0;
	path->buf[0] = 0;
}

/* Texts of a page end, whatever a dying program wrote there. */
static void end_texts(struct hms_status *s)
{
	s->program[sizeof(s->program) - 1] = 0;
	s->policy[sizeof(s->policy) - 1] = 0;
	s->refusal[sizeof(s->refusal) - 1] = 0;
	for (int i = 0; i < HMS_STATUS_RULES; i++) {
		struct hms_status_rule *rule = &s->rules[i];

		rule->name[sizeof(rule->name) - 1] = 0;
		rule->text[sizeof(rule->text) - 1] = 0;
		rule->place[sizeof(rule->place) - 1] = 0;
	}
	for (int i = 0; i < HMS_STATUS_TARGETS; i++)
		s->targets[i].text[sizeof(s->targets[i].text) - 1] = 0;
}

static int read_page(const char *path, struct hms_status *page)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t len = 0;
	ssize_t n = 0;

	if (fd < 0) {
		hms_complain("report", "%s: %s", path, strerror(errno));
		return EX_NOINPUT;
	}
	while (len < sizeof(*page)) {
		n = read(fd, (char *)page + len, sizeof(*page) - len);
		if (n <= 0 && !(n < 0 && errno == EINTR))
			break;
		len += n > 0 ? (size_t)n : 0;
	}
	if (n < 0)
		hms_complain("report", "%s: %s", path, strerror(errno));
	else if (!hms_page_valid(page, len))
		hms_complain("report",
			"%s is no status page of this version of HMS", path);
	close(fd);
	if (n < 0)
		return EX_IOERR;
	if (!hms_page_valid(page, len))
		return EX_DATAERR;
	end_texts(page);
	return EX_OK;
}

static double seconds_since(uint64_t ns)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9 -
	       (double)ns * 1e-9;
}

/* looked: when the process itself last looked, 0: never; err: why we did not */
static void print_state(
	const struct hms_status *page, bool alive, uint64_t looked, int err)
{
	double ago = seconds_since(looked ? looked : page->started_ns);

	if (alive && !looked)
		printf("running, since %.1f s\n", ago);
	else if (alive && !err)
		printf("running; bound memory as of %.1f s ago, where its "
		       "pages are as of now\n",
			ago);
	else if (alive)
		printf("running; places of pages as of %.1f s ago (now: %s)\n",
			ago, strerror(-err));
	else if (page->ended_ns)
		printf("ended %.1f s ago\n", seconds_since(page->ended_ns));
	else
		printf("died without a report (a signal, or exec of another "
		       "program); calls are counted to the last one, places "
		       "of pages as of %.1f s ago\n",
			ago);
}

static void print(struct hms_status *page, bool json)
{
	bool alive = hms_page_alive((pid_t)page->pid, page->start_ticks);
	struct hms_sink out = { to_stdout };
	uint64_t looked = page->updated_ns;
	int err = alive && looked ? hms_live_update(page) : 0;

	if (!alive && !page->ended_ns)
		page->phase = HMS_STATUS_DIED;
	if (json) {
		hms_render_json(page, &out);
		return;
	}
	print_state(page, alive, looked, err);
	hms_render_text(page, &out);
	if (alive)
		hms_live_print_process((pid_t)page->pid);
}

static int print_page(const char *path, bool json)
{
	struct hms_status *page = calloc(1, sizeof(*page));
	int status;

	if (!page) {
		hms_complain("report", "no memory");
		return EX_OSERR;
	}
	status = read_page(path, page);
	if (status == EX_OK)
		print(page, json);
	free(page);
	return status;
}

static bool is_number(const char *text)
{
	if (!*text)
		return false;
	for (; *text; text++)
		if (!isdigit((unsigned char)*text))
			return false;
	return true;
}

int hms_cmd_report(int argc, char **argv)
{
	const char *what = NULL;
	char buf[HMS_PAGE_PATH];
	struct hms_text path = HMS_TEXT(buf);
	bool json = false;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json"))
			json = true;
		else if (argv[i][0] == '-' || what)
			return hms_usage("report");
		else
			what = argv[i];
	}
	if (!what)
		return hms_usage("report");
	if (!is_number(what))
		return print_page(what, json);
	find_page((pid_t)strtol(what, NULL, 10), &path);
	if (!path.len) {
		hms_complain("report",
			"no status page of process %s: it does not run under "
			"HMS with HMS_REPORT set, or it ended and has written "
			"its report",
			what);
		return EX_NOINPUT;
	}
	return print_page(path.buf, json);
}
