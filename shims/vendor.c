/* SPDX-License-Identifier: BSD-2-Clause */
#include "shims/vendor.h"

#include <errno.h>
#include <link.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "base/guard.h"
#include "base/log.h"
#include "base/sys.h"
#include "engine/range.h"

#define HUGE ((size_t)2 << 20)

static const char *const reasons[HMS_REFUSALS] = {
	[HMS_REFUSED_CAPTURE] = "a stream is being captured",
	[HMS_REFUSED_IPC] =
		"this process shares device memory with others (IPC, MPI, NCCL)",
	[HMS_REFUSED_CONCURRENT] =
		"CPU and device cannot access managed memory at the same time here",
	[HMS_REFUSED_PEER] =
		"this device does not reach the other one's memory",
	[HMS_REFUSED_ABSENT] = "there is no such device here",
	[HMS_REFUSED_ROOM] = "there is no room, or a limit is reached",
	[HMS_REFUSED_DRIVER] = "the vendor's library refuses",
	[HMS_REFUSED_COMBINED] = "write-combined memory stays the driver's",
	[HMS_REFUSED_SYSTEM] = "a device cannot use the system's memory",
	[HMS_REFUSED_ORDERED] =
		"stream-ordered memory comes from pools, and there is none for this",
	[HMS_REFUSED_EARLY] =
		"memory of the system, as this thread has not used the device yet",
	[HMS_REFUSED_BACK] =
		"memory of the system, as the driver's could not be turned back",
};

bool hms_vendor_decide(struct hms_vendor_call *call)
{
	const struct hms_call asked = {
		.api = call->api,
		.size = call->bytes,
		.caller = call->caller,
	};
	struct hms_status_api *api = &hms_status->apis[call->api];
	const uint32_t family = 1u << hms_api_family(call->api);
	int saved = errno;

	/* Reports name a vendor only in programs that call it. */
	if (!(__atomic_load_n(&hms_status->families_live, __ATOMIC_RELAXED) &
		    family))
		__atomic_fetch_or(
			&hms_status->families_live, family, __ATOMIC_RELAXED);
	hms_device_count(&api->calls, NULL, 1);
	hms_device_count(&api->bytes, NULL, (int64_t)call->bytes);
	hms_decide(&asked, &call->to);
	errno = saved;
	return call->to.place->nsteps != 0;
}

void hms_vendor_redirected(const struct hms_vendor_call *call)
{
	hms_device_count(&hms_status->apis[call->api].redirected, NULL, 1);
}

void hms_vendor_refused(enum hms_refusal why, const char *place, int64_t code)
{
	static atomic_bool said[HMS_REFUSALS];

	hms_device_count(&hms_status->refusals[why], NULL, 1);
	if (code)
		__atomic_store_n(
			&hms_status->refusal_code, code, __ATOMIC_RELAXED);
	if (atomic_exchange_explicit(&said[why], true, memory_order_relaxed))
		return;
	if (code)
		hms_log(HMS_LOG_WARN, "%s: %s (%lld)", place, reasons[why],
			(long long)code);
	else
		hms_log(HMS_LOG_WARN, "%s: %s", place, reasons[why]);
}

int hms_vendor_charge(const struct hms_vendor_call *call, int step)
{
	return hms_device_charge(hms_engine.places, call->to.place,
		call->to.rule, step, call->bytes);
}

void hms_vendor_uncharge(const struct hms_vendor_call *call, int step)
{
	hms_device_release(hms_engine.places, call->to.place, call->to.rule,
		step, call->bytes);
}

/* sign: 1 or -1. */
static void count(const struct hms_tracked *what, int sign)
{
	int64_t bytes = sign * (int64_t)what->size;
	struct hms_status_device *row =
		what->device < 0
			? NULL
			: hms_device_row(what->vendor, (unsigned)what->device);
	struct hms_status_device *asked =
		what->asked < 0
			? NULL
			: hms_device_row(what->vendor, (unsigned)what->asked);

	if (asked)
		hms_device_count(&asked->asked, &asked->asked_peak, bytes);
	if (asked && what->kind == HMS_TRACKED_HOST)
		hms_device_count(&asked->host, NULL, bytes);
	if (!row)
		return;
	switch (what->kind) {
	case HMS_TRACKED_MANAGED:
		hms_device_count(&row->managed, NULL, bytes);
		break;
	case HMS_TRACKED_PEER:
		hms_device_count(&row->peer, NULL, bytes);
		break;
	case HMS_TRACKED_HOST:
		break;
	case HMS_TRACKED_PINNED:
		hms_device_count(&row->pinned, NULL, bytes);
		break;
	default:
		hms_device_count(&row->own, NULL, bytes);
	}
}

