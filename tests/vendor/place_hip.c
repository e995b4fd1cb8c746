/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program of HIP.  Says of each piece of memory what the runtime and the
 * kernel say of it, and that it can be used and given back.  Its words are
 * the same wherever the memory is, but for the lines with "is".
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shims/hip_runtime.h"
#include "tests/vendor/by_name.h"
#include "tests/vendor/where.h"

#define SIZE ((size_t)4 << 20)

struct attributes {
	int type, device;
	void *on_device, *on_host;
	int managed;
	unsigned flags;
};
int hipPointerGetAttributes(struct attributes *out, const void *p);

#ifdef BY_NAME
#define FIND(name)                                                             \
	((__typeof__(&(name)))by_name(                                         \
		"libamdhip64.so.6", "hipGetProcAddress", #name))
#define hipExtMallocWithFlags FIND(hipExtMallocWithFlags)
#define hipFree FIND(hipFree)
#define hipGetProcAddress FIND(hipGetProcAddress)
#define hipGetLastError FIND(hipGetLastError)
#define hipFreeAsync FIND(hipFreeAsync)
#define hipFreeHost FIND(hipFreeHost)
#define hipHostAlloc FIND(hipHostAlloc)
#define hipHostFree FIND(hipHostFree)
#define hipHostGetFlags FIND(hipHostGetFlags)
#define hipHostMalloc FIND(hipHostMalloc)
#define hipHostRegister FIND(hipHostRegister)
#define hipHostUnregister FIND(hipHostUnregister)
#define hipIpcGetMemHandle FIND(hipIpcGetMemHandle)
#define hipMalloc FIND(hipMalloc)
#define hipMalloc3D FIND(hipMalloc3D)
#define hipMallocAsync FIND(hipMallocAsync)
#define hipMallocFromPoolAsync FIND(hipMallocFromPoolAsync)
#define hipMallocHost FIND(hipMallocHost)
#define hipMallocManaged FIND(hipMallocManaged)
#define hipMallocPitch FIND(hipMallocPitch)
#define hipMemAdvise FIND(hipMemAdvise)
#define hipMemAllocHost FIND(hipMemAllocHost)
#define hipMemAllocPitch FIND(hipMemAllocPitch)
#define hipMemGetAddressRange FIND(hipMemGetAddressRange)
#define hipMemPrefetchAsync FIND(hipMemPrefetchAsync)
#define hipPointerGetAttributes FIND(hipPointerGetAttributes)
#define hipStreamBeginCapture FIND(hipStreamBeginCapture)
#define hipStreamEndCapture FIND(hipStreamEndCapture)
#endif

static void say(const char *name, hipError_t rc, char *p, size_t size)
{
	struct attributes a = { 0 };
	void *base = NULL;
	size_t length = 0;

	printf("%s: %u\n", name, rc);
	if (rc)
		return;
	/* As programs ask after a kernel, which has an error of its own. */
	printf("%s left error %u\n", name, hipGetLastError());
	hipPointerGetAttributes(&a, p);
	printf("%s is %s of %d%s\n", name,
		a.managed     ? "managed"
		: a.type == 0 ? "host"
			      : "device",
		a.device, is_bound(p) ? ", bound" : "");
	rc = hipMemGetAddressRange(&base, &length, p + size / 2);
	printf("%s range: %u, %s, %s\n", name, rc,
		base == p ? "from its start" : "FROM ELSEWHERE",
		length >= size ? "whole" : "SHORT");
	memset(p, 0x5a, size);
}

static void end(const char *name, hipError_t rc, const void *p)
{
	printf("%s freed: %u %s\n", name, rc, is_mapped(p) ? "LEFT" : "gone");
	(void)hipGetLastError();
}

static void device_memory(void)
{
	hipPitchedPtr rows = { 0 };
	size_t pitch = 0;
	hipError_t rc;
	void *p = NULL;

	rc = hipMalloc(&p, SIZE);
	say("hipMalloc", rc, p, SIZE);
	if (!rc)
		end("hipMalloc", hipFree(p), p);
	rc = hipExtMallocWithFlags(&p, SIZE, 0);
	say("hipExtMallocWithFlags", rc, p, SIZE);
	if (!rc)
		end("hipExtMallocWithFlags", hipFree(p), p);
	rc = hipExtMallocWithFlags(&p, SIZE, 1);
	say("fine-grained", rc, p, SIZE);
	if (!rc)
		end("fine-grained", hipFree(p), p);
	rc = hipMallocPitch(&p, &pitch, 1000, 1000);
	say("hipMallocPitch", rc, p, rc ? 0 : pitch * 1000);
	printf("a row %s\n", pitch >= 1000 ? "fits" : "DOES NOT FIT");
	if (!rc)
		end("hipMallocPitch", hipFree(p), p);
	rc = hipMemAllocPitch(&p, &pitch, 1000, 1000, 8);
	say("hipMemAllocPitch", rc, p, rc ? 0 : pitch * 1000);
	if (!rc)
		end("hipMemAllocPitch", hipFree(p), p);
	rc = hipMalloc3D(&rows, (hipExtent){ 1000, 100, 10 });
	say("hipMalloc3D", rc, rows.ptr, rc ? 0 : rows.pitch * 1000);
	printf("of %zu by %zu, a row %s\n", rows.xsize, rows.ysize,
		rows.pitch >= 1000 ? "fits" : "DOES NOT FIT");
	if (!rc)
		end("hipMalloc3D", hipFree(rows.ptr), rows.ptr);
	rc = hipMalloc(&p, SIZE);
	if (!rc)
		end("later", hipFreeAsync(p, NULL), p);
}

static void other_memory(void)
{
	static const struct {
		const char *name;
		unsigned flags;
	} kinds[] = { { "default", 0 }, { "mapped", 3 }, { "combined", 4 },
		{ "by numa", 0x20000000 }, { "coherent", 0x40000000 } };
	unsigned flags;
	hipError_t rc;
	void *p = NULL;

	rc = hipMallocManaged(&p, SIZE, 1);
	say("hipMallocManaged", rc, p, SIZE);
	if (!rc) {
		printf("advice: %u\n", hipMemAdvise(p, SIZE, 3, 0));
		printf("prefetch: %u\n", hipMemPrefetchAsync(p, SIZE, 0, NULL));
		end("hipMallocManaged", hipFree(p), p);
	}
	rc = hipMallocManaged(&p, SIZE, 2);
	say("attached to the host", rc, p, SIZE);
	if (!rc)
		end("attached to the host", hipFree(p), p);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		rc = hipHostMalloc(&p, SIZE, kinds[i].flags);
		say(kinds[i].name, rc, p, SIZE);
		if (rc)
			continue;
		flags = 99;
		rc = hipHostGetFlags(&flags, p);
		printf("flags: %u 0x%x\n", rc, flags);
		printf("not registered by the program: %u\n",
			hipHostUnregister(p));
		end(kinds[i].name, hipHostFree(p), p);
	}
	rc = hipHostAlloc(&p, SIZE, 1);
	say("hipHostAlloc", rc, p, SIZE);
	if (!rc)
		end("hipHostAlloc", hipFreeHost(p), p);
	rc = hipMallocHost(&p, SIZE);
	say("hipMallocHost", rc, p, SIZE);
	if (!rc)
		end("hipMallocHost", hipFreeHost(p), p);
	rc = hipMemAllocHost(&p, SIZE);
	say("hipMemAllocHost", rc, p, SIZE);
	if (!rc)
		end("hipMemAllocHost", hipHostFree(p), p);
	rc = hipMallocAsync(&p, SIZE, NULL);
	say("hipMallocAsync", rc, p, SIZE);
	if (!rc)
		end("hipMallocAsync", hipFreeAsync(p, NULL), p);
	rc = hipMallocFromPoolAsync(&p, SIZE, NULL, NULL);
	say("hipMallocFromPoolAsync", rc, p, SIZE);
	if (!rc)
		end("hipMallocFromPoolAsync", hipFreeAsync(p, NULL), p);
}

/* Calls that the runtime must refuse, and does so as without us. */
static void bad_calls(void)
{
	static char own[4096] __attribute__((aligned(4096)));
	hipPitchedPtr rows;
	size_t pitch;
	void *p = &pitch;

	printf("no place to put it: %u\n", hipMalloc(NULL, SIZE));
	printf("nothing: %u %s\n", hipMalloc(&p, 0), p ? "memory" : "NULL");
	printf("too much: %u\n", hipMalloc(&p, SIZE_MAX / 2));
	printf("no flags: %u\n", hipMallocManaged(&p, SIZE, 0));
	printf("no height: %u\n", hipMallocPitch(&p, &pitch, 10, 0));
	printf("no element: %u\n", hipMemAllocPitch(&p, &pitch, 10, 10, 3));
	printf("no depth: %u\n", hipMalloc3D(&rows, (hipExtent){ 10, 10, 0 }));
	printf("not its own: %u %u %u\n", hipFree(own), hipHostFree(own),
		hipFreeAsync(own, NULL));
	printf("nobody's: %u\n", hipFree(NULL));
	printf("no such name: %u %s\n",
		hipGetProcAddress("hipNoSuchThing", &p, 60000, 0, NULL),
		p ? "FOUND" : "NULL");
	printf("registered: %u %u\n", hipHostRegister(own, 4096, 0),
		hipHostUnregister(own));
	(void)hipGetLastError();
}

/* While a stream is captured, and once memory is shared, nothing changes. */
static void never(const char *when)
{
	void *p = NULL;
	hipError_t rc = hipMalloc(&p, SIZE);

	say(when, rc, p, SIZE);
	if (!rc)
		end(when, hipFree(p), p);
}

/* Pieces of all kinds by several threads: each holds what was put into it. */
static void *churn(void *arg)
{
	unsigned seed = *(unsigned *)arg;
	struct {
		unsigned char *p;
		size_t size;
		bool host;
	} piece[16] = { 0 };

	for (int i = 0; i < 600; i++) {
		unsigned at = rand_r(&seed) % 16;
		size_t size = (size_t)1 << (6 + rand_r(&seed) % 16);
		void *p = NULL;
		hipError_t rc;

		if (piece[at].p &&
			(piece[at].p[0] != at ||
				piece[at].p[piece[at].size - 1] != at))
			return "LOST";
		rc = piece[at].host ? hipHostFree(piece[at].p)
				    : hipFree(piece[at].p);
		if (piece[at].p && rc)
			return "NOT FREED";
		piece[at].host = rand_r(&seed) % 3 == 0;
		rc = piece[at].host	 ? hipHostMalloc(&p, size, 0)
		     : rand_r(&seed) % 3 ? hipMalloc(&p, size)
					 : hipMallocManaged(&p, size, 1);
		if (rc)
			return "REFUSED";
		piece[at].p = p;
		piece[at].size = size;
		piece[at].p[0] = piece[at].p[size - 1] = (unsigned char)at;
	}
	return NULL;
}

static void threads(void)
{
	pthread_t thread[4];
	unsigned seed[4];
	const char *bad = "fine";
	void *one;

	for (unsigned i = 0; i < 4; i++) {
		seed[i] = i;
		pthread_create(&thread[i], NULL, churn, &seed[i]);
	}
	for (unsigned i = 0; i < 4; i++) {
		pthread_join(thread[i], &one);
		bad = one ? one : bad;
	}
	printf("threads: %s\n", bad);
}

int main(int argc, char **argv)
{
	char handle[64];
	hipGraph_t graph;
	void *p = NULL;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1 && !strcmp(argv[1], "room")) {
		for (int i = 0; i < 4; i++) {
			char name[16];
			hipError_t rc = hipMalloc(&p, SIZE);

			snprintf(name, sizeof(name), "piece %d", i);
			say(name, rc, p, SIZE);
		}
		return 0;
	}
	if (argc > 1 && !strcmp(argv[1], "rows")) {
		for (int i = 0; i < 8; i++) {
			size_t pitch;
			hipError_t rc = hipMallocPitch(&p, &pitch, 100, 1000);

			printf("rows: %u %u\n", rc, rc ? 0 : hipFree(p));
		}
		return 0;
	}
	if (argc > 1 && !strcmp(argv[1], "threads")) {
		threads();
		return 0;
	}
	device_memory();
	other_memory();
	bad_calls();
	printf("capture: %u\n", hipStreamBeginCapture(NULL, 0));
	never("captured");
	printf("end: %u\n", hipStreamEndCapture(NULL, &graph));
	never("after it");
	if (!hipMalloc(&p, SIZE)) {
		hipError_t rc = hipIpcGetMemHandle((void *)handle, p);

		printf("handle is %s\n", rc ? "refused" : "given");
		end("shared", hipFree(p), p);
	}
	never("shared before");
	return 0;
}
