/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sources: fork(2), prctl(2) (PR_SET_PDEATHSIG, PR_SET_DUMPABLE).
 */
#include "tools/measure/device.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/sys.h"
#include "tools/cmd.h"

#define HOST_BYTES ((size_t)64 << 20)
#define LEAST_SECONDS 20 /* a driver starts up */
#define ROW_SECONDS 10
#define SAMPLES 15
#define SAMPLE_NS UINT64_C(30000000)
#define QUICK_SAMPLES 5
#define QUICK_NS UINT64_C(10000000)

/* What child and parent share. */
struct answer {
	bool complete;
	char complaint[200];
	struct measure_result results[];
};

static const struct measure_runtime *const runtimes[] = {
	&measure_cuda,
	&measure_opencl,
};

const struct measure_runtime *measure_runtime_of(
	const char *name, unsigned *device)
{
	for (unsigned i = 0; i < sizeof(runtimes) / sizeof(runtimes[0]); i++) {
		size_t len = strlen(runtimes[i]->name);

		if (!strncmp(name, runtimes[i]->name, len) &&
			sscanf(name + len, ":%u", device) == 1)
			return runtimes[i];
	}
	return NULL;
}

int measure_functions(void *library, const struct measure_function *functions)
{
	for (; functions->name; functions++) {
		void *found = dlsym(library, functions->name);

		if (!found)
			return -1;
		memcpy(functions->at, &found, sizeof(found));
	}
	return 0;
}

/* ---- In the child ---- */

static void complain(struct answer *answer, const char *what, int rc)
{
	if (!answer->complaint[0])
		snprintf(answer->complaint, sizeof(answer->complaint),
			rc ? "%s: error %d" : "%s", what, rc);
}

/* Copies for so long; MB/s, 0 if one fails. */
static double rate(const struct measure_runtime *runtime,
	enum measure_copy_job job, size_t bytes, uint64_t ns)
{
	uint64_t start = hms_sys_clock(CLOCK_MONOTONIC), time;
	double done = 0;

	do {
		if (measure_stopped || runtime->copy(job))
			return 0;
		done += (double)bytes;
		time = hms_sys_clock(CLOCK_MONOTONIC) - start;
	} while (time < ns);
	return done / (double)time * 1000;
}

static struct measure_value sample(const struct measure_runtime *runtime,
	enum measure_copy_job job, size_t bytes, bool quick)
{
	unsigned n = quick ? QUICK_SAMPLES : SAMPLES;
	uint64_t ns = quick ? QUICK_NS : SAMPLE_NS;
	double samples[SAMPLES];

	rate(runtime, job, bytes, ns);
	for (unsigned i = 0; i < n; i++) {
		samples[i] = rate(runtime, job, bytes, ns);
		if (samples[i] <= 0)
			return (struct measure_value){ 0 };
	}
	return measure_summary(samples, n);
}

/* Between a device and one node; or inside, where the target is its own. */
static void measure_row(const struct hms_graph *graph,
	const struct measure_options *options, struct answer *answer,
	struct measure_result *result)
{
	const struct hms_memory *target = &graph->targets[result->target];
	const struct measure_runtime *runtime = result->runtime;
	bool inside = target->manager == HMS_MANAGED_BY_DRIVER;
	struct measure_memory host;
	int rc = measure_memory_get(&host,
		inside ? result->near : (unsigned)target->node, HOST_BYTES,
		options->most);

	if (rc) {
		complain(answer, "no memory on the host's side", rc);
		return;
	}
	rc = runtime->begin(result->device, host.base, host.bytes);
	if (rc) {
		complain(answer, "no memory on the device's side", rc);
	} else if (inside) {
		result->value[MEASURED_COPY] = sample(runtime,
			MEASURE_COPY_INSIDE, host.bytes, options->quick);
	} else {
		result->value[MEASURED_READ] = sample(
			runtime, MEASURE_COPY_IN, host.bytes, options->quick);
		result->value[MEASURED_WRITE] = sample(
			runtime, MEASURE_COPY_OUT, host.bytes, options->quick);
	}
	runtime->end();
	result->bytes = host.bytes;
	result->huge = host.huge;
	result->done =
		inside ? result->value[MEASURED_COPY].median > 0
		       : result->value[MEASURED_READ].median > 0 &&
				 result->value[MEASURED_WRITE].median > 0;
	if (!rc && !result->done)
		complain(answer, "a copy failed", 0);
	measure_memory_put(&host);
}

