/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The double's queries, sharing between processes, physical memory, pools and
 * graphs.  Source: CUDA Driver API 13.0.
 */
#include "tests/fakes/cuda.h"

static CUresult attribute_of(void *out, unsigned attribute, CUdeviceptr memory)
{
	struct fake_memory *m = fake_find(memory);

	if (!m)
		return INVALID_VALUE;
	switch (attribute) {
	case 2: /* MEMORY_TYPE */
		*(unsigned *)out = m->kind == FAKE_HOST ? 1 : 2;
		return OK;
	case 8: /* IS_MANAGED */
		*(unsigned *)out = m->kind == FAKE_MANAGED;
		return OK;
	case 9: /* DEVICE_ORDINAL */
		*(int *)out = m->device;
		return OK;
	}
	return INVALID_VALUE;
}

CUresult cuPointerGetAttribute(
	void *out, CUpointer_attribute attribute, CUdeviceptr memory)
{
	CUresult rc = fake_in_context("cuPointerGetAttribute");

	fake_say("cuPointerGetAttribute %u", (unsigned)attribute);
	return rc ? rc : attribute_of(out, attribute, memory);
}

CUresult cuPointerGetAttributes(unsigned n, CUpointer_attribute *attributes,
	void **out, CUdeviceptr memory)
{
	CUresult rc = fake_in_context("cuPointerGetAttributes");

	fake_say("cuPointerGetAttributes %u", n);
	for (unsigned i = 0; !rc && i < n; i++)
		rc = attribute_of(out[i], attributes[i], memory);
	return rc ? rc : OK;
}

CUresult cuPointerSetAttribute(
	const void *value, CUpointer_attribute attribute, CUdeviceptr memory)
{
	CUresult rc = fake_in_context("cuPointerSetAttribute");

	fake_say("cuPointerSetAttribute %u", (unsigned)attribute);
	return rc ? rc : fake_find(memory) ? OK : INVALID_VALUE;
}

CUresult cuIpcGetMemHandle(CUipcMemHandle *out, CUdeviceptr memory)
{
	CUresult rc = fake_in_context("cuIpcGetMemHandle");
	struct fake_memory *m = fake_find(memory);

	fake_say("cuIpcGetMemHandle");
	if (rc)
		return rc;
	/* Managed memory cannot be shared. */
	if (!m || m->kind != FAKE_DEVICE)
		return INVALID_VALUE;
	memset(out, 1, sizeof(*out));
	return OK;
}

CUresult cuIpcOpenMemHandle(
	CUdeviceptr *out, CUipcMemHandle handle, unsigned flags)
{
	CUresult rc = fake_in_context("cuIpcOpenMemHandle");

	fake_say("cuIpcOpenMemHandle %d %u", handle.reserved[63], flags);
	return rc ? rc : INVALID_VALUE;
}

CUresult cuIpcOpenMemHandle_v2(
	CUdeviceptr *out, CUipcMemHandle handle, unsigned flags)
{
	CUresult rc = fake_in_context("cuIpcOpenMemHandle_v2");

	fake_say("cuIpcOpenMemHandle_v2 %d %u", handle.reserved[63], flags);
	return rc ? rc : INVALID_VALUE;
}

CUresult cuIpcCloseMemHandle(CUdeviceptr memory)
{
	CUresult rc = fake_in_context("cuIpcCloseMemHandle");

	fake_say("cuIpcCloseMemHandle");
	return rc ? rc : INVALID_VALUE;
}

CUresult cuMemCreate(CUmemGenericAllocationHandle *out, size_t bytes,
	const CUmemAllocationProp *prop, unsigned long long flags)
{
	static unsigned long long handles;
	CUresult rc = fake_in_context("cuMemCreate");

	fake_say("cuMemCreate %zu %d:%d %llu", bytes, (int)prop->location.type,
		prop->location.id, flags);
	if (!rc)
		*out = ++handles;
	return rc;
}

