/* SPDX-License-Identifier: BSD-2-Clause */
#include "preload/worker.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/aside.h"
#include "base/guard.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "base/thread.h"
#include "engine/engine.h"
#include "engine/mover/device.h"
#include "engine/worker/learn.h"
#include "engine/worker/names.h"
#include "preload/preload.h"
#include "report/report.h"
#include "report/status.h"
#include "shims/faulted.h"
#include "shims/heap.h"
#include "shims/next.h"
#include "shims/start.h"

#define STACK_SIZE ((size_t)512 << 10)
#define SECOND UINT64_C(1000000000)
#define NICE 10
#define END_WAIT (SECOND / 5) /* at most, for a worker that is at work */
#define FORK_NAP 50000 /* ns */

enum { IDLE, MADE, ENDED };

unsigned hms_worker_due;

static struct {
	atomic_int state;
	atomic_bool allowed; /* threads may be made */
	atomic_bool ending; /* the process is */
	atomic_uint waiting; /* forks that want the lock */
	uint32_t bell; /* futex: rung to wake the worker */
	pthread_mutex_t lock;
	char trace[512];
	struct hms_learn_setup setup;
	struct hms_learn learn;
	bool learning; /* learn is in use; under the lock */
	uint64_t alone_after;
} worker = { .lock = PTHREAD_MUTEX_INITIALIZER };

static uint64_t now_ns(void)
{
	return hms_sys_clock(CLOCK_MONOTONIC);
}

static uint64_t cpu_ns(void)
{
	return hms_sys_clock(CLOCK_THREAD_CPUTIME_ID);
}

static int where(void **pages, int *status, unsigned n)
{
	long rc = hms_sys_move_pages(0, n, pages, NULL, status, 0);

	return rc < 0 ? (int)rc : 0;
}

/*
 * Forks must not wait for all that is planned, and a mutex that is given up
 * and taken again at once never lets anybody in.
 */
static void let_others(void)
{
	pthread_mutex_unlock(&worker.lock);
	while (atomic_load(&worker.waiting))
		hms_sys_futex_wait(&worker.bell,
			__atomic_load_n(&worker.bell, __ATOMIC_RELAXED),
			FORK_NAP);
	pthread_mutex_lock(&worker.lock);
}

/* Number `n` of the fields after the name in /proc/PID/stat, from 3; proc(5) */
static unsigned long field(const char *text, int n)
{
	for (; text && n > 3; n--) {
		text = strchr(text, ' ');
		text = text ? text + 1 : NULL;
	}
	return text ? strtoul(text, NULL, 10) : 0;
}

/*
 * main() may leave by pthread_exit(): then the process ends with its last
 * thread, and that must not be us.  Also counts the others.
 */
static bool alone(uint64_t now)
{
	char buf[1024];
	const char *state;

	if (now < worker.alone_after)
		return false;
	worker.alone_after = now + SECOND;
	if (hms_sys_read_file("/proc/self/stat", buf, sizeof(buf)) <= 0)
		return false;
	state = strrchr(buf, ')');
	if (!state || !state[1])
		return false;
	state += 2;
	worker.learn.threads = (unsigned)field(state, 20);
	if (worker.learn.threads > 1)
		worker.learn.threads--;
	return *state == 'Z' && field(state, 20) <= 2;
}

/*
 * HMS_TRACE, with its escapes, for this process.  A child whose name is its
 * parent's would write over that one's.
 */
static const char *trace_path(void)
{
	char before[sizeof(worker.trace)];
	struct hms_text text = HMS_TEXT(worker.trace);

	if (!hms_process.options.trace)
		return NULL;
	strcpy(before, worker.trace);
	worker.trace[0] = 0;
	if (!hms_report_path(
		    hms_process.options.trace, hms_process.program, &text))
		return strcmp(before, worker.trace) ? worker.trace : NULL;
	hms_log_once(HMS_LOG_ERROR, "HMS_TRACE: %s: no such name can be made",
		hms_process.options.trace);
	return NULL;
}

