/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * HIP.  Its calls initialise it, so only the tool's child asks.
 * Source: HIP 5.2 and 6.0 API reference; its attributes are numbered alike in
 * both (libamdhip64.so.5 and later).
 */
#include "engine/topology/vendor/vendor.h"

enum { SUCCESS = 0, NO_DEVICE = 100 };

/* hipDeviceAttribute_t */
enum {
	DIRECT_MANAGED_MEM_ACCESS_FROM_HOST = 13,
	INTEGRATED = 16,
	MEMORY_BUS_WIDTH = 59, /* bits */
	MEMORY_CLOCK_RATE = 60, /* kHz */
	PAGEABLE_MEMORY_ACCESS_USES_HOST_PAGE_TABLES = 66,
};

#define LINK_XGMI 4 /* HSA_AMD_LINK_INFO_TYPE_XGMI */

static struct {
	int (*count)(int *count);
	int (*name)(char *name, int len, int device);
	int (*memory)(size_t *bytes, int device);
	int (*pci)(char *address, int len, int device);
	int (*attribute)(int *value, int attribute, int device);
	int (*peer)(int *can, int device, int peer);
	int (*link)(int from, int to, uint32_t *type, uint32_t *hops);
} hip;

static const struct hms_vendor_function functions[] = {
	{ "hipGetDeviceCount", &hip.count },
	{ "hipDeviceGetName", &hip.name },
	{ "hipDeviceTotalMem", &hip.memory },
	{ "hipDeviceGetPCIBusId", &hip.pci },
	{ "?hipDeviceGetAttribute", &hip.attribute },
	{ "?hipDeviceCanAccessPeer", &hip.peer },
	{ "?hipExtGetLinkTypeAndHopCount", &hip.link },
	{ NULL, NULL },
};

static int attribute(int which, int device)
{
	int value = 0;

	if (!hip.attribute || hip.attribute(&value, which, device))
		return 0;
	return value;
}

/* Two bits per clock and wire, as CUDA counts. */
static uint32_t bandwidth(int device)
{
	int khz = attribute(MEMORY_CLOCK_RATE, device);
	int bits = attribute(MEMORY_BUS_WIDTH, device);
	uint64_t mb;

	if (khz <= 0 || bits <= 0)
		return 0;
	mb = (uint64_t)khz * (unsigned)bits / 4000;
	return mb > UINT32_MAX ? 0 : (uint32_t)mb;
}

static void ask_peers(struct hms_device *out, int device, int count)
{
	for (int peer = 0;
		hip.peer && peer < count && peer < HMS_VENDOR_DEVICES; peer++) {
		uint32_t type = 0, hops = 0;
		int can = 0;

		if (peer == device || hip.peer(&can, device, peer) || !can)
			continue;
		out->peers |= 1ULL << peer;
		if (hip.link && !hip.link(device, peer, &type, &hops) &&
			type == LINK_XGMI)
			out->near |= 1ULL << peer;
	}
}

static bool ask_device(struct hms_vendor_answer *answer, int device, int count)
{
	struct hms_device *out = hms_vendor_device(answer);
	char address[64] = "";
	size_t bytes = 0;

	if (!out)
		return false;
	if (hip.name(out->name, (int)sizeof(out->name), device))
		out->name[0] = 0;
	if (!hip.pci(address, (int)sizeof(address), device))
		hms_pci_normal(address, out->pci);
	if (!hip.memory(&bytes, device))
		out->memory = bytes;
	out->bandwidth = bandwidth(device);
	if (attribute(INTEGRATED, device))
		out->flags |= HMS_DEVICE_INTEGRATED;
	if (attribute(PAGEABLE_MEMORY_ACCESS_USES_HOST_PAGE_TABLES, device))
		out->flags |= HMS_DEVICE_HOST_TABLES;
	if (attribute(DIRECT_MANAGED_MEM_ACCESS_FROM_HOST, device))
		out->flags |= HMS_DEVICE_HOST_ACCESS;
	ask_peers(out, device, count);
	answer->ndevices++;
	return true;
}

void hms_ask_hip(struct hms_vendor_answer *answer)
{
	int count = 0, rc;

	if (!hms_vendor_functions(answer, functions))
		return;
	rc = hip.count(&count);
	if (rc) {
		if (rc != NO_DEVICE)
			hms_vendor_complain(
				answer, "hipGetDeviceCount() says %d", rc);
		return;
	}
	for (int device = 0; device < count; device++)
		if (!ask_device(answer, device, count))
			return;
}
