/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copies between a node's memory and a device's, by the device's run-time
 * library, whose own prototypes are in the file of each.  A runtime may hang,
 * print and crash, so it is opened in a child process, with a time limit.
 */
#ifndef HMS_TOOLS_MEASURE_DEVICE_H
#define HMS_TOOLS_MEASURE_DEVICE_H

#include "tools/measure/measure.h"

enum measure_copy_job {
	MEASURE_COPY_IN, /* host to device: the device reads the node */
	MEASURE_COPY_OUT, /* device to host */
	MEASURE_COPY_INSIDE, /* from one buffer of the device to another */
	MEASURE_COPY_JOBS,
};

/* In the child only.  All return 0, or the runtime's own error. */
struct measure_runtime {
	const char *name; /* "cuda": its devices are "cuda:0" and so on */
	const char *library;
	int (*open)(void *library); /* -1: it lacks a function */
	/*
	 * Device number of the name; two buffers on it, and the host's memory
	 * made known to it where that can be.
	 */
	int (*begin)(unsigned device, void *host, size_t bytes);
	/* Returns when it is done. */
	int (*copy)(enum measure_copy_job job);
	void (*end)(void);
};

extern const struct measure_runtime measure_cuda;
extern const struct measure_runtime measure_opencl;

/* Looks functions up: names and places end with NULL; 0 or -1. */
struct measure_function {
	const char *name;
	void *at; /* of a pointer to a function */
};
int measure_functions(void *library, const struct measure_function *functions);

#endif
