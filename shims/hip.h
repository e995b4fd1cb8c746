/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the HIP shims share.  The runtime is asked first in all
 * that the program asked; its results are the program's.  What we call
 * ourselves leaves the current device and every stream as they are, is not
 * called while a stream is being captured, and holds no lock of ours.
 *
 * Source of what calls do: HIP API reference 5.2 and 6.2; HIP programming
 * manual, "Managed memory", "Host memory".
 */
#ifndef HMS_SHIMS_HIP_H
#define HMS_SHIMS_HIP_H

#include "shims/hip_runtime.h"
#include "shims/hooks.h"
#include "shims/placing.h"

/* A function of the runtime that is not in hooks.def, or NULL. */
#define HMS_HIP(name)                                                          \
	({                                                                     \
		static void *cache_;                                           \
		(__typeof__(&(name)))hms_vendor_function(                      \
			HMS_FAMILY_HIP, #name, &cache_);                       \
	})

extern const struct hms_placer hms_hip_placer;

/* The program's own call, with what it asked for. */
struct hms_hip_ask {
	struct hms_placing placing; /* first: the placer's functions get it */
	hipError_t (*real)(struct hms_hip_ask *ask);
	size_t *pitch, width, height, depth, padded;
	unsigned element;
	hipPitchedPtr *pitched;
};

/* Serves a call; out is set on success. */
hipError_t hms_hip_serve(struct hms_hip_ask *ask, void **out);
/* Why no call is to be served otherwise now (enum hms_refusal), or -1. */
int hms_hip_refused(void);
/*
 * Around calls of our own: one that fails must not be the last error that the
 * program finds, who knows of no failure.  What the first says is for the
 * second.
 */
bool hms_hip_no_error(void);
void hms_hip_forget_error(bool none_before);
/* Frees what is ours, else by the program's own call. */
hipError_t hms_hip_free(hipError_t (*real)(void *memory), void *memory);

#endif