/* Under the lock.  False: there is nothing to be done here, ever. */
static bool begin(void)
{
	int rc;

	hms_status_settle();
	worker.setup.trace = trace_path();
	rc = hms_learn_start(&worker.learn, &worker.setup, now_ns());
	worker.learning = !rc;
	if (!rc)
		return true;
	hms_log(HMS_LOG_WARN, "memory is placed, but never moved: %s",
		hms_status->learning.why[0] ? hms_status->learning.why
					    : strerrordesc_np(-rc));
	if (!hms_status->learning.why[0])
		hms_learn_tell_not(strerrordesc_np(-rc));
	return false;
}

/* False: no more. */
static bool round_once(uint64_t *wait)
{
	uint64_t now;
	bool on = true;

	pthread_mutex_lock(&worker.lock);
	if (!worker.learning)
		on = begin();
	/* Beginning takes long, and time must not go back. */
	now = now_ns();
	if (on)
		*wait = hms_learn_tick(&worker.learn, now);
	on = on && !alone(now) && !atomic_load(&worker.ending);
	pthread_mutex_unlock(&worker.lock);
	return on;
}

/*
 * The guard is held throughout, so that whatever libc does on our behalf
 * passes.  It is let go at the end only, where the last thread of a process
 * runs the program's own exit handlers.
 */
static void *run(void *unused)
{
	uint64_t wait = worker.setup.interval;

	hms_guard_enter();
	hms_sys_block_most_signals();
	hms_sys_set_nice(NICE);
	hms_sys_set_thread_name("hms-worker");
	do {
		uint32_t bell = __atomic_load_n(&worker.bell, __ATOMIC_RELAXED);

		if (!atomic_load(&worker.ending))
			hms_sys_futex_wait(&worker.bell, bell, wait);
	} while (!atomic_load(&worker.ending) && round_once(&wait));
	/* exit() is at work; what is left for it to do is not to be met. */
	while (atomic_load(&worker.ending))
		hms_sys_futex_wait(&worker.bell,
			__atomic_load_n(&worker.bell, __ATOMIC_RELAXED),
			3600 * SECOND);
	pthread_mutex_lock(&worker.lock);
	if (worker.learning)
		hms_learn_stop(&worker.learn);
	worker.learning = false;
	pthread_mutex_unlock(&worker.lock);
	hms_guard_leave();
	return NULL;
}

/* inherit: runs as its maker does, who may be a real-time thread. */
static int create(bool small, bool inherit)
{
	pthread_attr_t attr;
	pthread_t thread;
	int rc;

	if (pthread_attr_init(&attr))
		return ENOMEM;
	/* setuid(2) in another thread may have libc's lock, and wait for us. */
	hms_sys_let_setuid();
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	/* As attributes begin: SCHED_OTHER, which being nice is of. */
	if (!inherit)
		pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
	if (small)
		pthread_attr_setstacksize(&attr, STACK_SIZE);
	rc = hms_next.pthread_create(&thread, &attr, run, NULL);
	hms_sys_block_signals();
	pthread_attr_destroy(&attr);
	return rc;
}

static void make(void *unused)
{
	int rc = create(true, false);

	/* Much thread-local data leaves too little of a small stack. */
	if (rc == EINVAL)
		rc = create(false, false);
	/* A sandbox may let nobody change how threads run. */
	if (rc == EPERM)
		rc = create(true, true);
	if (!rc)
		return;
	atomic_store(&worker.state, ENDED);
	hms_learn_tell_not("no thread can be made");
	hms_log(HMS_LOG_WARN,
		"no thread can be made (errno %d): memory is placed, but never moved",
		rc);
}

void hms_worker_make(void)
{
	int idle = IDLE, saved = errno;

	if (hms_guarded() || !atomic_load(&worker.allowed) ||
		atomic_load(&worker.ending) ||
		hms_process.pid != hms_sys_getpid())
		return;
	__atomic_store_n(&hms_worker_due, 0, __ATOMIC_RELAXED);
	hms_guard_enter();
	if (!hms_next.pthread_create)
		hms_next_resolve();
	if (atomic_compare_exchange_strong(&worker.state, &idle, MADE))
		hms_aside_once(make, NULL);
	hms_guard_leave();
	errno = saved;
}

