/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver's own resolvers, by which CUDA's runtime finds it: there are two,
 * of four and of five arguments, under one name.  The driver answers first;
 * its result and status are what the program gets.
 *
 * Source: CUDA Driver API 13.0, "Driver Entry Point Access".
 */
#include "shims/cuda.h"

#include "base/log.h"

/*
 * Versions of CUDA whose functions are known (hooks.def); minor versions add
 * functions, and do not change what a version means that was there before.
 */
#define KNOWN 13999

CUresult hms_cuGetProcAddress(
	const char *symbol, void **pfn, int version, cuuint64_t flags);
CUresult hms_cuGetProcAddress_v2(const char *symbol, void **pfn, int version,
	cuuint64_t flags, CUdriverProcAddressQueryResult *status);

static void replace(
	const char *symbol, void **pfn, int version, cuuint64_t flags)
{
	const bool own =
		flags & HMS_CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM;

	void *real;

	if (!symbol || !pfn || !*pfn || !hms_vendor_live(HMS_FAMILY_CUDA))
		return;
	real = *pfn;
	*pfn = hms_hook_versioned(HMS_FAMILY_CUDA, symbol, version, KNOWN,
		own ? HMS_STREAM_OWN : HMS_STREAM_LEGACY, real);
	if (*pfn != real)
		hms_log(HMS_LOG_DEBUG, "%s, version %d%s: ours", symbol,
			version, own ? ", each thread's own stream" : "");
}

CUresult hms_cuGetProcAddress(
	const char *symbol, void **pfn, int version, cuuint64_t flags)
{
	__typeof__(&cuGetProcAddress) real = HMS_REAL(cuGetProcAddress);
	CUresult rc;

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	rc = real(symbol, pfn, version, flags);
	if (rc == HMS_CUDA_SUCCESS)
		replace(symbol, pfn, version, flags);
	return rc;
}
HMS_EXPORT_HOOK(cuGetProcAddress);

CUresult hms_cuGetProcAddress_v2(const char *symbol, void **pfn, int version,
	cuuint64_t flags, CUdriverProcAddressQueryResult *status)
{
	__typeof__(&cuGetProcAddress_v2) real = HMS_REAL(cuGetProcAddress_v2);
	CUresult rc;

	if (!real)
		return HMS_CUDA_ERROR_STUB_LIBRARY;
	rc = real(symbol, pfn, version, flags, status);
	if (rc == HMS_CUDA_SUCCESS)
		replace(symbol, pfn, version, flags);
	return rc;
}
HMS_EXPORT_HOOK(cuGetProcAddress_v2);
