/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accounts by site: what becomes of the table where counters meet, and where
 * processes do.
 */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report/account.h"
#include "report/status.h"

static char folder[] = "/tmp/hms-unit.XXXXXX";

static void setup(void)
{
	cr_assert(mkdtemp(folder));
	setenv("XDG_RUNTIME_DIR", folder, 1);
	cr_assert_eq(hms_status_open("program"), 0);
	hms_account_setup(1);
}

static void teardown(void)
{
	char command[200];

	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	cr_assert_eq(system(command), 0);
}

TestSuite(account, .init = setup, .fini = teardown);

/*
 * Between a thread's two looks others add and free: it sees what they freed,
 * and not what they added.  Catches a peak of 16 EiB, for ever, which no reader
 * of JSON takes.
 */
Test(account, peak_is_never_below_zero)
{
	hms_account_add(0, 1, 100);
	hms_account_sub(0, 2, 300);
	hms_account_add(0, 1, 50);
	cr_expect_eq(hms_sites->rows[0].live_peak, 100);
	hms_account_add(0, 1, 400);
	cr_expect_eq(hms_sites->rows[0].live_peak, 250);
}

static bool is_mapped(const char *page)
{
	unsigned char there;

	return !mincore((void *)(uintptr_t)page, 1, &there);
}

/*
 * Where address space is limited a table is small, and a child's need not be.
 * Catches a child that unmaps as much as its own takes where its parent's was.
 */
Test(account, child_unmaps_no_more_than_there_is)
{
	const size_t page = 4096;
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
	char *after;
	size_t bytes;
	int status;
	pid_t child;

	getrlimit(RLIMIT_AS, &limit);
	if (limit.rlim_max != RLIM_INFINITY)
		cr_skip_test("address space is limited for good");
	limit.rlim_cur = (rlim_t)1 << 46;
	cr_assert_eq(setrlimit(RLIMIT_AS, &limit), 0);
	hms_account_add(0, 1, 100);
	limit.rlim_cur = RLIM_INFINITY;
	cr_assert_eq(setrlimit(RLIMIT_AS, &limit), 0);

	/* 4,095 rows; what follows is there already, or is now. */
	bytes = sizeof(*hms_sites) + 4095 * sizeof(hms_sites->rows[0]);
	after = (char *)hms_sites + (bytes + page - 1) / page * page;
	mmap(after, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	cr_assert(is_mapped(after - page) && is_mapped(after));

	hms_account_before_fork();
	hms_status_before_fork();
	child = fork();
	hms_status_after_fork(child == 0);
	hms_account_after_fork(child == 0);
	if (child == 0) {
		hms_account_add(0, 1, 50);
		_exit(!is_mapped(after));
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_expect_eq(status, 0, "the child ended with %x", (unsigned)status);
}