static void be_quiet(void)
{
	int null = hms_sys_open("/dev/null", O_RDWR | O_CLOEXEC, 0);

	for (int fd = 0; null >= 0 && fd <= 2; fd++)
		dup2(null, fd);
	prctl(PR_SET_DUMPABLE, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static void child(const struct hms_graph *graph,
	const struct measure_options *options, struct answer *answer,
	unsigned n)
{
	const struct measure_runtime *runtime = answer->results[0].runtime;
	void *library = dlopen(runtime->library, RTLD_NOW | RTLD_LOCAL);
	int rc = library ? runtime->open(library) : -1;

	if (!library)
		complain(answer, "its library cannot be opened", 0);
	else if (rc)
		complain(answer, "its library cannot be used", rc);
	for (unsigned i = 0; !rc && i < n && !measure_stopped; i++)
		measure_row(graph, options, answer, &answer->results[i]);
	answer->complete = true;
}

/* ---- In the tool ---- */

/* Until the child has said its piece or the time is over. */
static bool wait_for(pid_t pid, int end, unsigned n)
{
	uint64_t deadline =
		hms_sys_clock(CLOCK_MONOTONIC) +
		(LEAST_SECONDS + ROW_SECONDS * (uint64_t)n) * 1000000000;
	struct pollfd poll_end = { .fd = end, .events = POLLIN };
	bool ended = false;

	while (!ended && !measure_stopped) {
		uint64_t now = hms_sys_clock(CLOCK_MONOTONIC);

		if (now >= deadline)
			break;
		ended = poll(&poll_end, 1,
				(int)((deadline - now) / 1000000 + 1)) == 1;
	}
	/* One that ended well may have threads that do not. */
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return ended;
}

static int run_child(const struct hms_graph *graph,
	const struct measure_options *options, struct answer *answer,
	unsigned n)
{
	int ends[2];
	pid_t pid;
	bool ended;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (pid == 0) {
		be_quiet();
		child(graph, options, answer, n);
		hms_sys_write_all(ends[1], "", 1);
		_exit(0);
	}
	close(ends[1]);
	ended = pid > 0 && wait_for(pid, ends[0], n);
	close(ends[0]);
	if (pid < 0)
		return -EAGAIN;
	if (measure_stopped)
		return -EINTR;
	if (!answer->complete && !answer->complaint[0])
		snprintf(answer->complaint, sizeof(answer->complaint), "%s",
			ended ? "its library ended the process"
			      : "no answer in time");
	return 0;
}

int measure_devices(const struct hms_graph *graph,
	struct measure_options *options, struct measure_result *results,
	unsigned n)
{
	size_t bytes = sizeof(struct answer) + n * sizeof(results[0]);
	struct answer *answer = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int rc;

	if (answer == MAP_FAILED)
		return -errno;
	measure_progress(
		options, "copies of %s's devices", results[0].runtime->name);
	memcpy(answer->results, results, n * sizeof(results[0]));
	rc = run_child(graph, options, answer, n);
	measure_progress_end(options);
	memcpy(results, answer->results, n * sizeof(results[0]));
	options->step += 2 * n;
	for (unsigned i = 0; !rc && i < n; i++)
		if (!results[i].done)
			rc = -EIO;
	if (answer->complaint[0])
		hms_complain("measure", "%s: %s", results[0].runtime->name,
			answer->complaint);
	munmap(answer, bytes);
	return rc;
}
