/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The double's contexts and memory: a device's memory is the host's, copies
 * are memcpy.  It gives no more than its devices have.  What was not given
 * back is said at the end, on the file that HMS_FAKES_LEFT names.
 * Source: CUDA Driver API 13.0.
 */
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/fakes/cuda.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct fake_memory *memories;
static unsigned nmemories, nregistered;
static int retained;
static __thread int current = -1;
static __thread int stack[16];
static __thread unsigned depth;

/*
 * Managed memory is a mapping of the driver's own, which children do not get;
 * devices have another view of it, whatever becomes of that mapping.
 */
static void *map_managed(size_t bytes, void **view)
{
	int fd = memfd_create("managed", MFD_CLOEXEC);
	void *p = MAP_FAILED;

	if (fd < 0 || ftruncate(fd, (off_t)bytes))
		return p;
	p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	*view = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (p != MAP_FAILED)
		madvise(p, bytes, MADV_DONTFORK);
	madvise(*view, bytes, MADV_DONTFORK);
	return p;
}

/* Under the lock or not: the driver's mappings of it go. */
static void unmap(struct fake_memory *m)
{
	if (m->view && fake_hides(m->device))
		syscall(SYS_munmap, m->start, m->size);
	else
		munmap((void *)m->start, m->size);
	if (m->view)
		munmap(m->view, m->size);
	free(m);
}

/* Also as the process ends. */
__attribute__((destructor)) static void note(void)
{
	const char *path = getenv("HMS_FAKES_LEFT");
	FILE *out = path ? fopen(path, "a") : NULL;

	if (!out)
		return;
	fprintf(out, "contexts %d memories %u registered %u\n", retained,
		nmemories, nregistered);
	fclose(out);
}

/* A context is its device's number, plus one. */
CUresult fake_in_context(const char *function)
{
	CUresult rc = fake_begin(function);

	if (rc)
		return rc;
	return current >= 0 ? OK : INVALID_CONTEXT;
}

int fake_device_now(void)
{
	return current;
}

CUresult cuDevicePrimaryCtxRetain(CUcontext *out, CUdevice device)
{
	CUresult rc = fake_begin_with("cuDevicePrimaryCtxRetain", device);

	if (rc)
		return rc;
	*out = (CUcontext)(uintptr_t)(device + 1);
	__atomic_fetch_add(&retained, 1, __ATOMIC_RELAXED);
	return OK;
}

CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device)
{
	__atomic_fetch_sub(&retained, 1, __ATOMIC_RELAXED);
	note();
	return OK;
}

/* Memory of the driver's own, while it holds its lock. */
static void need_some(void)
{
	const size_t bytes = (size_t)4 << 20;
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *volatile heap = malloc(bytes);

	free(heap);
	if (p != MAP_FAILED)
		munmap(p, bytes);
}

/* Everything of that device goes, and the lock is held meanwhile. */
CUresult cuDevicePrimaryCtxReset_v2(CUdevice device)
{
	CUresult rc = fake_begin_with("cuDevicePrimaryCtxReset_v2", device);
	struct fake_memory **at = &memories, *m;

	if (rc)
		return rc;
	pthread_mutex_lock(&lock);
	while ((m = *at)) {
		if (m->device != device) {
			at = &m->next;
			continue;
		}
		*at = m->next;
		nmemories--;
		unmap(m);
	}
	need_some();
	pthread_mutex_unlock(&lock);
	return OK;
}

CUresult cuCtxSetCurrent(CUcontext to)
{
	current = (int)(uintptr_t)to - 1;
	return OK;
}

CUresult cuCtxGetCurrent(CUcontext *out)
{
	*out = (CUcontext)(uintptr_t)(current + 1);
	return OK;
}

CUresult cuCtxGetDevice(CUdevice *out)
{
	CUresult rc = fake_in_context("cuCtxGetDevice");

	if (!rc)
		*out = current;
	return rc;
}

CUresult cuCtxPushCurrent_v2(CUcontext to)
{
	CUresult rc = fake_begin("cuCtxPushCurrent_v2");

	if (rc)
		return rc;
	stack[depth++] = current;
	return cuCtxSetCurrent(to);
}

CUresult cuCtxPopCurrent_v2(CUcontext *out)
{
	cuCtxGetCurrent(out);
	if (!depth)
		return INVALID_CONTEXT;
	current = stack[--depth];
	return OK;
}

