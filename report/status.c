/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/status.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/sys.h"
#include "base/text.h"
#include "report/page.h"

/* Pages of the image that nobody writes to cost nothing. */
static struct hms_status private_page;

struct hms_status *hms_status = &private_page;
__thread struct hms_counter hms_counter;
bool hms_counting;

static struct {
	char runtime[HMS_RUNTIME_PATH]; /* XDG_RUNTIME_DIR as it was at start */
	char path[HMS_RUNTIME_PATH]; /* this process's file; "" if none */
	atomic_bool wanted; /* a forked child has yet to make it */
	struct hms_status *inherited; /* the parent's page, in the child */
} page;

static void identify(struct hms_status *status)
{
	status->magic = HMS_STATUS_MAGIC;
	status->size = sizeof(*status);
	status->pid = (uint32_t)hms_sys_getpid();
	status->start_ticks = hms_process_ticks((pid_t)status->pid);
	status->started_ns = hms_sys_clock(CLOCK_REALTIME);
	status->ended_ns = 0;
	status->nspans = 0;
}

/* Everything but the tallies, which are most of it and mostly empty. */
static void copy_head(struct hms_status *to, const struct hms_status *from)
{
	size_t rules = from->nrules, targets = from->ntargets;

	memcpy(&to->size, &from->size,
		offsetof(struct hms_status, rules) -
			offsetof(struct hms_status, size));
	/* The last row is shared by all rules beyond, so it always counts. */
	if (rules >= HMS_STATUS_RULES)
		rules = HMS_STATUS_RULES;
	if (targets >= HMS_STATUS_TARGETS)
		targets = HMS_STATUS_TARGETS;
	memcpy(to->rules, from->rules, rules * sizeof(to->rules[0]));
	memcpy(to->targets, from->targets, targets * sizeof(to->targets[0]));
	/* Whoever reads it now can tell whose it is: report/page.c. */
	__atomic_store_n(&to->magic, from->magic, __ATOMIC_RELEASE);
}

/* Moves on to a file; counts go on in private memory if there is none. */
static int move_to_file(void)
{
	struct hms_text path = HMS_TEXT(page.path);
	struct hms_status *fresh;
	int err = hms_page_create(page.runtime, &path, &fresh);

	if (err) {
		page.path[0] = 0;
		return err;
	}
	copy_head(fresh, &private_page);
	fresh->learning = private_page.learning;
	hms_status = fresh;
	return 0;
}

int hms_status_open(const char *program)
{
	struct hms_text name = HMS_TEXT(private_page.program);
	struct hms_text runtime = HMS_TEXT(page.runtime);
	const char *folder = secure_getenv("XDG_RUNTIME_DIR");
	int err;

	hms_text_put(&name, program, strlen(program));
	if (folder && folder[0] == '/')
		hms_text_put(&runtime, folder, strlen(folder));
	if (runtime.cut)
		page.runtime[0] = 0;
	identify(&private_page);
	err = move_to_file();
	hms_counting = true;
	return err;
}

void hms_status_close(void)
{
	if (page.path[0] && hms_status->pid == (uint32_t)hms_sys_getpid())
		hms_page_remove(page.path);
	page.path[0] = 0;
}

const char *hms_status_path(void)
{
	return page.path;
}

/*
 * Shared memory is not copied by fork, so the child would read what the
 * parent binds later.  What is bound now is copied to private memory, which
 * fork does copy, while the range table is locked.
 */
void hms_status_before_fork(void)
{
	if (hms_status != &private_page)
		copy_head(&private_page, hms_status);
}

/* The next call takes the slow way, and gets one. */
static void leave_tally(void)
{
	hms_counter = (struct hms_counter){ 0 };
}

void hms_status_after_fork(bool child)
{
	if (!child || !hms_counting)
		return;
	leave_tally();
	page.path[0] = 0;
	if (hms_status == &private_page) {
		memset(private_page.tallies, 0, sizeof(private_page.tallies));
	} else {
		page.inherited = hms_status;
		hms_status = &private_page;
	}
	identify(&private_page);
	private_page.lost_tallies = 0;
	/* Made on first use: most children only execute something else. */
	atomic_store(&page.wanted, true);
}

