/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asking the run-time libraries of devices what devices there are.
 *
 * A runtime may hang, print, crash, start threads and leave files; so the
 * tools ask it in a child process with a time limit.  In other people's
 * processes nothing is opened or initialised: a runtime is asked only if it is
 * loaded already, and if asking does nothing to it (vendors.def).
 *
 * Answers are plain data without pointers: they come from the child through
 * shared memory.  Our own prototypes of the vendors' functions are in the
 * .c file of each; nothing of the vendors is needed to build.
 */
#ifndef HMS_ENGINE_TOPOLOGY_VENDOR_VENDOR_H
#define HMS_ENGINE_TOPOLOGY_VENDOR_VENDOR_H

#include "engine/topology/pcie.h"

#define HMS_VENDOR_DEVICES 64 /* of one runtime: more are left out */
#define HMS_VENDOR_SECONDS 20 /* cuInit() of eight GPUs takes some */

enum hms_device_flag {
	HMS_DEVICE_CPU = 1 << 0, /* runs on the CPUs (PoCL) */
	HMS_DEVICE_INTEGRATED = 1 << 1, /* its memory is the host's */
	HMS_DEVICE_HOST_TABLES = 1
				 << 2, /* coherent, by the CPUs' page tables */
	HMS_DEVICE_HOST_ACCESS = 1 << 3, /* CPUs load and store its memory */
	HMS_DEVICE_ACCELERATOR = 1 << 4, /* neither CPU nor GPU */
};

struct hms_device {
	char pci[HMS_PCI_ADDRESS]; /* "": it does not say */
	char name[104];
	unsigned number; /* the runtime's: 0 is "cuda:0" */
	unsigned flags; /* enum hms_device_flag */
	int node; /* its memory is this NUMA node; -1: none */
	uint32_t bandwidth; /* of its own memory, MB/s; 0: unknown */
	uint64_t memory; /* bytes; 0: none of its own */
	uint64_t peers; /* bit n: it reaches the memory of device n */
	uint64_t near; /* those of them by a link of the devices' own */
};

struct hms_vendor_answer {
	void *library; /* of dlopen(3); in the child only */
	bool may_initialise;
	bool complete; /* set at the end */
	unsigned ndevices; /* those before are whole, even if not complete */
	char complaint[160]; /* "cuInit() says 999", or "" */
	struct hms_device device[HMS_VENDOR_DEVICES];
};

/* The next device, all zero but for number and node; NULL: no room. */
struct hms_device *hms_vendor_device(struct hms_vendor_answer *answer);
/* Remembers the first complaint. */
void hms_vendor_complain(struct hms_vendor_answer *answer, const char *format,
	...) __attribute__((format(printf, 2, 3)));
/*
 * Looks functions up: names and places end with NULL.  False, with a
 * complaint, if one is missing; a name that begins with '?' may be.
 */
struct hms_vendor_function {
	const char *name;
	void *at; /* of a pointer to a function */
};
bool hms_vendor_functions(struct hms_vendor_answer *answer,
	const struct hms_vendor_function *functions);

#define HMS_VENDOR(name, silent, libraries)                                    \
	void hms_ask_##name(struct hms_vendor_answer *answer);
#include "engine/topology/vendor/vendors.def"
#undef HMS_VENDOR

/*
 * Asks all runtimes, and calls fn with each answer that has devices, in the
 * order of vendors.def; runtime: "cuda".  What went wrong is said with
 * hms_builder_complain().  The answer is valid during the call.
 */
void hms_vendors_ask(struct hms_builder *b,
	void (*fn)(struct hms_builder *b, const char *runtime,
		const struct hms_vendor_answer *answer));

#endif
