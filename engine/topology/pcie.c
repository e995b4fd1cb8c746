/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sources: the kernel's ABI/testing/sysfs-bus-pci (current_link_speed,
 * current_link_width, numa_node, local_cpulist), PCI Express Base
 * Specification 6.0 (encodings), PCI Firmware Specification (addresses).
 */
#include "engine/topology/pcie.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "engine/target/target.h"
#include "engine/topology/read/read.h"
#include "engine/topology/sysfs.h"

#define DEVICES "sys/bus/pci/devices"

static bool hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
	       (c >= 'A' && c <= 'F');
}

static unsigned hex_value(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 32) - 'a' + 10);
}

/* Hexadecimal digits up to the byte `end`; NULL if that does not follow. */
static const char *part(
	const char *text, size_t least, size_t most, char end, unsigned *out)
{
	size_t n = 0;

	for (*out = 0; n < most && hex(text[n]); n++)
		*out = *out << 4 | hex_value(text[n]);
	return n >= least && text[n] == end ? text + n + (end != 0) : NULL;
}

static bool parse(const char *text, unsigned out[4])
{
	text = part(text, 4, 8, ':', &out[0]);
	text = text ? part(text, 2, 2, ':', &out[1]) : NULL;
	text = text ? part(text, 2, 2, '.', &out[2]) : NULL;
	return text && part(text, 1, 1, 0, &out[3]) && out[2] < 32 &&
	       out[3] < 8;
}

bool hms_pci_address(const char *text)
{
	unsigned parts[4];

	return parse(text, parts);
}

void hms_pci_format(char out[HMS_PCI_ADDRESS], unsigned domain, unsigned bus,
	unsigned device, unsigned function)
{
	snprintf(out, HMS_PCI_ADDRESS, "%04x:%02x:%02x.%x", domain, bus & 255,
		device & 31, function & 7);
}

bool hms_pci_normal(const char *text, char out[HMS_PCI_ADDRESS])
{
	unsigned parts[4];

	if (!parse(text, parts))
		return false;
	hms_pci_format(out, parts[0], parts[1], parts[2], parts[3]);
	return true;
}

/*
 * Calls fn for each PCI address in the link's text, from the root down; the
 * text is "../../../devices/pci0000:40/0000:40:01.1/0000:41:00.0/...".
 */
static int each_address(const struct hms_builder *b, const char *bus,
	const char *device, void (*fn)(const char *address, void *arg),
	void *arg)
{
	char link[HMS_SYSFS_PATH];
	char *rest = link, *name;
	int rc = hms_sysfs_target(
		b, link, sizeof(link), "sys/bus/%s/devices/%s", bus, device);

	if (rc)
		return rc;
	while ((name = strsep(&rest, "/")))
		if (hms_pci_address(name))
			fn(name, arg);
	return 0;
}

static void keep_last(const char *address, void *arg)
{
	snprintf(arg, HMS_PCI_ADDRESS, "%s", address);
}

int hms_pci_parent(const struct hms_builder *b, const char *bus,
	const char *device, char out[HMS_PCI_ADDRESS])
{
	out[0] = 0;
	each_address(b, bus, device, keep_last, out);
	return out[0] ? 0 : -ENOENT;
}

/* "16.0 GT/s PCIe", older "8 GT/s": tenths of GT/s; 0: unknown. */
static unsigned speed(
	const struct hms_builder *b, const char *address, const char *file)
{
	char text[64];
	const char *p = text;
	unsigned tenths = 0;

	if (hms_sysfs_read(b, text, sizeof(text), DEVICES "/%s/%s", address,
		    file) <= 0)
		return 0;
	for (; *p >= '0' && *p <= '9' && tenths < 100000; p++)
		tenths = tenths * 10 + (unsigned)(*p - '0');
	tenths *= 10;
	if (p[0] == '.' && p[1] >= '0' && p[1] <= '9')
		tenths += (unsigned)(p[1] - '0');
	return strstr(p, "GT/s") ? tenths : 0;
}

