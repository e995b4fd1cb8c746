/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How HMS starts and ends in a process.  Both can happen inside any call:
 * whichever shim is reached first starts HMS, a constructor does so at the
 * latest.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/aside.h"
#include "base/bootstrap.h"
#include "base/guard.h"
#include "base/log.h"
#include "base/raw.h"
#include "base/sys.h"
#include "base/text.h"
#include "engine/engine.h"
#include "preload/phase.h"
#include "preload/preload.h"
#include "preload/worker.h"
#include "report/account.h"
#include "report/report.h"
#include "report/status.h"
#include "shims/heap.h"
#include "shims/hooks.h"
#include "shims/loader.h"
#include "shims/mapped.h"
#include "shims/next.h"
#include "shims/opencl.h"
#include "shims/start.h"

unsigned hms_heap_mode;
struct hms_process hms_process;

enum { IDLE, STARTING, STARTED };
static atomic_int state;
static bool resolved;
static bool acting; /* not disabled, and meant for this program */

/* Phases only go on: the next functions may be looked up late. */
static void set_phase(enum hms_phase phase)
{
	if (hms_status->phase < phase)
		hms_status->phase = phase;
}

static void set_heap_mode(enum hms_heap_mode mode)
{
	__atomic_store_n(&hms_heap_mode, mode, __ATOMIC_RELEASE);
}

static void resolve(void)
{
	if (resolved)
		return;
	hms_next_resolve();
	resolved = true;
	set_phase(HMS_PHASE_RESOLVED);
}

/* Heap calls go to the next allocator, as if HMS were not there. */
static void pass(void)
{
	resolve();
	if (!hms_next.malloc || !hms_next.free || !hms_next.calloc ||
		!hms_next.realloc || !hms_next.memalign) {
		set_heap_mode(HMS_HEAP_OWN);
		return;
	}
	hms_heap_pass_routes();
	set_heap_mode(HMS_HEAP_PASS);
}

/*
 * The policy cannot be followed: the program runs unplaced, and knows why;
 * with HMS_STRICT it does not run.
 */
static void refuse(const struct hms_diag *diag)
{
	struct hms_text why = { hms_status->refusal,
		sizeof(hms_status->refusal), 0, false };

	hms_log(HMS_LOG_ERROR, "%s", diag->text);
	hms_text_put(&why, diag->text, strlen(diag->text));
	if (!hms_process.options.strict)
		return;
	hms_log(HMS_LOG_ERROR, "%s is not started (HMS_STRICT=1)",
		hms_process.program);
	hms_raw(SYS_exit_group, EX_CONFIG, 0, 0, 0, 0, 0);
}

/* What to follow, or NULL for nothing; an empty one if only to be counted. */
static void read_policy(void)
{
	const struct hms_policy_input empty = {
		.source = "none", .text = "", .program = hms_process.program
	};
	struct hms_diag diag = { 0 };
	int rc = hms_policy_find(hms_process.options.policy,
		hms_process.program, hms_process.options.trusted,
		&hms_process.arena, &hms_process.policy, &diag);

	if (!rc && hms_process.policy)
		rc = hms_rules_setup(&diag);
	if (rc) {
		if (!diag.text[0])
			snprintf(diag.text, sizeof(diag.text),
				"the policy cannot be followed: %s",
				strerrordesc_np(-rc));
		refuse(&diag);
		hms_process.policy = NULL;
		/* It may be what was wrong; counting needs no other machine. */
		hms_process.options.topology = "";
	}
	if (!hms_process.policy && hms_process.options.report &&
		!hms_policy_parse(
			&empty, &hms_process.arena, &hms_process.policy, &diag))
		hms_rules_setup(&diag);
}

static const char *program_name(void)
{
	const char *name = program_invocation_short_name;

	/* A login shell is called "-bash". */
	return name && *name == '-' ? name + 1 : name ? name : "";
}

static void read_options(void)
{
	struct hms_diag diag = { 0 };
	int rc = hms_options_read(&hms_process.options, environ,
		hms_process.program, getauxval(AT_SECURE) != 0,
		&hms_process.arena, &diag);

	hms_log_setup(
		hms_process.options.log_level, hms_process.options.log_path);
	if (rc && !diag.text[0])
		snprintf(diag.text, sizeof(diag.text),
			"the environment cannot be read: %s",
			strerrordesc_np(-rc));
	if (rc)
		refuse(&diag);
	else if (diag.text[0])
		hms_log(HMS_LOG_WARN, "%s", diag.text);
	acting = !hms_process.options.disable && hms_process.options.here;
}

