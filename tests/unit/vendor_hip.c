/* SPDX-License-Identifier: BSD-2-Clause */
/* Our own declarations of HIP against its header; see vendor_headers.c. */
#include <criterion/criterion.h>

#if __has_include(<hip/hip_runtime_api.h>)
#define __HIP_PLATFORM_AMD__
#include <hip/hip_runtime_api.h>
#define HMS_HIP_TYPES_GIVEN
#include "shims/hip_runtime.h"
#include "tests/unit/vendor_layout.h"

static const struct layout theirs[] = {
#define LAYOUT_HIP
#include "tests/unit/vendor_layout.def"
};

#define VALUE(ours, theirs) cr_expect_eq((uint64_t)(ours), (uint64_t)(theirs))

Test(vendor_headers, hip)
{
	for (size_t i = 0; i < sizeof(theirs) / sizeof(*theirs); i++)
		cr_expect_eq(layout_hip[i].bytes, theirs[i].bytes, "%s",
			theirs[i].what);
	VALUE(HMS_HIP_SUCCESS, hipSuccess);
	VALUE(HMS_HIP_OUT_OF_MEMORY, hipErrorOutOfMemory);
	VALUE(HMS_HIP_NOT_INITIALIZED, hipErrorNotInitialized);
	VALUE(HMS_HIP_PEER_ALREADY_ENABLED, hipErrorPeerAccessAlreadyEnabled);
	VALUE(HMS_HIP_HOST_NOT_REGISTERED, hipErrorHostMemoryNotRegistered);
	VALUE(HMS_HIP_ATTACH_GLOBAL, hipMemAttachGlobal);
	VALUE(HMS_HIP_HOST_PORTABLE, hipHostMallocPortable);
	VALUE(HMS_HIP_HOST_MAPPED, hipHostMallocMapped);
	VALUE(HMS_HIP_HOST_COHERENT, hipHostMallocCoherent);
	VALUE(HMS_HIP_REGISTER_PORTABLE, hipHostRegisterPortable);
	VALUE(HMS_HIP_REGISTER_MAPPED, hipHostRegisterMapped);
	VALUE(HMS_HIP_ADVISE_PREFERRED, hipMemAdviseSetPreferredLocation);
	VALUE(HMS_HIP_ADVISE_ACCESSED_BY, hipMemAdviseSetAccessedBy);
	VALUE(HMS_HIP_CPU, hipCpuDeviceId);
	VALUE(HMS_HIP_CONCURRENT_MANAGED,
		hipDeviceAttributeConcurrentManagedAccess);
	VALUE(HMS_HIP_MANAGED, hipDeviceAttributeManagedMemory);
}
#else
Test(vendor_headers, hip)
{
	cr_skip_test("hip/hip_runtime_api.h is not installed "
		     "(apt-get install libamdhip64-dev)");
}
#endif