CUresult cuCtxEnablePeerAccess(CUcontext peer, unsigned flags)
{
	static uint64_t enabled[64];
	CUresult rc = fake_in_context("cuCtxEnablePeerAccess");
	unsigned bit = (unsigned)(uintptr_t)peer - 1;

	if (rc)
		return rc;
	if (enabled[current] >> bit & 1)
		return 704; /* PEER_ACCESS_ALREADY_ENABLED */
	enabled[current] |= UINT64_C(1) << bit;
	return OK;
}

CUresult cuCtxSynchronize(void)
{
	return fake_in_context("cuCtxSynchronize");
}

/* Bytes of device d that are handed out; under the lock. */
static size_t used(int device)
{
	size_t sum = 0;

	for (struct fake_memory *m = memories; m; m = m->next)
		if (m->device == device && m->kind != FAKE_MANAGED)
			sum += m->size;
	return sum;
}

CUresult fake_alloc(CUdeviceptr *out, size_t bytes, enum fake_kind kind,
	int device, int node)
{
	struct fake_memory *m = calloc(1, sizeof(*m));
	size_t total = fake_memory_of(device);
	void *p, *view = NULL;

	pthread_mutex_lock(&lock);
	if ((kind == FAKE_DEVICE || kind == FAKE_ORDERED) && device >= 0 &&
		bytes > total - used(device)) {
		pthread_mutex_unlock(&lock);
		free(m);
		return OUT_OF_MEMORY;
	}
	p = kind == FAKE_MANAGED
		    ? map_managed(bytes, &view)
		    : mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
			      0);
	if (p == MAP_FAILED) {
		pthread_mutex_unlock(&lock);
		free(m);
		return OUT_OF_MEMORY;
	}
	*m = (struct fake_memory){ memories, (uintptr_t)p, bytes, kind, device,
		node, -2, view };
	memories = m;
	nmemories++;
	*out = m->start;
	pthread_mutex_unlock(&lock);
	return OK;
}

/* Under no lock: tests use one pointer in one thread. */
struct fake_memory *fake_find(CUdeviceptr address)
{
	struct fake_memory *m;

	pthread_mutex_lock(&lock);
	for (m = memories; m; m = m->next)
		if (address >= m->start && address < m->start + m->size)
			break;
	pthread_mutex_unlock(&lock);
	return m;
}

CUresult fake_free(CUdeviceptr start, unsigned kinds)
{
	struct fake_memory **at, *m = NULL;

	pthread_mutex_lock(&lock);
	for (at = &memories; *at; at = &(*at)->next)
		if ((*at)->start == start && kinds >> (*at)->kind & 1) {
			m = *at;
			*at = m->next;
			nmemories--;
			break;
		}
	pthread_mutex_unlock(&lock);
	if (!m)
		return INVALID_VALUE;
	unmap(m);
	return OK;
}

CUresult cuMemAlloc_v2(CUdeviceptr *out, size_t bytes)
{
	CUresult rc = fake_in_context("cuMemAlloc_v2");

	fake_say("cuMemAlloc_v2 %zu", bytes);
	if (rc)
		return rc;
	if (!out || !bytes)
		return INVALID_VALUE;
	return fake_alloc(out, bytes, FAKE_DEVICE, current, -1);
}

CUresult cuMemAllocPitch_v2(CUdeviceptr *out, size_t *pitch, size_t width,
	size_t height, unsigned element)
{
	CUresult rc = fake_in_context("cuMemAllocPitch_v2");

	fake_say("cuMemAllocPitch_v2 %zu %zu %u", width, height, element);
	if (rc)
		return rc;
	if (!out || (element != 4 && element != 8 && element != 16))
		return INVALID_VALUE;
	/* Smaller than what HMS pads to: rows show who made them. */
	*pitch = (width + 255) & ~(size_t)255;
	return fake_alloc(out, *pitch * height, FAKE_DEVICE, current, -1);
}

CUresult cuMemAllocManaged(CUdeviceptr *out, size_t bytes, unsigned flags)
{
	CUresult rc = fake_in_context("cuMemAllocManaged");

	fake_say("cuMemAllocManaged %zu %u", bytes, flags);
	if (rc)
		return rc;
	if (!out || !bytes || !flags || flags > 4)
		return INVALID_VALUE;
	return fake_alloc(out, bytes, FAKE_MANAGED, current, -1);
}

