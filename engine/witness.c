/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/witness.h"

#include <stdatomic.h>
#include <stdint.h>

#include "base/sys.h"
#include "engine/site/module.h"
#include "engine/site/walk.h"

#define TLS __attribute__((tls_model("initial-exec")))

static atomic_uint renames = 1;
static __thread char name[16] TLS; /* TASK_COMM_LEN, prctl(2) */
static __thread unsigned name_as_of TLS;

void hms_thread_renamed(void)
{
	atomic_fetch_add_explicit(&renames, 1, memory_order_relaxed);
}

static const char *thread_name(const struct hms_call *call)
{
	unsigned now = atomic_load_explicit(&renames, memory_order_relaxed);

	if (name_as_of != now) {
		if (hms_sys_thread_name(name))
			return NULL;
		name_as_of = now;
	}
	return name;
}

/* One byte back: a call may be the last instruction of a module. */
static const char *module_path(const struct hms_call *call)
{
	return call->caller ? site_module_path((uintptr_t)call->caller - 1)
			    : NULL;
}

static bool look_at_stack(
	const struct hms_call *call, bool only_caller, struct hms_stack *out)
{
	return hms_walk_from(call->caller, &call->at, only_caller, out);
}

const struct hms_witness hms_process_witness = {
	.module = module_path,
	.thread = thread_name,
	.stack = look_at_stack,
};