void hms_status_settle(void)
{
	if (!atomic_exchange(&page.wanted, false))
		return;
	if (page.inherited)
		hms_page_unmap(page.inherited);
	page.inherited = NULL;
	move_to_file();
}

static bool take(struct hms_tally *tally, uint32_t from, uint32_t to)
{
	return __atomic_compare_exchange_n(&tally->owner, &from, to, false,
		__ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static struct hms_tally *find_free(uint32_t tid)
{
	struct hms_tally *tally;
	uint32_t owner;

	for (size_t i = 0; i < HMS_TALLY_SHARED; i++) {
		tally = &hms_status->tallies[i];
		owner = __atomic_load_n(&tally->owner, __ATOMIC_RELAXED);
		/* Our number: left behind by a thread that had it before us. */
		if (owner == tid || (!owner && take(tally, 0, tid)))
			return tally;
	}
	return NULL;
}

/* Threads can vanish without running destructors, by a bare exit call. */
static struct hms_tally *find_orphan(uint32_t tid)
{
	pid_t pid = hms_sys_getpid();
	struct hms_tally *tally;
	uint32_t owner;

	for (size_t i = 0; i < HMS_TALLY_SHARED; i++) {
		tally = &hms_status->tallies[i];
		owner = __atomic_load_n(&tally->owner, __ATOMIC_RELAXED);
		if (!owner || hms_sys_tgkill(pid, (pid_t)owner, 0) != -ESRCH)
			continue;
		if (take(tally, owner, tid))
			return tally;
	}
	return find_free(tid);
}

void hms_tally_claim(void)
{
	uint32_t tid = (uint32_t)hms_sys_gettid();
	struct hms_tally *tally;

	hms_status_settle();
	tally = find_free(tid);
	if (!tally)
		tally = find_orphan(tid);
	if (!tally) {
		__atomic_fetch_add(
			&hms_status->lost_tallies, 1, __ATOMIC_RELAXED);
		tally = &hms_status->tallies[HMS_TALLY_SHARED];
	}
	hms_counter.tally = tally;
}

void hms_tally_release(void)
{
	struct hms_tally *tally = hms_counter.tally;

	if (!tally)
		return;
	leave_tally();
	if (tally == &hms_status->tallies[HMS_TALLY_SHARED])
		return;
	/* Its counts stay; whoever takes it next adds to them. */
	__atomic_store_n(&tally->owner, 0, __ATOMIC_RELEASE);
}

struct hms_tally_rule hms_status_calls(
	const struct hms_status *status, int rule)
{
	struct hms_tally_rule sum = { 0, 0 };

	if (rule >= HMS_STATUS_RULES)
		rule = HMS_STATUS_RULES - 1;
	for (size_t i = 0; i < HMS_STATUS_TALLIES; i++) {
		sum.calls += status->tallies[i].rule[rule + 1].calls;
		sum.bytes += status->tallies[i].rule[rule + 1].bytes;
	}
	return sum;
}

/* All that are not of another family, which are counted a moment later. */
static uint64_t heap_calls(const struct hms_tally *tally)
{
	uint64_t all = 0, others = 0;

	for (size_t rule = 0; rule <= HMS_STATUS_RULES; rule++)
		all += tally->rule[rule].calls;
	for (size_t other = 0; other < HMS_FAMILIES; other++)
		if (other != HMS_FAMILY_HEAP)
			others += tally->family_calls[other];
	return all > others ? all - others : 0;
}

uint64_t hms_status_family_calls(
	const struct hms_status *status, enum hms_family family)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < HMS_STATUS_TALLIES; i++) {
		const struct hms_tally *tally = &status->tallies[i];

		if (family != HMS_FAMILY_HEAP) {
			sum += tally->family_calls[family];
			continue;
		}
		sum += heap_calls(tally);
	}
	return sum;
}