CUresult cuMemRelease(CUmemGenericAllocationHandle handle)
{
	CUresult rc = fake_in_context("cuMemRelease");

	fake_say("cuMemRelease");
	return rc ? rc : OK;
}

CUresult cuMemMap(CUdeviceptr at, size_t bytes, size_t offset,
	CUmemGenericAllocationHandle handle, unsigned long long flags)
{
	CUresult rc = fake_in_context("cuMemMap");

	fake_say("cuMemMap %zu %zu %llu", bytes, offset, flags);
	return rc ? rc : OK;
}

CUresult cuMemUnmap(CUdeviceptr at, size_t bytes)
{
	CUresult rc = fake_in_context("cuMemUnmap");

	fake_say("cuMemUnmap %zu", bytes);
	return rc ? rc : OK;
}

CUresult cuMemAddressReserve(CUdeviceptr *out, size_t bytes, size_t alignment,
	CUdeviceptr at, unsigned long long flags)
{
	CUresult rc = fake_in_context("cuMemAddressReserve");

	fake_say("cuMemAddressReserve %zu %zu %llu", bytes, alignment, flags);
	return rc ? rc : (*out = 0x7000000000, OK);
}

CUresult cuMemAddressFree(CUdeviceptr at, size_t bytes)
{
	CUresult rc = fake_in_context("cuMemAddressFree");

	fake_say("cuMemAddressFree %zu", bytes);
	return rc ? rc : OK;
}

CUresult cuMemSetAccess(
	CUdeviceptr at, size_t bytes, const CUmemAccessDesc *access, size_t n)
{
	CUresult rc = fake_in_context("cuMemSetAccess");

	fake_say("cuMemSetAccess %zu %d %zu", bytes, (int)access->flags, n);
	return rc ? rc : OK;
}

/* Of a device: its number plus 1; of a node: plus 100. */
CUresult cuMemPoolCreate(CUmemoryPool *out, const CUmemPoolProps *props)
{
	CUresult rc = fake_in_context("cuMemPoolCreate");
	const int type = (int)props->location.type;

	fake_say("cuMemPoolCreate %d:%d", type, props->location.id);
	if (rc)
		return rc;
	if (type != 1 && type != 3)
		return INVALID_VALUE;
	*out = (CUmemoryPool)(uintptr_t)(props->location.id +
					 (type == 1 ? 1 : 100));
	return OK;
}

CUresult cuMemPoolDestroy(CUmemoryPool pool)
{
	CUresult rc = fake_in_context("cuMemPoolDestroy");

	fake_say("cuMemPoolDestroy %u", (unsigned)(uintptr_t)pool);
	return rc ? rc : OK;
}

CUresult cuMemPoolSetAccess(
	CUmemoryPool pool, const CUmemAccessDesc *access, size_t n)
{
	CUresult rc = fake_in_context("cuMemPoolSetAccess");

	fake_say("cuMemPoolSetAccess %u %d:%d", (unsigned)(uintptr_t)pool,
		(int)access->location.type, access->location.id);
	return rc ? rc : OK;
}

CUresult cuGraphAddMemAllocNode(CUgraphNode *out, CUgraph graph,
	const CUgraphNode *after, size_t n, CUDA_MEM_ALLOC_NODE_PARAMS *params)
{
	CUresult rc = fake_in_context("cuGraphAddMemAllocNode");

	fake_say("cuGraphAddMemAllocNode %zu", n);
	return rc ? rc : OK;
}

CUresult cuGraphAddMemFreeNode(CUgraphNode *out, CUgraph graph,
	const CUgraphNode *after, size_t n, CUdeviceptr memory)
{
	CUresult rc = fake_in_context("cuGraphAddMemFreeNode");

	fake_say("cuGraphAddMemFreeNode %zu", n);
	return rc ? rc : OK;
}

CUresult cuImportExternalMemory(
	CUexternalMemory *out, const CUDA_EXTERNAL_MEMORY_HANDLE_DESC *desc)
{
	CUresult rc = fake_in_context("cuImportExternalMemory");

	fake_say("cuImportExternalMemory");
	return rc ? rc : OK;
}
