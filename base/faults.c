/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/faults.h"

#ifdef HMS_FAULTS
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/raw.h"

#define MAX_PLANS 16
#define MAX_NAMES 128

struct plan {
	char name[32];
	unsigned long nth; /* 0: every one */
	long error;
	atomic_ulong seen;
};

static struct plan plans[MAX_PLANS];
static atomic_int nplans = -1; /* -1: HMS_FAULT not read yet */
static const char *survey_to;

static const char *parse_plan(const char *s, struct plan *plan)
{
	size_t len = strcspn(s, ":");
	char *end;

	if (!s[len] || len >= sizeof(plan->name))
		return NULL;
	memcpy(plan->name, s, len);
	s += len + 1;
	plan->nth = strtoul(s, &end, 10);
	if (*s == '*')
		end = (char *)s + 1;
	if (*end != ':')
		return NULL;
	plan->error = -strtol(end + 1, &end, 10);
	return *end == ',' ? end + 1 : NULL;
}

static void read_plans(void)
{
	extern char **environ;
	const char *s;
	int n = 0;

	/* Before libc has an environment nothing is injected yet. */
	if (!environ)
		return;
	for (s = getenv("HMS_FAULT"); s && n < MAX_PLANS; n++)
		s = parse_plan(s, &plans[n]);
	survey_to = getenv("HMS_FAULT_CALLS");
	atomic_store(&nplans, n);
}

/* An empty file says that a fault was injected at all. */
static long injected(const struct plan *plan)
{
	const char *path = getenv("HMS_FAULT_SEEN");
	long fd;

	if (!path)
		return plan->error;
	fd = hms_raw(SYS_openat, AT_FDCWD, (long)path,
		O_CREAT | O_WRONLY | O_CLOEXEC, 0600, 0, 0);
	if (fd >= 0)
		hms_raw(SYS_close, fd, 0, 0, 0, 0, 0);
	return plan->error;
}

static void put(const char *path, const char *name)
{
	char line[sizeof(plans[0].name) + 1];
	size_t len = strlen(name);
	long fd = hms_raw(SYS_openat, AT_FDCWD, (long)path,
		O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600, 0, 0);

	if (fd < 0 || len >= sizeof(line))
		return;
	memcpy(line, name, len);
	line[len] = '\n';
	hms_raw(SYS_write, fd, (long)line, (long)len + 1, 0, 0, 0);
	hms_raw(SYS_close, fd, 0, 0, 0, 0, 0);
}

/* Each name once; it may be one of several equal texts. */
static void survey(const char *name)
{
	static _Atomic(const char *) names[MAX_NAMES];

	for (int i = 0; i < MAX_NAMES; i++) {
		const char *there = atomic_load(&names[i]);

		if (!there &&
			atomic_compare_exchange_strong(&names[i], &there, name))
			return put(survey_to, name);
		if (!strcmp(there, name))
			return;
	}
}

long hms_fault(const char *name)
{
	if (atomic_load(&nplans) < 0)
		read_plans();
	if (survey_to)
		survey(name);
	for (int i = 0; i < atomic_load(&nplans); i++) {
		if (strcmp(plans[i].name, name))
			continue;
		unsigned long nth = atomic_fetch_add(&plans[i].seen, 1) + 1;

		if (!plans[i].nth || plans[i].nth == nth)
			return injected(&plans[i]);
	}
	return 0;
}
#endif
