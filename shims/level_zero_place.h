/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the Level Zero shims share. */
#ifndef HMS_SHIMS_LEVEL_ZERO_PLACE_H
#define HMS_SHIMS_LEVEL_ZERO_PLACE_H

#include "shims/hooks.h"
#include "shims/level_zero.h"
#include "shims/placing.h"

/* A function of the loader that is not in hooks.def, or NULL. */
#define HMS_ZE(name)                                                           \
	({                                                                     \
		static void *cache_;                                           \
		(__typeof__(&(name)))hms_vendor_function(                      \
			HMS_FAMILY_ZE, #name, &cache_);                        \
	})

/* The program's call; what it said itself goes on to the driver. */
struct hms_ze_ask {
	struct hms_placing placing; /* first: the placer's functions get it */
	ze_context_handle_t context;
	const ze_device_mem_alloc_desc_t *device_desc;
	const ze_host_mem_alloc_desc_t *host_desc;
	size_t alignment;
	ze_device_handle_t device;
};

/* For zeMemAllocDevice, ...Shared and ...Host. */
extern const struct hms_placer hms_ze_device, hms_ze_shared, hms_ze_host;

/* By the order of the loader's lists, as `hms list` counts; -1: not in it. */
int hms_ze_number(ze_device_handle_t device);
/* Do all devices read and write all of the system's memory? */
bool hms_ze_system(void);

#endif
