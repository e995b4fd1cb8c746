/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A double of libamdhip64.so.6: its memory, which is all memory of the host.
 * Each piece knows what it plays.  Source: HIP API reference 5.2 and 6.2.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/fakes/hip.h"

#define PIECES 4096
#define PITCH 256 /* smaller than what HMS pads to: rows show who made them */

static struct piece pieces[PIECES];
static int lock;
__thread int hip_current;
int hip_count(void)
{
	const struct fake_device *devices;

	return (int)fake_devices("hip", &devices);
}

static void enter(void)
{
	while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE))
		;
}

void hip_leave(void)
{
	__atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
}

/* The piece that holds an address, locked; NULL: unlocked. */
struct piece *hip_find(const void *p)
{
	enter();
	for (size_t i = 0; i < PIECES; i++)
		if (pieces[i].kind != NONE && (char *)p >= pieces[i].start &&
			(char *)p < pieces[i].start + pieces[i].size)
			return &pieces[i];
	hip_leave();
	return NULL;
}

int hip_add(void *start, size_t size, enum hip_kind kind, unsigned flags)
{
	enter();
	for (size_t i = 0; i < PIECES; i++) {
		if (pieces[i].kind != NONE)
			continue;
		pieces[i] = (struct piece){ start, size, kind, hip_current, -2,
			flags };
		hip_leave();
		return OK;
	}
	hip_leave();
	return OUT_OF_MEMORY;
}

static int get(void **out, size_t size, enum hip_kind kind, unsigned flags)
{
	const struct fake_device *devices;
	void *p;

	if (!out)
		return INVALID_VALUE;
	*out = NULL;
	if (!size)
		return OK;
	if (hip_current >= (int)fake_devices("hip", &devices))
		return INVALID_DEVICE;
	if (kind == DEVICE && size > devices[hip_current].memory)
		return OUT_OF_MEMORY;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return OUT_OF_MEMORY;
	*out = p;
	return hip_add(p, size, kind, flags);
}

static int release(void *p, unsigned kinds)
{
	struct piece *piece;
	size_t size;

	if (!p)
		return OK;
	piece = hip_find(p);
	if (!piece)
		return INVALID_VALUE;
	if (piece->start != p || !(kinds >> piece->kind & 1)) {
		hip_leave();
		return INVALID_VALUE;
	}
	size = piece->size;
	piece->kind = NONE;
	hip_leave();
	munmap(p, size);
	return OK;
}

#define FREEABLE (1u << DEVICE | 1u << MANAGED | 1u << HOST | 1u << ORDERED)

int hipGetDevice(int *device)
{
	BEGIN("hipGetDevice");
	*device = hip_current;
	return OK;
}

int hipSetDevice(int device)
{
	BEGIN("hipSetDevice");
	if (device < 0 || device >= hip_count())
		return INVALID_DEVICE;
	hip_current = device;
	return OK;
}

int hipMalloc(void **out, size_t size)
{
	BEGIN("hipMalloc");
	return get(out, size, DEVICE, 0);
}

int hipExtMallocWithFlags(void **out, size_t size, unsigned flags)
{
	BEGIN("hipExtMallocWithFlags");
	return get(out, size, DEVICE, flags);
}

int hipMallocManaged(void **out, size_t size, unsigned flags)
{
	BEGIN("hipMallocManaged");
	if (flags != 1 && flags != 2)
		return INVALID_VALUE;
	return get(out, size, MANAGED, flags);
}

int hipMallocPitch(void **out, size_t *pitch, size_t width, size_t height)
{
	BEGIN("hipMallocPitch");
	if (!pitch)
		return INVALID_VALUE;
	*pitch = (width + PITCH - 1) / PITCH * PITCH;
	return get(out, *pitch * height, DEVICE, 0);
}

int hipMemAllocPitch(void **out, size_t *pitch, size_t width, size_t height,
	unsigned element)
{
	BEGIN("hipMemAllocPitch");
	if (!pitch || (element != 4 && element != 8 && element != 16))
		return INVALID_VALUE;
	*pitch = (width + PITCH - 1) / PITCH * PITCH;
	return get(out, *pitch * height, DEVICE, 0);
}

int hipMalloc3D(struct pitched *out, struct extent extent)
{
	size_t pitch = (extent.width + PITCH - 1) / PITCH * PITCH;

	BEGIN("hipMalloc3D");
	if (!out)
		return INVALID_VALUE;
	*out = (struct pitched){ NULL, pitch, extent.width, extent.height };
	return get(&out->ptr, pitch * extent.height * extent.depth, DEVICE, 0);
}

int hipHostMalloc(void **out, size_t size, unsigned flags)
{
	BEGIN("hipHostMalloc");
	return get(out, size, HOST, flags);
}

int hipHostAlloc(void **out, size_t size, unsigned flags)
{
	BEGIN("hipHostAlloc");
	return get(out, size, HOST, flags);
}

int hipMallocHost(void **out, size_t size)
{
	BEGIN("hipMallocHost");
	return get(out, size, HOST, 0);
}

int hipMemAllocHost(void **out, size_t size)
{
	BEGIN("hipMemAllocHost");
	return get(out, size, HOST, 0);
}

int hipMallocAsync(void **out, size_t size, void *stream)
{
	BEGIN("hipMallocAsync");
	return get(out, size, ORDERED, 0);
}

int hipMallocFromPoolAsync(void **out, size_t size, void *pool, void *stream)
{
	BEGIN("hipMallocFromPoolAsync");
	return get(out, size, ORDERED, 0);
}

int hipFree(void *p)
{
	BEGIN("hipFree");
	return release(p, FREEABLE);
}

int hipFreeHost(void *p)
{
	BEGIN("hipFreeHost");
	return release(p, 1u << HOST);
}

int hipHostFree(void *p)
{
	BEGIN("hipHostFree");
	return release(p, 1u << HOST);
}

/* Managed memory is of no pool. */
int hipFreeAsync(void *p, void *stream)
{
	BEGIN("hipFreeAsync");
	return release(p, 1u << ORDERED | 1u << DEVICE);
}
