/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The double's copies, and what its devices see of memory.
 * Source: CUDA Driver API 13.0.
 */
#include "tests/fakes/cuda.h"

/* As the current device sees it: its own, or the host's; NULL: it does not. */
static const void *fake_sees(CUdeviceptr start, size_t bytes)
{
	const struct fake_memory *m = fake_find(start);
	int pageable = 0;

	cuDeviceGetAttribute(&pageable, 88, fake_device_now());
	if (m && start + bytes <= m->start + m->size && m->view)
		return (char *)m->view + (start - m->start);
	return pageable || m ? (const void *)(uintptr_t)start : NULL;
}

CUresult cuMemcpyHtoD_v2(CUdeviceptr to, const void *host, size_t bytes)
{
	CUresult rc = fake_in_context("cuMemcpyHtoD_v2");

	if (!rc)
		memcpy((void *)(uintptr_t)to, host, bytes);
	return rc;
}

CUresult cuMemcpyDtoH_v2(void *host, CUdeviceptr from, size_t bytes)
{
	CUresult rc = fake_in_context("cuMemcpyDtoH_v2");

	if (!rc)
		memcpy(host, (const void *)(uintptr_t)from, bytes);
	return rc;
}

CUresult cuMemcpyDtoD_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes)
{
	CUresult rc = fake_in_context("cuMemcpyDtoD_v2");

	const void *seen = fake_sees(from, bytes);

	if (!rc && !seen)
		return 700; /* ILLEGAL_ADDRESS */
	if (!rc)
		memcpy((void *)(uintptr_t)to, seen, bytes);
	return rc;
}
