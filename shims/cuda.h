/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the CUDA shims share.
 *
 * The driver is asked first in everything that the program asked; its results
 * are the program's.  What we call ourselves changes no context that is
 * current and no stream, is not called while a stream is being captured, and
 * holds no lock of ours.
 *
 * Source of what calls do: CUDA Driver API 13.0; CUDA C++ Programming Guide,
 * "Unified Memory Programming", "Stream Ordered Memory Allocator".
 */
#ifndef HMS_SHIMS_CUDA_H
#define HMS_SHIMS_CUDA_H

#include "shims/cuda_driver.h"
#include "shims/hooks.h"
#include "shims/vendor.h"

/* A function of the driver that is not in hooks.def, or NULL. */
#define HMS_CUDA(name)                                                         \
	({                                                                     \
		static void *cache_;                                           \
		(__typeof__(&(name)))hms_vendor_function(                      \
			HMS_FAMILY_CUDA, #name, &cache_);                      \
	})

/* What is known of a device; never changes once it is. */
struct hms_cuda_device {
	unsigned number; /* "cuda:N" */
	CUdevice handle;
	bool managed; /* managed memory, with concurrent access */
	bool pageable; /* it reads memory of the system as it is */
	bool host_pools; /* stream-ordered memory on nodes of the host */
	int node; /* of the host, nearest; -1: not known */
	size_t memory; /* bytes */
};

/* NULL: there is no such device, or the driver does not say. */
const struct hms_cuda_device *hms_cuda_device(unsigned number);
/* The one that is current in this thread, or NULL. */
const struct hms_cuda_device *hms_cuda_current(void);

/* Is any stream being captured?  Then calls go through as they are. */
bool hms_cuda_capturing(void);

/* A call for device memory. */
struct hms_cuda_ask {
	struct hms_vendor_call call;
	const struct hms_cuda_device *current;
	CUdeviceptr *out;
	/* The program's own call; fills *out, and may change call.bytes. */
	CUresult (*plain)(struct hms_cuda_ask *ask);
	/* cuMemAllocPitch */
	size_t *pitch, width, height, padded;
	unsigned element;
	/* stream-ordered calls */
	CUstream stream;
	bool own_stream; /* the _ptsz form */
};

/* Bytes that may still be sent to a device; managed memory takes any. */
size_t hms_cuda_room(const struct hms_cuda_device *device);

/* Remembers what the program was given; step -1: nothing was charged. */
void hms_cuda_keep(const struct hms_cuda_ask *ask, enum hms_tracked_kind kind,
	int device, int step);
/* As the rule says, or plainly; the driver's result. */
CUresult hms_cuda_place(struct hms_cuda_ask *ask);
/* Asked for and kept without any rule. */
CUresult hms_cuda_plain(struct hms_cuda_ask *ask);

/* What one step of a place makes of a call; beside the driver's codes. */
enum {
	HMS_CUDA_SKIP = -1, /* refused: the next step may do */
	HMS_CUDA_FULL = -2, /* no room: the next step may have some */
};
CUresult hms_cuda_managed(struct hms_cuda_ask *ask, int step,
	const struct hms_managed_targets *in);
CUresult hms_cuda_peer(
	struct hms_cuda_ask *ask, int step, const struct hms_device_id *id);
/* By the steps of nodes of the place; cudaMalloc's, and pinned memory. */
CUresult hms_cuda_host(struct hms_cuda_ask *ask, unsigned flags);

/*
 * Where managed memory is best.  device NULL: on a node of the host, -1: any.
 * By the driver's newer call if it has it, else by the older.
 */
CUresult hms_cuda_advise(CUdeviceptr memory, size_t bytes, unsigned advice,
	const struct hms_cuda_device *device, int node);

/* Frees what was taken out of the table; put back if that fails. */
CUresult hms_cuda_free(const struct hms_tracked *what);

/* Has this program launched nothing so far? */
bool hms_cuda_idle(void);
/* The program has this stream in hand: planned moves may go there. */
void hms_cuda_stream(CUstream stream, bool own);
/* Tells the engine how managed memory moves; once. */
void hms_cuda_offer(void);
/* Managed memory had to go behind the first target of its place. */
void hms_cuda_spilled(void);
/* Memory of a device was given back: what spilled may come forward. */
void hms_cuda_freed(void);

#endif
