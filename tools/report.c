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
#include "tools/report_json.h"
#include "tools/sites.h"
#include "tools/symbols/symbols.h"

/* Of 65,535 sites a report as JSON is some 50 MB. */
#define MOST_JSON ((size_t)1 << 30)

static void to_stdout(struct hms_sink *sink, const char *bytes, size_t len)
{
	fwrite(bytes, 1, len, stdout);
}

/* The page of a process, in the folders of whoever owns it; "" if none. */
static void find_page(pid_t pid, struct hms_text *path)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	uid_t uid = geteuid();
	char proc[32], folder[HMS_RUNTIME_PATH];
	struct stat st;

	snprintf(proc, sizeof(proc), "/proc/%d", (int)pid);
	if (!stat(proc, &st))
		uid = st.st_uid;
	for (unsigned i = 0; i < HMS_RUNTIME_FOLDERS; i++) {
		struct hms_text text = HMS_TEXT(folder);

		path->len = 0;
		path->buf[0] = 0;
		if (!hms_runtime_folder(i, runtime, uid, &text))
			continue;
		hms_text_add(path, "%s/%d.status", folder, (int)pid);
		if (!path->cut && !access(path->buf, F_OK))
			return;
	}
	path->len = 0;
	path->buf[0] = 0;
}

static void end_learning(struct hms_status_learning *l)
{
	l->why[sizeof(l->why) - 1] = 0;
	l->planner[sizeof(l->planner) - 1] = 0;
	for (int i = 0; i < HMS_LEARNING_SOURCES; i++) {
		l->sources[i].name[sizeof(l->sources[i].name) - 1] = 0;
		l->sources[i].why[sizeof(l->sources[i].why) - 1] = 0;
	}
	for (int i = 0; i < HMS_LEARNING_THREADS; i++)
		l->threads[i].name[sizeof(l->threads[i].name) - 1] = 0;
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
	for (int i = 0; i < HMS_STATUS_LIMITS; i++)
		s->limits[i].name[sizeof(s->limits[i].name) - 1] = 0;
	for (int i = 0; i < HMS_STATUS_DEVICES; i++)
		s->devices[i].text[sizeof(s->devices[i].text) - 1] = 0;
	for (int i = 0; i < HMS_STATUS_PATTERNS; i++)
		s->patterns[i][sizeof(s->patterns[i]) - 1] = 0;
	end_learning(&s->learning);
}

/* The whole file, with a 0 after it; NULL: errno says why. */
static char *read_file(const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t size = sizeof(struct hms_status) + 1;
	char *text = fd < 0 ? NULL : malloc(size), *grown;
	ssize_t n = -1;

	for (*len = 0; text; *len += n > 0 ? (size_t)n : 0) {
		if (*len + 1 == size) {
			grown = size < MOST_JSON ? realloc(text, size *= 2)
						 : NULL;
			if (!grown)
				break;
			text = grown;
		}
		n = read(fd, text + *len, size - 1 - *len);
		if (n == 0 || (n < 0 && errno != EINTR))
			break;
	}
	if (text && n < 0) {
		free(text);
		text = NULL;
	}
	if (text)
		text[*len] = 0;
	if (fd >= 0)
		close(fd);
	return text;
}

/* A report as JSON begins with a brace, a page does not. */
static bool is_json(const char *text)
{
	return text[strspn(text, " \t\r\n")] == '{';
}

struct input {
	struct hms_status *page;
	struct hms_sites *sites; /* NULL: there are none */
	bool final; /* a report that was written, not a page */
};

static int read_json(
	const char *path, const char *text, size_t len, struct input *in)
{
	const char *why = "";
	int rc = tool_report_parse(text, len, in->page, &in->sites, &why);

	in->final = true;
	if (!rc)
		return EX_OK;
	hms_complain(
		"report", "%s: %s", path, rc == -EINVAL ? why : strerror(-rc));
	return rc == -EINVAL ? EX_DATAERR : EX_OSERR;
}

static int read_page(
	const char *path, const char *bytes, size_t len, struct input *in)
{
	const char *why;

	if (len > sizeof(*in->page))
		len = sizeof(*in->page);
	memcpy(in->page, bytes, len);
	if (!hms_page_valid(in->page, len)) {
		hms_complain("report",
			"%s is no status page of this version of HMS", path);
		return EX_DATAERR;
	}
	end_texts(in->page);
	in->sites = tool_sites_read(path, &why);
	if (*why)
		hms_complain("report", "the sites of %s: %s", path, why);
	return EX_OK;
}

static int read_input(const char *path, struct input *in)
{
	size_t len;
	char *text = read_file(path, &len);
	int status;

	if (!text) {
		hms_complain("report", "%s: %s", path, strerror(errno));
		return errno == ENOMEM			 ? EX_OSERR
		       : errno == EISDIR || errno == EIO ? EX_IOERR
							 : EX_NOINPUT;
	}
	if (is_json(text))
		status = read_json(path, text, len, in);
	else
		status = read_page(path, text, len, in);
	free(text);
	return status;
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

static void print(const struct input *in, bool json)
{
	struct hms_status *page = in->page;
	bool alive = !in->final &&
		     hms_process_alive((pid_t)page->pid, page->start_ticks);
	struct hms_sink out = { to_stdout };
	struct hms_render what = { page, in->sites, NULL };
	uint64_t looked = page->updated_ns;
	int err = alive && looked ? hms_live_update(page) : 0;

	if (!alive && !page->ended_ns)
		page->phase = HMS_STATUS_DIED;
	if (in->sites)
		what.namer = tool_namer_open();
	if (json) {
		hms_render_json(&what, &out);
	} else {
		print_state(page, alive, looked, err);
		hms_render_text(&what, &out);
		if (alive)
			hms_live_print_process((pid_t)page->pid);
	}
	tool_namer_close(what.namer);
}

static int print_page(const char *path, bool json)
{
	struct input in = { .page = calloc(1, sizeof(*in.page)) };
	int status;

	if (!in.page) {
		hms_complain("report", "no memory");
		return EX_OSERR;
	}
	status = read_input(path, &in);
	if (status == EX_OK)
		print(&in, json);
	free(in.sites);
	free(in.page);
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
	char buf[HMS_RUNTIME_PATH];
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
