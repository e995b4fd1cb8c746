/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A CUDA program for a real device: does what its arguments say, and prints
 * what memory was and whether a kernel computed right in it.  Never more than
 * 256 MiB.
 */
#include <cuda_runtime.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)
#define MOST (256 * MIB)

__global__ void twice(unsigned *data, size_t n)
{
	size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x;

	if (i < n)
		data[i] = data[i] * 2 + 1;
}

static size_t taken;
static cudaStream_t stream;

static void said(const char *what, cudaError_t rc)
{
	printf("%s: %d\n", what, (int)rc);
	cudaGetLastError();
}

/* "device", "managed", "host", and the device it is said to be of. */
static void kind_of(const void *memory)
{
	static const char *const kinds[] = { "unregistered", "host", "device",
		"managed" };
	struct cudaPointerAttributes is;
	cudaError_t rc = cudaPointerGetAttributes(&is, memory);

	if (rc)
		said("attributes", rc);
	else
		printf("is %s\n", kinds[is.type & 3]);
}

static void compute(unsigned *data, size_t bytes)
{
	const size_t n = bytes / sizeof(*data);
	unsigned *copy = (unsigned *)malloc(bytes);
	size_t wrong = 0;
	cudaError_t rc;

	for (size_t i = 0; i < n; i++)
		copy[i] = (unsigned)i;
	rc = cudaMemcpy(data, copy, bytes, cudaMemcpyHostToDevice);
	if (!rc) {
		twice<<<(unsigned)((n + 255) / 256), 256, 0, stream>>>(data, n);
		rc = cudaStreamSynchronize(stream);
	}
	if (!rc)
		rc = cudaMemcpy(copy, data, bytes, cudaMemcpyDeviceToHost);
	for (size_t i = 0; !rc && i < n; i++)
		wrong += copy[i] != (unsigned)i * 2 + 1;
	free(copy);
	if (rc)
		said("kernel", rc);
	else
		printf("kernel %s\n", wrong ? "computes WRONG" : "computes right");
}

static void node_of(void *memory)
{
	int status = -1000;
	void *page = memory;

	if (syscall(SYS_move_pages, 0, 1UL, &page, NULL, &status, 0))
		status = -1000;
	printf("node %d\n", status);
}

static void capture(void)
{
	cudaGraph_t graph;
	void *p = NULL;

	said("begin", cudaStreamBeginCapture(stream,
			     cudaStreamCaptureModeRelaxed));
	said("malloc in capture", cudaMalloc(&p, MIB));
	said("end", cudaStreamEndCapture(stream, &graph));
	if (p)
		kind_of(p);
}

static void attributes(void)
{
	static const int all[] = { 83, 88, 89, 91, 100, 101, 130, 131, 134, 141,
		142, 143, 144 };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		int value = -1;
		cudaError_t rc = cudaDeviceGetAttribute(
			&value, (cudaDeviceAttr)all[i], 0);

		printf("attribute %d: %d (%d)\n", all[i], value, (int)rc);
	}
	cudaGetLastError();
}

int main(int argc, char **argv)
{
	cudaError_t rc = cudaStreamCreate(&stream);
	unsigned *p = NULL;
	size_t n = 0;

	if (rc) {
		said("start", rc);
		return 77;
	}
	for (int i = 1; i < argc; i++) {
		const char *what = argv[i];
		size_t mib = i + 1 < argc ? strtoull(argv[i + 1], NULL, 0) : 0;

		if (mib && taken + mib * MIB > MOST) {
			printf("too much\n");
			return 1;
		}
		if (!strcmp(what, "malloc")) {
			n = mib * MIB, taken += n, i++;
			said(what, cudaMalloc((void **)&p, n));
		} else if (!strcmp(what, "async")) {
			n = mib * MIB, taken += n, i++;
			said(what, cudaMallocAsync((void **)&p, n, stream));
		} else if (!strcmp(what, "host")) {
			n = mib * MIB, taken += n, i++;
			said(what, cudaMallocHost((void **)&p, n));
		} else if (!strcmp(what, "managed")) {
			n = mib * MIB, taken += n, i++;
			said(what, cudaMallocManaged((void **)&p, n));
		} else if (!strcmp(what, "kind")) {
			kind_of(p);
		} else if (!strcmp(what, "compute")) {
			compute(p, n);
		} else if (!strcmp(what, "node")) {
			node_of(p);
		} else if (!strcmp(what, "free")) {
			said(what, cudaFree(p));
		} else if (!strcmp(what, "freehost")) {
			said(what, cudaFreeHost(p));
		} else if (!strcmp(what, "freeasync")) {
			said(what, cudaFreeAsync(p, stream));
		} else if (!strcmp(what, "capture")) {
			capture();
		} else if (!strcmp(what, "ipc")) {
			cudaIpcMemHandle_t handle;

			said(what, cudaIpcGetMemHandle(&handle, p));
		} else if (!strcmp(what, "attributes")) {
			attributes();
		} else {
			printf("what is %s?\n", what);
		}
	}
	return 0;
}
