/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One intercepted allocation, as rules see it.  Plain data, on the caller's
 * stack.
 */
#ifndef HMS_CONFIG_CALL_H
#define HMS_CONFIG_CALL_H

#include <stddef.h>
#include <stdint.h>

enum hms_family {
	HMS_FAMILY_HEAP,
	HMS_FAMILY_MAP,
	HMS_FAMILY_BRK,
	HMS_FAMILY_CUDA,
	HMS_FAMILY_OPENCL,
	HMS_FAMILY_HIP,
	HMS_FAMILY_ZE,
	HMS_FAMILIES,
};

enum hms_api {
#define HMS_API(id, name, family, state) HMS_API_##id,
#include "config/api.def"
#undef HMS_API
	HMS_APIS,
};
_Static_assert(HMS_APIS <= 64, "sets of APIs are 64 bit masks");

#define HMS_API_BIT(api) (UINT64_C(1) << (api))

/* What a mapping call asked for; names in rules: `flags hugetlb|shared`. */
enum hms_call_flag {
	HMS_CALL_SHARED = 1 << 0,
	HMS_CALL_PRIVATE = 1 << 1,
	HMS_CALL_ANONYMOUS = 1 << 2,
	HMS_CALL_FILE = 1 << 3, /* of a file: tmpfs or hugetlbfs */
	HMS_CALL_HUGETLB = 1 << 4,
	HMS_CALL_FIXED = 1 << 5,
	HMS_CALL_NORESERVE = 1 << 6,
	HMS_CALL_POPULATE = 1 << 7,
	HMS_CALL_LOCKED = 1 << 8,
	HMS_CALL_STACK = 1 << 9,
	HMS_CALL_RESERVE = 1 << 10, /* PROT_NONE */
	HMS_CALL_EXEC = 1 << 11, /* PROT_EXEC */
	HMS_CALL_ZEROED = 1 << 12, /* calloc */
};

/*
 * The program's registers before its call, when a shim knows them; sp 0:
 * it does not.
 */
struct hms_registers {
	uintptr_t sp, fp; /* stack and frame pointer */
};

struct hms_call {
	enum hms_api api;
	uint32_t flags; /* enum hms_call_flag */
	size_t size; /* bytes asked for */
	size_t align; /* bytes asked for; 0 if the call has none */
	const void *caller; /* return address of the program's own call */
	struct hms_registers at;
};

#endif