/*
 * 8b/10b up to 5 GT/s, 128b/130b up to 32; at 64 the flits of 256 bytes carry
 * 236 of packets.
 */
static uint64_t packets(unsigned tenths, uint64_t lanes)
{
	uint64_t raw = tenths * lanes * 100; /* Mbit/s */

	if (tenths <= 50)
		return raw * 8 / 10 / 8;
	if (tenths <= 320)
		return raw * 128 / 130 / 8;
	return raw * 236 / 256 / 8;
}

struct way {
	struct hms_builder *b;
	unsigned above; /* the fastest that the port above can do */
	uint32_t least;
};

/*
 * One link on the way: between this device and the port above.  Idle devices
 * fall back to 2.5 GT/s to save power and train up when used, so this speed
 * is only believed of links whose ends cannot do more.
 */
static void narrow(const char *address, void *arg)
{
	struct way *way = arg;
	unsigned most = speed(way->b, address, "max_link_speed");
	unsigned now = speed(way->b, address, "current_link_speed");
	uint64_t width = 0, bandwidth;

	if (now == 25 && most && way->above)
		now = most < way->above ? most : way->above;
	else if (now == 25 && most)
		now = most;
	way->above = most;
	if (hms_sysfs_number(way->b, &width, DEVICES "/%s/current_link_width",
		    address) ||
		!now || !width || width > 32)
		return; /* 63 and 255: no link */
	bandwidth = packets(now, width);
	if (bandwidth <= UINT32_MAX && (!way->least || bandwidth < way->least))
		way->least = (uint32_t)bandwidth;
}

uint32_t hms_pcie_bandwidth(struct hms_builder *b, const char *address)
{
	struct way way = { .b = b };

	/* A recording may have folders where sysfs has links. */
	if (each_address(b, "pci", address, narrow, &way))
		narrow(address, &way);
	return way.least;
}

/* distance has a number for each node there is, in the order of has_node. */
struct nearest {
	const char *distance;
	unsigned least;
	int node;
};

static void try_node(struct hms_builder *b, unsigned node, void *arg)
{
	struct nearest *nearest = arg;
	const char *p = nearest->distance;
	unsigned distance = 0;

	while (*p == ' ')
		p++;
	for (; *p >= '0' && *p <= '9'; p++)
		distance = distance * 10 + (unsigned)(*p - '0');
	nearest->distance = p;
	if (distance && hms_reader_cpu(b, node) >= 0 &&
		(nearest->node < 0 || distance < nearest->least)) {
		nearest->least = distance;
		nearest->node = (int)node;
	}
}

static int nearest_with_cpus(struct hms_builder *b, unsigned node)
{
	char distance[4096];
	struct nearest nearest = { .distance = distance, .node = -1 };

	if (hms_reader_cpu(b, node) >= 0)
		return (int)node;
	if (hms_sysfs_read(b, distance, sizeof(distance),
		    "sys/devices/system/node/node%u/distance", node) <= 0)
		return -1;
	hms_sysfs_list(b, try_node, &nearest, "sys/devices/system/node/online");
	return nearest.node;
}

/* The kernel gives a device of no node every CPU; of one node, its CPUs. */
static int by_cpus(struct hms_builder *b, const char *dir)
{
	char list[1024];

	if (hms_sysfs_read(b, list, sizeof(list), "%s/local_cpulist", dir) <= 0)
		return -1;
	for (unsigned i = 0; i < hms_builder_initiators(b); i++) {
		const struct hms_initiator *at = hms_builder_at(b, (int)i);

		if (at->kind != HMS_INITIATOR_CPU || !at->cpus ||
			strcmp(at->cpus, list))
			continue;
		return at->node;
	}
	return -1;
}

int hms_device_node(struct hms_builder *b, const char *dir)
{
	uint64_t node;

	if (!hms_sysfs_number(b, &node, "%s/numa_node", dir) &&
		node < HMS_MAX_NODES) {
		int near = nearest_with_cpus(b, (unsigned)node);

		if (near >= 0)
			return near;
	}
	return by_cpus(b, dir);
}
