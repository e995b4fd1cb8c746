/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Moves of managed memory that somebody planned: a short list, and a prefetch
 * for each on the next stream that the program uses.  There the order is
 * right, before the kernel that follows; the stream is certain to exist, and
 * no thread of ours ever waits for a device.
 *
 * Source: CUDA Driver API 13.0, cuMemPrefetchAsync; CUDA C++ Programming
 * Guide, "Data Prefetching".
 */
#include "shims/cuda.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "engine/mover/device.h"
#include "shims/reach.h"

#define MOST 256
#define AT_ONCE 8 /* of one call of the program's */

struct wanted {
	struct hms_tracked what; /* as it was when this was wanted */
	int device; /* -1: the host */
	int node; /* of the host; -1: any */
};

/* Only ever tried: a forked child may find it taken, by nobody. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct wanted list[MOST];
static unsigned first, count;
static atomic_uint waiting; /* count, without the lock */

static atomic_bool spilled; /* something once was */
static atomic_bool launched; /* a kernel, by whoever */

/* May it move, says the table?  Fills *what. */
static int may_move(uintptr_t start, size_t size, struct hms_tracked *what)
{
	if (!hms_track_find(HMS_FAMILY_CUDA, start, what) ||
		what->kind != HMS_TRACKED_MANAGED || what->size != size)
		return -ENOENT;
	return what->hinted ? -EPERM : 0;
}

static int want(const struct wanted *what)
{
	int rc = -EBUSY;

	if (pthread_mutex_trylock(&lock))
		return rc;
	if (count < MOST) {
		list[(first + count++) % MOST] = *what;
		atomic_store(&waiting, count);
		rc = 0;
	}
	pthread_mutex_unlock(&lock);
	return rc;
}

/* Its room is taken when it is wanted, or plans would overbook the device. */
static int move(uintptr_t start, uintptr_t end, const struct hms_target *to)
{
	const unsigned bits = 8 * sizeof(to->nodes[0]);
	const struct hms_device_id *id = hms_target_device_id(to);
	const struct hms_cuda_device *device = NULL;
	struct wanted what = { .device = -1, .node = -1 };
	int rc = may_move(start, end - start, &what.what);

	if (rc)
		return rc;
	if (hms_cuda_capturing())
		return -EBUSY;
	if (id && id->vendor == HMS_FAMILY_CUDA)
		device = hms_cuda_device(id->number);
	if (!device && to->ops->maps)
		return -EINVAL;
	if (device && hms_cuda_room(device) < end - start)
		return -ENOSPC;
	if (device)
		what.device = (int)device->number;
	for (int n = 0; !device && !to->local && n < HMS_MAX_NODES; n++)
		if (to->nodes[(unsigned)n / bits] >> (unsigned)n % bits & 1) {
			what.node = n;
			break;
		}
	if (!hms_vendor_moved(&what.what, what.device))
		return -ENOENT;
	rc = want(&what);
	if (rc) {
		const int before = what.what.device;

		what.what.device = what.device;
		hms_vendor_moved(&what.what, before);
	}
	return rc;
}

struct each {
	void (*fn)(const struct hms_device_memory *piece, void *arg);
	void *arg;
};

static void one(const struct hms_tracked *what, void *arg)
{
	const struct each *each = arg;
	const struct hms_device_memory piece = { what->start,
		what->start + what->size, what->rule, what->place, what->step,
		what->device };

	if (what->kind == HMS_TRACKED_MANAGED && !what->hinted &&
		what->rule >= 0 && what->step >= 0 &&
		hms_rule_migrates(hms_engine.policy,
			&hms_engine.policy->rules[what->rule]))
		each->fn(&piece, each->arg);
}

static void each(
	void (*fn)(const struct hms_device_memory *piece, void *arg), void *arg)
{
	struct each each = { fn, arg };

	hms_track_each(HMS_FAMILY_CUDA, one, &each);
}

static size_t bytes_waiting(void)
{
	size_t sum = 0;

	if (pthread_mutex_trylock(&lock))
		return 0;
	for (unsigned i = 0; i < count; i++)
		sum += list[(first + i) % MOST].what.size;
	pthread_mutex_unlock(&lock);
	return sum;
}

static size_t room_on(unsigned number)
{
	const struct hms_cuda_device *device = hms_cuda_device(number);

	return device ? hms_cuda_room(device) : 0;
}