int hms_vendor_keep(const struct hms_tracked *what)
{
	int rc = hms_track_add(what);

	if (!rc)
		count(what, 1);
	else
		hms_log_once(HMS_LOG_WARN,
			"no memory to remember what vendors' libraries hand out; reports are incomplete");
	return rc;
}

void hms_vendor_drop(const struct hms_tracked *what)
{
	count(what, -1);
	if (what->step >= 0)
		hms_device_release(hms_engine.places,
			&hms_engine.places->places[what->place], what->rule,
			what->step, what->size);
}

static void count_managed(enum hms_family vendor, int device, int64_t bytes)
{
	struct hms_status_device *row =
		device < 0 ? NULL : hms_device_row(vendor, (unsigned)device);

	if (row)
		hms_device_count(&row->managed, NULL, bytes);
}

bool hms_vendor_moved(const struct hms_tracked *what, int to)
{
	if (!hms_track_moved(what->vendor, what->start, what->device, to))
		return false;
	count_managed(what->vendor, what->device, -(int64_t)what->size);
	count_managed(what->vendor, to, (int64_t)what->size);
	return true;
}

static size_t pages_of(size_t bytes)
{
	const size_t page = hms_sys_page_size();

	return bytes > SIZE_MAX - 2 * HUGE ? 0
					   : (bytes + page - 1) & ~(page - 1);
}

/* len bytes, aligned to `align`, which is a power of two. */
static char *map_aligned(size_t len, size_t align)
{
	size_t more = align > hms_sys_page_size() ? align : 0;
	char *p = hms_sys_mmap(NULL, len + more, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *start;

	if (hms_sys_failed(p))
		return NULL;
	if (!more)
		return p;
	start = (char *)(((uintptr_t)p + align - 1) & ~(align - 1));
	if (start > p)
		hms_sys_munmap(p, (size_t)(start - p));
	if (p + more > start)
		hms_sys_munmap(start + len, (size_t)(p + more - start));
	return start;
}

void *hms_vendor_map(const struct hms_vendor_call *call, size_t *mapped)
{
	size_t len = pages_of(call->bytes);
	char *p = len ? map_aligned(len, len >= HUGE ? HUGE : 1) : NULL;
	struct hms_range as = {
		.place = call->to.place,
		.rule = call->to.rule,
		/* The vendor pins it: pages stay where they come to be. */
		.options = (call->to.options & ~(uint32_t)HMS_OPT_MIGRATE) |
			   HMS_OPT_PIN | HMS_BIND_IN_PLACE,
		.kind = HMS_RANGE_MAP,
	};

	if (!p)
		return NULL;
	as.start = (uintptr_t)p;
	as.end = as.start + len;
	*mapped = len;
	if (!hms_range_bind(&as, PROT_READ | PROT_WRITE))
		return p;
	hms_sys_munmap(p, len);
	return NULL;
}

void hms_vendor_unmap(void *mapping, size_t mapped)
{
	const uintptr_t start = (uintptr_t)mapping;

	hms_range_drop(start, start + mapped);
	hms_sys_munmap(mapping, mapped);
}

/* Once it shares, it does so for good. */
static atomic_bool shares;
static unsigned long long _Atomic looked; /* libraries that were there */

struct look {
	unsigned long long loaded;
	bool found;
};

/* Those that hand device memory to other processes, by name. */
static int look_at(struct dl_phdr_info *info, size_t size, void *arg)
{
	static const char *const names[] = { "libnccl.so", "librccl.so",
		"libmpi.so", "libmpich.so", "libucp.so", "libuct.so",
		"libnvshmem" };
	struct look *look = arg;
	const char *file = strrchr(info->dlpi_name, '/');

	look->loaded = info->dlpi_adds;
	if (atomic_load_explicit(&looked, memory_order_relaxed) == look->loaded)
		return 1;
	file = file ? file + 1 : info->dlpi_name;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strncmp(file, names[i], strlen(names[i])))
			look->found = true;
	return look->found;
}

bool hms_vendor_shares(void)
{
	struct look look = { 0 };

	if (atomic_load_explicit(&shares, memory_order_relaxed))
		return true;
	dl_iterate_phdr(look_at, &look);
	if (look.found)
		hms_vendor_shared();
	else
		atomic_store_explicit(
			&looked, look.loaded, memory_order_relaxed);
	return look.found;
}

void hms_vendor_shared(void)
{
	atomic_store_explicit(&shares, true, memory_order_relaxed);
}
