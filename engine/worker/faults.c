/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page faults in the status page: of the process and of its threads, as the
 * kernel counts them; by rule, target and site, as perf tells them.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "base/text.h"
#include "engine/worker/learn.h"
#include "report/status.h"

/* Threads are looked at in at most one part of so many of the time. */
#define THREADS_SHARE 500
#define END_BUDGET UINT64_C(5000000) /* ns, for what perf saw last */

static struct hms_status_learning *page(void)
{
	return &hms_status->learning;
}

static void set(uint64_t *to, uint64_t value)
{
	__atomic_store_n(to, value, __ATOMIC_RELAXED);
}

static void count_fault(
	struct hms_learning_faults *to, const struct hms_fault *fault)
{
	const uint64_t n = fault->weight;

	if (!fault->major) {
		set(&to->minor, to->minor + n);
		return;
	}
	/* It came as one of all before. */
	set(&to->major, to->major + n);
	set(&to->minor, to->minor > n ? to->minor - n : 0);
}

void learn_tell_fault(const struct hms_fault *fault, const struct hms_learn *l)
{
	struct hms_status_learning *p = page();
	struct hms_range range;
	unsigned rule;

	if (!l->with.site_fault || !l->with.site_fault(fault))
		count_fault(&p->siteless_faults, fault);
	if (!hms_range_find(fault->addr, &range) || range.rule < 0) {
		count_fault(&p->other_faults, fault);
		return;
	}
	rule = (unsigned)range.rule < HMS_LEARNING_RULES
		       ? (unsigned)range.rule
		       : HMS_LEARNING_RULES - 1;
	count_fault(&p->rule_faults[rule], fault);
	if (range.target && range.target->index < HMS_LEARNING_TARGETS)
		count_fault(&p->target_faults[range.target->index], fault);
}

static uint64_t weight_of(const struct hms_learn_thread *t)
{
	return t->minor + t->major;
}

/* The row of a thread, a new one if need be: the least of the ended goes. */
static struct hms_learn_thread *row_of(
	struct hms_learn_threads *all, uint32_t tid, uint64_t ticks)
{
	struct hms_learn_thread *least = NULL;

	for (unsigned i = 0; i < all->n; i++) {
		struct hms_learn_thread *t = &all->row[i];

		if (t->tid == tid && t->ticks == ticks)
			return t;
		if (!least || weight_of(t) < weight_of(least))
			least = t;
	}
	if (all->n < HMS_LEARN_THREADS)
		least = &all->row[all->n++];
	memset(least, 0, sizeof(*least));
	least->tid = tid;
	least->ticks = ticks;
	return least;
}

/* Field `n` of those after the name, from 3; proc(5). */
static uint64_t field(const char *text, int n)
{
	for (; text && n > 3; n--) {
		text = strchr(text, ' ');
		text = text ? text + 1 : NULL;
	}
	return text ? strtoull(text, NULL, 10) : 0;
}

static void look_at_thread(struct hms_learn_threads *all, const char *tid)
{
	char path[64], buf[512], *name, *end;
	struct hms_text text = HMS_TEXT(path);
	struct hms_learn_thread *t;
	size_t len;

	hms_text_add(&text, "/proc/self/task/%s/stat", tid);
	/* It may have ended meanwhile. */
	if (text.cut || hms_sys_read_file(path, buf, sizeof(buf)) <= 0)
		return;
	name = strchr(buf, '(');
	end = strrchr(buf, ')');
	if (!name || !end || end < name || !end[1])
		return;
	t = row_of(all, (uint32_t)strtoul(tid, NULL, 10), field(end + 2, 22));
	len = (size_t)(end - name - 1);
	if (len >= sizeof(t->name))
		len = sizeof(t->name) - 1;
	memcpy(t->name, name + 1, len);
	t->name[len] = 0;
	t->minor = field(end + 2, 10);
	t->major = field(end + 2, 12);
	t->look = all->look;
}

struct entry {
	uint64_t ino, off;
	uint16_t len;
	uint8_t type;
	char name[];
};