void hms_cuda_offer(void)
{
	static const struct hms_device_mover mover = {
		.vendor = HMS_FAMILY_CUDA,
		.each = each,
		.move = move,
		.waiting = bytes_waiting,
		.room = room_on,
	};

	hms_device_mover_register(&mover);
}

void hms_cuda_spilled(void)
{
	atomic_store_explicit(&spilled, true, memory_order_relaxed);
}

void hms_cuda_freed(void)
{
	if (atomic_load_explicit(&spilled, memory_order_relaxed) &&
		!hms_device_planned())
		hms_device_settle();
}

static CUresult prefetch(const struct wanted *wanted,
	const struct hms_cuda_device *device, CUstream stream, bool own)
{
	const struct hms_tracked *what = &wanted->what;
	__typeof__(&cuMemPrefetchAsync_v2) newer =
		own ? HMS_REAL(cuMemPrefetchAsync_v2_ptsz)
		    : HMS_REAL(cuMemPrefetchAsync_v2);
	__typeof__(&cuMemPrefetchAsync) older =
		own ? HMS_REAL(cuMemPrefetchAsync_ptsz)
		    : HMS_REAL(cuMemPrefetchAsync);
	CUmemLocation to = { HMS_CU_MEM_LOCATION_TYPE_HOST, 0 };

	if (device)
		to = (CUmemLocation){ HMS_CU_MEM_LOCATION_TYPE_DEVICE,
			wanted->device };
	else if (wanted->node >= 0)
		to = (CUmemLocation){ HMS_CU_MEM_LOCATION_TYPE_HOST_NUMA,
			wanted->node };
	if (newer)
		return newer(what->start, what->size, to, 0, stream);
	if (older)
		return older(what->start, what->size,
			device ? device->handle : HMS_CU_DEVICE_CPU, stream);
	return HMS_CUDA_ERROR_STUB_LIBRARY;
}

/* Nobody waits here: a program's launch is worth more than a plan. */
static bool next(struct wanted *out)
{
	bool got = false;

	if (pthread_mutex_trylock(&lock))
		return false;
	if (count) {
		*out = list[first];
		first = (first + 1) % MOST;
		atomic_store(&waiting, --count);
		got = true;
	}
	pthread_mutex_unlock(&lock);
	return got;
}

/* Where it is best goes along, or the driver would take it back. */
static void send(const struct wanted *wanted, CUstream stream, bool own)
{
	const struct hms_cuda_device *device =
		wanted->device < 0 ? NULL
				   : hms_cuda_device((unsigned)wanted->device);
	struct hms_status_device *row;
	struct hms_tracked now;
	CUresult rc;

	if (may_move(wanted->what.start, wanted->what.size, &now))
		return;
	rc = hms_cuda_advise(now.start, now.size,
		HMS_CU_MEM_ADVISE_SET_PREFERRED_LOCATION, device, wanted->node);
	if (rc == HMS_CUDA_SUCCESS)
		rc = prefetch(wanted, device, stream, own);
	if (rc) {
		hms_vendor_refused(HMS_REFUSED_DRIVER, "a prefetch", rc);
		hms_vendor_moved(&now, wanted->what.device);
		return;
	}
	hms_device_count(&hms_status->moves, NULL, 1);
	hms_device_count(&hms_status->moved, NULL, (int64_t)now.size);
	row = device ? hms_device_row(HMS_FAMILY_CUDA, device->number) : NULL;
	if (row)
		hms_device_count(&row->arrived, NULL, (int64_t)now.size);
}

bool hms_cuda_idle(void)
{
	return !atomic_load_explicit(&launched, memory_order_relaxed);
}

/* NULL is everybody's stream: its order is not ours to lengthen. */
void hms_cuda_stream(CUstream stream, bool own)
{
	int saved = errno;
	struct wanted what;

	if (!atomic_load_explicit(&launched, memory_order_relaxed))
		atomic_store_explicit(&launched, true, memory_order_relaxed);
	hms_reach_callers |= 1u << HMS_FAMILY_CUDA;
	if (!atomic_load_explicit(&waiting, memory_order_relaxed) || !stream ||
		hms_cuda_capturing())
		return;
	hms_vendor_depth++;
	for (int i = 0; i < AT_ONCE && next(&what); i++)
		send(&what, stream, own);
	hms_vendor_depth--;
	errno = saved;
}
