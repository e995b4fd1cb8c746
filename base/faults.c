/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/faults.h"

#ifdef HMS_FAULTS
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PLANS 16

struct plan {
	char name[32];
	unsigned long nth; /* 0: every one */
	long error;
	atomic_ulong seen;
};

static struct plan plans[MAX_PLANS];
static atomic_int nplans = -1; /* -1: HMS_FAULT not read yet */

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
	atomic_store(&nplans, n);
}

long hms_fault(const char *name)
{
	if (atomic_load(&nplans) < 0)
		read_plans();
	for (int i = 0; i < atomic_load(&nplans); i++) {
		if (strcmp(plans[i].name, name))
			continue;
		unsigned long nth = atomic_fetch_add(&plans[i].seen, 1) + 1;

		if (!plans[i].nth || plans[i].nth == nth)
			return plans[i].error;
	}
	return 0;
}
#endif
