/* SPDX-License-Identifier: BSD-2-Clause */
/* Our own declarations of Level Zero against its header; vendor_headers.c. */
#include <criterion/criterion.h>

#if __has_include(<level_zero/ze_api.h>)
#include <level_zero/ze_api.h>
#define HMS_ZE_TYPES_GIVEN
#include "shims/level_zero.h"
#include "tests/unit/vendor_layout.h"

static const struct layout theirs[] = {
#define LAYOUT_ZE
#include "tests/unit/vendor_layout.def"
};

#define VALUE(ours, theirs) cr_expect_eq((uint64_t)(ours), (uint64_t)(theirs))

Test(vendor_headers, level_zero)
{
	for (size_t i = 0; i < sizeof(theirs) / sizeof(*theirs); i++)
		cr_expect_eq(layout_ze[i].bytes, theirs[i].bytes, "%s",
			theirs[i].what);
	VALUE(HMS_ZE_SUCCESS, ZE_RESULT_SUCCESS);
	VALUE(HMS_ZE_OUT_OF_HOST_MEMORY, ZE_RESULT_ERROR_OUT_OF_HOST_MEMORY);
	VALUE(HMS_ZE_OUT_OF_DEVICE_MEMORY,
		ZE_RESULT_ERROR_OUT_OF_DEVICE_MEMORY);
	VALUE(HMS_ZE_UNINITIALIZED, ZE_RESULT_ERROR_UNINITIALIZED);
	VALUE(HMS_ZE_TYPE_ACCESS_PROPERTIES,
		ZE_STRUCTURE_TYPE_DEVICE_MEMORY_ACCESS_PROPERTIES);
	VALUE(HMS_ZE_TYPE_MEMORY_PROPERTIES,
		ZE_STRUCTURE_TYPE_DEVICE_MEMORY_PROPERTIES);
	VALUE(HMS_ZE_TYPE_DEVICE_DESC, ZE_STRUCTURE_TYPE_DEVICE_MEM_ALLOC_DESC);
	VALUE(HMS_ZE_TYPE_HOST_DESC, ZE_STRUCTURE_TYPE_HOST_MEM_ALLOC_DESC);
	VALUE(HMS_ZE_DEVICE_PLACED,
		ZE_DEVICE_MEM_ALLOC_FLAG_BIAS_INITIAL_PLACEMENT);
	VALUE(HMS_ZE_HOST_COMBINED, ZE_HOST_MEM_ALLOC_FLAG_BIAS_WRITE_COMBINED);
	VALUE(HMS_ZE_HOST_PLACED,
		ZE_HOST_MEM_ALLOC_FLAG_BIAS_INITIAL_PLACEMENT);
	VALUE(HMS_ZE_ACCESS_RW, ZE_MEMORY_ACCESS_CAP_FLAG_RW);
	VALUE(HMS_ZE_ACCESS_CONCURRENT, ZE_MEMORY_ACCESS_CAP_FLAG_CONCURRENT);
	VALUE(HMS_ZE_MEMORY_HOST, ZE_MEMORY_TYPE_HOST);
}
#else
Test(vendor_headers, level_zero)
{
	cr_skip_test("level_zero/ze_api.h is not installed "
		     "(apt-get install libze-dev)");
}
#endif