/* Vendors whose calls some rule may match, or that are to be counted. */
static uint32_t vendors(void)
{
	static const enum hms_family families[] = { HMS_FAMILY_CUDA,
		HMS_FAMILY_HIP, HMS_FAMILY_ZE };
	uint32_t live = 0;

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (hms_family_ruled(families[i]) ||
			hms_engine.places->reaches & 1u << families[i] ||
			(hms_counting &&
				hms_process.options.shims & 1u << families[i]))
			live |= 1u << families[i];
	return live;
}

static void follow(void)
{
	read_policy();
	if (!hms_process.policy)
		return;
	hms_report_setup(hms_process.options.report, hms_process.program);
	if (hms_counting) {
		hms_account_setup(hms_process.options.sites);
		hms_mapped_setup(hms_process.options.shims);
	}
	hms_threads_setup();
	hms_layers_offer();
	hms_engine.live = true;
	hms_vendors_live = vendors();
}

static void start(void)
{
	hms_process.program = program_name();
	hms_process.pid = hms_sys_getpid();
	read_options();
	if (!acting) {
		pass();
		return;
	}
	hms_fork_setup();
	set_phase(HMS_PHASE_CONFIGURED);
	follow();
	if (hms_process.options.shims & (1u << HMS_FAMILY_HEAP)) {
		hms_loader_clear_deepbind();
		hms_heap_routes(hms_counting);
		hms_heap_account();
		set_heap_mode(HMS_HEAP_OWN);
	} else {
		pass();
	}
	if (hms_engine.live)
		set_phase(HMS_PHASE_LIVE);
}

enum hms_heap_mode hms_start(void)
{
	int idle = IDLE, saved;

	/* libc has no environment yet while the loader is still at work. */
	if (!environ ||
		!atomic_compare_exchange_strong(&state, &idle, STARTING))
		return __atomic_load_n(&hms_heap_mode, __ATOMIC_ACQUIRE);
	saved = errno;
	hms_guard_enter();
	start();
	atomic_store(&state, STARTED);
	hms_guard_leave();
	errno = saved;
	return __atomic_load_n(&hms_heap_mode, __ATOMIC_ACQUIRE);
}

/*
 * A loader of OpenCL may open this library as a layer in a process that does
 * not have it, such as a child that HMS_CHILDREN=drop spared.
 */
static bool preloaded(void)
{
	void *program = dlopen(NULL, RTLD_LAZY);

	return program && dlsym(program, "clInitLayer") == (void *)clInitLayer;
}

__attribute__((constructor)) static void loaded(void)
{
	int saved = errno, idle = IDLE;

	/* Whoever reached us before did so because we are there. */
	if (atomic_load(&state) == IDLE && !preloaded() &&
		atomic_compare_exchange_strong(&state, &idle, STARTED))
		return;
	hms_start();
	hms_guard_enter();
	if (acting)
		resolve();
	if (hms_engine.live)
		hms_layers_offer();
	if (acting && hms_process.options.drop)
		hms_children_drop(environ);
	if (hms_engine.live)
		hms_selftest();
	if (hms_engine.live)
		hms_rules_stacks();
	hms_guard_leave();
	hms_worker_allow();
	hms_worker_poke();
	errno = saved;
}

static void finish(void *unused)
{
	hms_guard_enter();
	hms_worker_tell_end();
	hms_status->bootstrap_bytes = hms_boot_bytes();
	set_phase(HMS_PHASE_DRAINING);
	hms_report_finish();
	hms_guard_leave();
}

void hms_drain(void)
{
	static atomic_bool drained;
	int saved = errno;

	/* A vfork child borrows our memory, and must leave no traces in it. */
	if (!hms_engine.live || hms_process.pid != hms_sys_getpid())
		return;
	hms_worker_end();
	/*
	 * A signal's handler that ends the process may have interrupted us:
	 * what this thread holds then it never gives back.  The page stays.
	 * Nor need its stack be large enough.
	 */
	if (hms_counting && !hms_guarded() && !atomic_exchange(&drained, true))
		hms_aside_once(finish, NULL);
	errno = saved;
}

__attribute__((destructor)) static void unloaded(void)
{
	hms_drain();
}
