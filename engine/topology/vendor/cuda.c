/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CUDA, by its driver API.  cuInit() is called in the tool's child only.
 * Source: CUDA Driver API, CUDA 13.0: device management, peer access.
 */
#include "engine/topology/vendor/vendor.h"

enum { SUCCESS = 0, NOT_INITIALIZED = 3, NO_DEVICE = 100 };

/* CUdevice_attribute */
enum {
	INTEGRATED = 18,
	MEMORY_CLOCK_RATE = 36, /* kHz */
	GLOBAL_MEMORY_BUS_WIDTH = 37, /* bits */
	PAGEABLE_MEMORY_ACCESS_USES_HOST_PAGE_TABLES = 100,
	DIRECT_MANAGED_MEM_ACCESS_FROM_HOST = 101,
	NUMA_CONFIG = 130, /* 1: its memory is a node */
	NUMA_ID = 131,
};

/* CUdevice_P2PAttribute */
enum { P2P_NATIVE_ATOMIC_SUPPORTED = 3 };

static struct {
	int (*init)(unsigned flags);
	int (*count)(int *count);
	int (*get)(int *device, int number);
	int (*name)(char *name, int len, int device);
	int (*memory)(size_t *bytes, int device);
	int (*pci)(char *address, int len, int device);
	int (*attribute)(int *value, int attribute, int device);
	int (*peer)(int *can, int device, int peer);
	int (*p2p)(int *value, int attribute, int from, int to);
} cu;

static const struct hms_vendor_function functions[] = {
	{ "cuInit", &cu.init },
	{ "cuDeviceGetCount", &cu.count },
	{ "cuDeviceGet", &cu.get },
	{ "cuDeviceGetName", &cu.name },
	{ "cuDeviceTotalMem_v2", &cu.memory },
	{ "cuDeviceGetPCIBusId", &cu.pci },
	{ "cuDeviceGetAttribute", &cu.attribute },
	{ "?cuDeviceCanAccessPeer", &cu.peer },
	{ "?cuDeviceGetP2PAttribute", &cu.p2p },
	{ NULL, NULL },
};

/* An attribute that this driver does not know is 0. */
static int attribute(int which, int device)
{
	int value = 0;

	return cu.attribute(&value, which, device) == SUCCESS ? value : 0;
}

/*
 * The wires carry two bits per clock; the driver's clock of HBM and GDDR is
 * counted so that this gives the data sheets' bandwidths.
 */
static uint32_t bandwidth(int device)
{
	int khz = attribute(MEMORY_CLOCK_RATE, device);
	int bits = attribute(GLOBAL_MEMORY_BUS_WIDTH, device);
	uint64_t mb;

	if (khz <= 0 || bits <= 0)
		return 0;
	mb = (uint64_t)khz * (unsigned)bits / 4000;
	return mb > UINT32_MAX ? 0 : (uint32_t)mb;
}

/*
 * Which way peers are reached is not said in words; but atomics of every kind
 * work over NVLink and not over PCIe.
 */
static void ask_peers(struct hms_device *out, int device, int count)
{
	for (int n = 0; cu.peer && n < count && n < HMS_VENDOR_DEVICES; n++) {
		int can = 0, native = 0, peer;

		if (cu.get(&peer, n) || peer == device ||
			cu.peer(&can, device, peer) || !can)
			continue;
		out->peers |= 1ULL << n;
		if (cu.p2p &&
			!cu.p2p(&native, P2P_NATIVE_ATOMIC_SUPPORTED, device,
				peer) &&
			native)
			out->near |= 1ULL << n;
	}
}

static bool ask_device(struct hms_vendor_answer *answer, int device, int count)
{
	struct hms_device *out = hms_vendor_device(answer);
	char address[64] = "";
	size_t bytes = 0;

	if (!out)
		return false;
	if (cu.name(out->name, (int)sizeof(out->name), device))
		out->name[0] = 0;
	if (!cu.pci(address, (int)sizeof(address), device))
		hms_pci_normal(address, out->pci);
	if (!cu.memory(&bytes, device))
		out->memory = bytes;
	out->bandwidth = bandwidth(device);
	if (attribute(INTEGRATED, device))
		out->flags |= HMS_DEVICE_INTEGRATED;
	if (attribute(PAGEABLE_MEMORY_ACCESS_USES_HOST_PAGE_TABLES, device))
		out->flags |= HMS_DEVICE_HOST_TABLES;
	if (attribute(DIRECT_MANAGED_MEM_ACCESS_FROM_HOST, device))
		out->flags |= HMS_DEVICE_HOST_ACCESS;
	if (attribute(NUMA_CONFIG, device) == 1)
		out->node = attribute(NUMA_ID, device);
	ask_peers(out, device, count);
	answer->ndevices++;
	return true;
}

void hms_ask_cuda(struct hms_vendor_answer *answer)
{
	int count = 0, device, rc = SUCCESS;

	if (!hms_vendor_functions(answer, functions))
		return;
	if (answer->may_initialise)
		rc = cu.init(0);
	if (rc) {
		if (rc != NO_DEVICE)
			hms_vendor_complain(answer, "cuInit() says %d", rc);
		return;
	}
	rc = cu.count(&count);
	if (rc) {
		/* Nobody initialised it yet, and we do not. */
		if (answer->may_initialise || rc != NOT_INITIALIZED)
			hms_vendor_complain(
				answer, "cuDeviceGetCount() says %d", rc);
		return;
	}
	for (int n = 0; n < count; n++) {
		rc = cu.get(&device, n);
		if (rc) {
			hms_vendor_complain(
				answer, "cuDeviceGet(%d) says %d", n, rc);
			return;
		}
		if (!ask_device(answer, device, count))
			return;
	}
}
