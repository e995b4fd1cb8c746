/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fork(2): every lock of ours is held across it, so that the child finds all
 * tables whole.  Registered when HMS starts, at the first allocation, so these
 * run after everybody else's preparations, which may allocate, and before
 * everybody else's clean-up.
 *
 * Order is that of taking: the worker's comes first; who calls is asked before
 * anything; heaps call windows, windows and map calls the range table, the
 * range table the targets.
 */
#include <pthread.h>

#include "base/guard.h"
#include "base/sys.h"
#include "engine/heap/instance.h"
#include "engine/heap/keep.h"
#include "engine/heap/window.h"
#include "engine/mover/mover.h"
#include "engine/range.h"
#include "engine/site/frame.h"
#include "engine/target/fork.h"
#include "engine/engine.h"
#include "preload/preload.h"
#include "preload/worker.h"
#include "report/account.h"
#include "report/report.h"
#include "report/status.h"
#include "shims/map.h"
#include "shims/reach.h"
#include "shims/start.h"
#include "shims/track.h"

static __thread unsigned depth;
/* The rest was locked too.  Under the locks that always are. */
static bool all;

void hms_fork_prepare(void)
{
	/* _Fork inside fork: libc's own handlers have been here already. */
	if (depth++)
		return;
	hms_guard_enter();
	hms_mover_before_fork();
	hms_worker_before_fork();
	hms_account_before_fork();
	site_frames_before_fork();
	hms_keep_before_fork();
	hms_instances_before_fork();
	hms_windows_before_fork();
	all = hms_engine.live;
	if (!all)
		return;
	hms_track_before_fork();
	hms_map_before_fork();
	hms_reach_before_fork();
	hms_ranges_before_fork();
	hms_targets_before_fork();
	hms_status_before_fork();
}

void hms_fork_done(bool child)
{
	if (--depth)
		return;
	if (child)
		hms_process.pid = hms_sys_getpid();
	/* It may have come alive since, in another thread. */
	if (all) {
		hms_status_after_fork(child);
		hms_targets_after_fork(child);
		hms_ranges_after_fork(child);
		hms_reach_after_fork(child);
		hms_map_after_fork(child);
		hms_track_after_fork();
	}
	hms_windows_after_fork(child);
	hms_instances_after_fork(child);
	hms_keep_after_fork(child);
	site_frames_after_fork(child);
	hms_account_after_fork(child);
	hms_mover_after_fork(child);
	hms_worker_after_fork(child);
	hms_guard_leave();
}

static void in_parent(void)
{
	hms_fork_done(false);
}

static void in_child(void)
{
	hms_fork_done(true);
}

void hms_fork_setup(void)
{
	pthread_atfork(hms_fork_prepare, in_parent, in_child);
}