/* Memory that may move came; called with locks held. */
static void note(void)
{
	if (atomic_load_explicit(&worker.state, memory_order_relaxed) != IDLE ||
		hms_range_moving() < HMS_LEARN_LEAST)
		return;
	__atomic_store_n(&hms_worker_due, 1, __ATOMIC_RELAXED);
	hms_heap_pass_by();
}

void hms_worker_allow(void)
{
	atomic_store(&worker.allowed, true);
}

/* Is all of it still in the table, and may move? */
bool hms_worker_still(uintptr_t start, uintptr_t end)
{
	struct hms_range piece;

	while (start < end && hms_range_next(start, end, &piece) &&
		piece.start <= start && piece.rule >= 0 &&
		hms_process.places.rule_moves[piece.rule])
		start = piece.end;
	return start >= end;
}

int hms_worker_setup(struct hms_diag *diag)
{
	const struct hms_options *options = &hms_process.options;
	const struct hms_migration *m = &hms_process.policy->migration;
	struct hms_learn_setup *s = &worker.setup;
	int rc = hms_learn_names(
		hms_process.policy, options->source, &s->planner, diag);

	s->interval = m->interval ? m->interval : HMS_LEARN_INTERVAL;
	s->rate = options->budget_rate ? options->budget_rate
		  : m->rate	       ? m->rate
				       : HMS_LEARN_RATE;
	if (rc)
		return rc;
	/* Devices' memory has no need of the thread. */
	hms_device_plan_setup(s->planner, s->rate, s->interval);
	if (!hms_process.places.moves)
		return rc;
	s->places = &hms_process.places;
	s->wanted = options->source ? options->source : m->source.text;
	s->share = options->budget_share;
	s->cpus = hms_sys_cpus();
	s->most = HMS_HEAT_MOST;
	s->select = hms_sources_select;
	s->move = hms_move;
	s->supported = hms_move_supported;
	s->where = where;
	s->cpu = cpu_ns;
	s->pause = let_others;
	s->site_fault = hms_faulted;
	hms_range_on_moving(note);
	hms_learn_tell_wait();
	return 0;
}

void hms_worker_end(void)
{
	struct timespec until;
	uint64_t end;

	if (atomic_load(&worker.state) != MADE ||
		atomic_exchange(&worker.ending, true))
		return;
	__atomic_store_n(&worker.learn.stop, true, __ATOMIC_RELAXED);
	__atomic_add_fetch(&worker.bell, 1, __ATOMIC_RELAXED);
	hms_sys_futex_wake(&worker.bell);
	/* If we are in the middle of a call of ours, it may wait for us. */
	end = now_ns() + END_WAIT;
	until.tv_sec = (time_t)(end / SECOND);
	until.tv_nsec = (long)(end % SECOND);
	if (!pthread_mutex_clocklock(&worker.lock, CLOCK_MONOTONIC, &until))
		pthread_mutex_unlock(&worker.lock);
}

void hms_worker_tell_end(void)
{
	/* Who has it still had its time. */
	if (!atomic_load(&worker.ending) || pthread_mutex_trylock(&worker.lock))
		return;
	if (worker.learning)
		hms_learn_end(&worker.learn, now_ns());
	pthread_mutex_unlock(&worker.lock);
}

void hms_worker_before_fork(void)
{
	atomic_fetch_add(&worker.waiting, 1);
	pthread_mutex_lock(&worker.lock);
	atomic_fetch_sub(&worker.waiting, 1);
}

void hms_worker_after_fork(bool child)
{
	if (child) {
		if (worker.learning)
			hms_learn_after_fork(&worker.learn);
		hms_faulted_after_fork();
		worker.learning = false;
		atomic_store(&worker.waiting, 0);
		if (atomic_load(&worker.state) == MADE)
			atomic_store(&worker.state, IDLE);
		__atomic_store_n(&hms_worker_due, 0, __ATOMIC_RELAXED);
		hms_learn_tell_wait();
	}
	pthread_mutex_unlock(&worker.lock);
}