CUresult cuMemFree_v2(CUdeviceptr memory)
{
	CUresult rc = fake_in_context("cuMemFree_v2");

	fake_say("cuMemFree_v2");
	if (rc || !memory)
		return rc;
	return fake_free(memory,
		1 << FAKE_DEVICE | 1 << FAKE_MANAGED | 1 << FAKE_ORDERED);
}

CUresult cuMemAllocHost_v2(void **out, size_t bytes)
{
	CUresult rc = fake_in_context("cuMemAllocHost_v2");
	CUdeviceptr memory;

	fake_say("cuMemAllocHost_v2 %zu", bytes);
	if (!rc)
		rc = fake_alloc(&memory, bytes, FAKE_HOST, -1, -1);
	if (!rc)
		*out = (void *)(uintptr_t)memory;
	return rc;
}

CUresult cuMemHostAlloc(void **out, size_t bytes, unsigned flags)
{
	CUresult rc = fake_in_context("cuMemHostAlloc");
	CUdeviceptr memory;

	fake_say("cuMemHostAlloc %zu %u", bytes, flags);
	if (!rc)
		rc = fake_alloc(&memory, bytes, FAKE_HOST, -1, (int)flags);
	if (!rc)
		*out = (void *)(uintptr_t)memory;
	return rc;
}

CUresult cuMemFreeHost(void *memory)
{
	CUresult rc = fake_in_context("cuMemFreeHost");

	fake_say("cuMemFreeHost");
	return rc ? rc : fake_free((uintptr_t)memory, 1 << FAKE_HOST);
}

/* The driver pins pages, so it touches each of them where it is bound. */
CUresult cuMemHostRegister_v2(void *host, size_t bytes, unsigned flags)
{
	CUresult rc = fake_in_context("cuMemHostRegister_v2");

	fake_say("cuMemHostRegister_v2 %zu %u", bytes, flags);
	if (rc)
		return rc;
	if (!host || (uintptr_t)host < 65536 || fake_find((uintptr_t)host))
		return INVALID_VALUE;
	for (size_t i = 0; i < bytes; i += 4096)
		((volatile char *)host)[i] = ((volatile char *)host)[i];
	__atomic_fetch_add(&nregistered, 1, __ATOMIC_RELAXED);
	return OK;
}

CUresult cuMemHostUnregister(void *host)
{
	CUresult rc = fake_in_context("cuMemHostUnregister");

	fake_say("cuMemHostUnregister");
	if (rc)
		return rc;
	if (!nregistered)
		return 713; /* HOST_MEMORY_NOT_REGISTERED */
	__atomic_fetch_sub(&nregistered, 1, __ATOMIC_RELAXED);
	return OK;
}

CUresult cuMemHostGetDevicePointer_v2(
	CUdeviceptr *out, void *memory, unsigned flags)
{
	CUresult rc = fake_in_context("cuMemHostGetDevicePointer_v2");

	fake_say("cuMemHostGetDevicePointer_v2 %u", flags);
	if (!rc)
		*out = (uintptr_t)memory;
	return rc;
}

CUresult cuMemHostGetFlags(unsigned *out, void *memory)
{
	CUresult rc = fake_in_context("cuMemHostGetFlags");
	struct fake_memory *m = fake_find((uintptr_t)memory);

	fake_say("cuMemHostGetFlags");
	if (rc)
		return rc;
	if (!m || m->kind != FAKE_HOST)
		return INVALID_VALUE;
	*out = m->node < 0 ? 3 : (unsigned)m->node;
	return OK;
}

CUresult cuMemGetInfo_v2(size_t *out, size_t *total)
{
	CUresult rc = fake_in_context("cuMemGetInfo_v2");

	fake_say("cuMemGetInfo_v2");
	if (rc)
		return rc;
	pthread_mutex_lock(&lock);
	*total = fake_memory_of(current);
	*out = *total - used(current);
	pthread_mutex_unlock(&lock);
	return OK;
}

CUresult cuMemGetAddressRange_v2(
	CUdeviceptr *base, size_t *bytes, CUdeviceptr memory)
{
	CUresult rc = fake_in_context("cuMemGetAddressRange_v2");
	struct fake_memory *m = fake_find(memory);

	fake_say("cuMemGetAddressRange_v2");
	if (rc)
		return rc;
	if (!m)
		return INVALID_VALUE;
	*base = m->start;
	*bytes = m->size;
	return OK;
}
