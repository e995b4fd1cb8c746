/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sources: dlopen(3) (RTLD_NOLOAD), dl_iterate_phdr(3), fork(2), mmap(2).
 */
#include "engine/topology/vendor/vendor.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/sys.h"
#include "base/text.h"

#define LIBRARY_NAME 64

static const struct vendor {
	const char *name;
	bool silent;
	const char *libraries;
	void (*ask)(struct hms_vendor_answer *answer);
} vendors[] = {
#define HMS_VENDOR(name, silent, libraries)                                    \
	{ #name, silent, libraries, hms_ask_##name },
#include "engine/topology/vendor/vendors.def"
#undef HMS_VENDOR
};
#define NVENDORS (sizeof(vendors) / sizeof(vendors[0]))

struct hms_device *hms_vendor_device(struct hms_vendor_answer *answer)
{
	struct hms_device *device = &answer->device[answer->ndevices];

	if (answer->ndevices == HMS_VENDOR_DEVICES) {
		hms_vendor_complain(answer, "more than %u devices",
			(unsigned)HMS_VENDOR_DEVICES);
		return NULL;
	}
	memset(device, 0, sizeof(*device));
	device->number = answer->ndevices;
	device->node = -1;
	return device;
}

void hms_vendor_complain(
	struct hms_vendor_answer *answer, const char *format, ...)
{
	va_list args;

	if (answer->complaint[0])
		return;
	va_start(args, format);
	vsnprintf(answer->complaint, sizeof(answer->complaint), format, args);
	va_end(args);
}

bool hms_vendor_functions(struct hms_vendor_answer *answer,
	const struct hms_vendor_function *functions)
{
	for (; functions->name; functions++) {
		bool optional = functions->name[0] == '?';
		const char *name = functions->name + optional;
		void *found = dlsym(answer->library, name);

		if (!found && !optional) {
			hms_vendor_complain(answer, "it has no %s()", name);
			return false;
		}
		memcpy(functions->at, &found, sizeof(found));
	}
	return true;
}

/* The next of "a:b:c"; NULL at the end. */
static const char *next_library(const char *list, char out[LIBRARY_NAME])
{
	size_t len = strcspn(list, ":");

	if (!*list || len >= LIBRARY_NAME)
		return NULL;
	memcpy(out, list, len);
	out[len] = 0;
	return list + len + (list[len] == ':');
}

/* ---- In the child of a tool ---- */

/* A library that is not installed is no news; one that is broken is. */
static void open_and_ask(
	const struct vendor *vendor, struct hms_vendor_answer *answer)
{
	const char *rest = vendor->libraries, *error;
	char library[LIBRARY_NAME];

	while ((rest = next_library(rest, library))) {
		answer->library = dlopen(library, RTLD_NOW | RTLD_LOCAL);
		if (answer->library) {
			vendor->ask(answer);
			return;
		}
		error = dlerror();
		if (error && (strncmp(error, library, strlen(library)) ||
				     !strstr(error, "cannot open shared object "
						    "file: No such file")))
			hms_vendor_complain(answer, "%s", error);
	}
}

static void be_quiet(void)
{
	int null = hms_sys_open("/dev/null", O_RDWR | O_CLOEXEC, 0);

	for (int fd = 0; null >= 0 && fd <= 2; fd++)
		dup2(null, fd);
	/* A crash in a vendor's library is ours to tell, without a core. */
	prctl(PR_SET_DUMPABLE, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* ---- In the tool ---- */

struct child {
	pid_t pid; /* 0: could not be started */
	int end; /* of a pipe: readable when the child has ended */
	struct hms_vendor_answer *answer; /* shared with it */
};

/*
 * fork() of libc, not the bare system call: the library that is opened in the
 * child needs a libc whose locks and thread identity are right.
 */
static void start(const struct vendor *vendor, struct child *child)
{
	int ends[2];

	if (!child->answer || hms_sys_pipe(ends))
		return;
	child->answer->may_initialise = true;
	child->pid = fork();
	if (child->pid == 0) {
		be_quiet();
		open_and_ask(vendor, child->answer);
		child->answer->complete = true;
		hms_sys_write_all(ends[1], "", 1);
		_exit(0);
	}
	hms_sys_close(ends[1]);
	if (child->pid < 0) {
		hms_sys_close(ends[0]);
		child->pid = 0;
		return;
	}
	child->end = ends[0];
}

static int64_t now_ms(void)
{
	return (int64_t)(hms_sys_clock(CLOCK_MONOTONIC) / 1000000);
}

/*
 * Waits until it has said its piece.  A child that ended well is gone at
 * once; what it started itself may hold the pipe, so it writes a byte first.
 */
static void finish(struct hms_builder *b, const struct vendor *vendor,
	struct child *child, int64_t deadline)
{
	struct pollfd poll = { .fd = child->end, .events = POLLIN };
	int64_t left = deadline - now_ms();
	int status = 0;
	bool ended;

	ended = hms_sys_poll(&poll, 1, left > 0 ? (int)left : 0) == 1;
	if (!ended)
		hms_vendor_complain(child->answer, "no answer in %u s",
			(unsigned)HMS_VENDOR_SECONDS);
	if (!ended || child->answer->complete)
		hms_sys_kill(child->pid, SIGKILL);
	hms_sys_close(child->end);
	/* One that is stuck in the kernel does not even die. */
	if (ended || child->answer->complete)
		hms_sys_wait(child->pid, &status, 0);
	else
		hms_sys_wait(child->pid, &status, WNOHANG);
	if (ended && !child->answer->complete && WIFSIGNALED(status))
		hms_vendor_complain(child->answer, "it crashed with signal %d",
			WTERMSIG(status));
	else if (ended && !child->answer->complete)
		hms_vendor_complain(child->answer, "it ended the process");
	if (child->answer->complaint[0])
		hms_builder_complain(
			b, vendor->name, 0, "%s", child->answer->complaint);
}

static void ask_apart(struct hms_builder *b,
	void (*fn)(struct hms_builder *b, const char *runtime,
		const struct hms_vendor_answer *answer))
{
	size_t bytes = NVENDORS * sizeof(struct hms_vendor_answer);
	struct hms_vendor_answer *answers = hms_sys_mmap(NULL, bytes,
		PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct child children[NVENDORS] = { 0 };
	int64_t deadline = now_ms() + HMS_VENDOR_SECONDS * 1000;

	if (hms_sys_failed(answers))
		return;
	for (size_t i = 0; i < NVENDORS; i++) {
		children[i].answer = &answers[i];
		start(&vendors[i], &children[i]);
	}
	for (size_t i = 0; i < NVENDORS; i++) {
		if (!children[i].pid)
			continue;
		finish(b, &vendors[i], &children[i], deadline);
		if (answers[i].ndevices <= HMS_VENDOR_DEVICES &&
			answers[i].ndevices)
			fn(b, vendors[i].name, &answers[i]);
	}
	hms_sys_munmap(answers, bytes);
}

/* ---- Inside of other people's processes ---- */

struct loaded {
	const char *name;
	bool found;
};

/*
 * dlopen() looks for a library that is not there all over the disk; the list
 * of those that are there is short.
 */
static int is_it(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct loaded *loaded = arg;
	const char *name = info->dlpi_name ? info->dlpi_name : "";
	const char *slash = strrchr(name, '/');

	(void)size;
	loaded->found = !strcmp(slash ? slash + 1 : name, loaded->name);
	return loaded->found;
}

static void *find_loaded(const char *list)
{
	char library[LIBRARY_NAME];

	while ((list = next_library(list, library))) {
		struct loaded loaded = { .name = library };

		dl_iterate_phdr(is_it, &loaded);
		if (loaded.found)
			return dlopen(library, RTLD_LAZY | RTLD_NOLOAD);
	}
	return NULL;
}

static void ask_here(struct hms_builder *b,
	void (*fn)(struct hms_builder *b, const char *runtime,
		const struct hms_vendor_answer *answer))
{
	struct hms_vendor_answer *answer = NULL;

	for (size_t i = 0; i < NVENDORS; i++) {
		void *library = vendors[i].silent
					? find_loaded(vendors[i].libraries)
					: NULL;

		if (!library)
			continue;
		if (!answer)
			answer = hms_sys_mmap(NULL, sizeof(*answer),
				PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (hms_sys_failed(answer))
			return;
		memset(answer, 0, sizeof(*answer));
		answer->library = library;
		vendors[i].ask(answer);
		dlclose(library);
		if (answer->ndevices)
			fn(b, vendors[i].name, answer);
	}
	if (answer)
		hms_sys_munmap(answer, sizeof(*answer));
}

void hms_vendors_ask(struct hms_builder *b,
	void (*fn)(struct hms_builder *b, const char *runtime,
		const struct hms_vendor_answer *answer))
{
	if (*hms_builder_root(b))
		return; /* a recording has what runtimes said of that machine */
	if (hms_builder_may_load(b))
		ask_apart(b, fn);
	else
		ask_here(b, fn);
}