static void look_at_threads(struct hms_learn_threads *all)
{
	char buf[4096] __attribute__((aligned(8)));
	int fd = hms_sys_open(
		"/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	ssize_t got;

	while (fd >= 0 && (got = hms_sys_getdents(fd, buf, sizeof(buf))) > 0)
		for (ssize_t at = 0; at < got;) {
			const struct entry *e = (const void *)(buf + at);

			at += e->len;
			if (e->name[0] != '.')
				look_at_thread(all, e->name);
		}
	if (fd >= 0)
		hms_sys_close(fd);
}

/*
 * Threads that ended before anybody looked, or faulted on after the last look:
 * perf saw about how often.  A number that two threads had says nothing.
 */
static void add_ended(struct hms_learn_threads *all)
{
	struct hms_faults_thread seen[HMS_LEARN_THREADS];
	unsigned n = hms_faults_threads(seen, HMS_LEARN_THREADS), same;

	for (unsigned i = 0; i < n; i++) {
		struct hms_learn_thread *t = NULL;

		same = 0;
		for (unsigned j = 0; j < all->n; j++)
			if (all->row[j].tid == seen[i].tid) {
				t = &all->row[j];
				same++;
			}
		if (same > 1 || (same && t->look == all->look))
			continue;
		if (!same)
			t = row_of(all, seen[i].tid, 0);
		if (seen[i].minor > t->minor)
			t->minor = seen[i].minor;
		if (seen[i].major > t->major)
			t->major = seen[i].major;
	}
}

static const struct hms_learn_thread *most_of(
	const struct hms_learn_threads *all, const bool *taken)
{
	const struct hms_learn_thread *most = NULL;

	for (unsigned i = 0; i < all->n; i++)
		if (!taken[i] &&
			(!most || weight_of(&all->row[i]) > weight_of(most)))
			most = &all->row[i];
	return most;
}

static void tell_threads(const struct hms_learn_threads *all)
{
	struct hms_status_learning *p = page();
	bool taken[HMS_LEARN_THREADS] = { false };
	const struct hms_learn_thread *from;
	unsigned n = 0;

	while (n < HMS_LEARNING_THREADS && (from = most_of(all, taken)) &&
		weight_of(from)) {
		struct hms_learning_thread *to = &p->threads[n++];

		taken[from - all->row] = true;
		to->tid = from->tid;
		to->ended = from->look != all->look;
		memcpy(to->name, from->name, sizeof(to->name));
		set(&to->faults.minor, from->minor);
		set(&to->faults.major, from->major);
	}
	__atomic_store_n(&p->nthreads, n, __ATOMIC_RELEASE);
}

/* What the process has beyond the rows; theirs may be guessed too high. */
static void tell_other_threads(void)
{
	struct hms_status_learning *p = page();
	uint64_t minor = 0, major = 0;

	for (unsigned i = 0; i < p->nthreads; i++) {
		minor += p->threads[i].faults.minor;
		major += p->threads[i].faults.major;
	}
	set(&p->other_threads.minor,
		p->faults.minor > minor ? p->faults.minor - minor : 0);
	set(&p->other_threads.major,
		p->faults.major > major ? p->faults.major - major : 0);
}

void learn_tell_faults(struct hms_learn *l, bool now)
{
	struct hms_status_learning *p = page();
	struct hms_faults_total total;
	uint64_t begin = l->with.cpu();

	if (now || l->now >= l->threads_after) {
		l->by_thread.look++;
		look_at_threads(&l->by_thread);
		add_ended(&l->by_thread);
		tell_threads(&l->by_thread);
		l->threads_after =
			l->now + (l->with.cpu() - begin) * THREADS_SHARE;
	}
	hms_faults_totals(&total);
	set(&p->faults.minor, total.minor);
	set(&p->faults.major, total.major);
	set(&p->faults_seen, total.seen);
	set(&p->faults_lost, total.lost);
	tell_other_threads();
}

static void tell_one(const struct hms_fault *fault, void *arg)
{
	learn_tell_fault(fault, arg);
}

void hms_learn_end(struct hms_learn *l, uint64_t now)
{
	const struct hms_sights sights = { .fault = tell_one, .arg = l };

	l->now = now;
	for (unsigned i = 0; i < l->choices.n; i++)
		if (l->started[i] &&
			!strcmp(l->choices.row[i].source->name, "touch"))
			l->choices.row[i].source->tick(
				now, END_BUDGET, &sights);
	learn_tell_faults(l, true);
}
