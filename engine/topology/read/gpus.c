/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel alone knows of GPUs, for those that no runtime spoke of: in
 * other people's processes none is asked, and often none is installed.
 *
 * NVIDIA's driver lists its GPUs in /proc.  CUDA numbers them by speed unless
 * told otherwise, which is the order of their PCI addresses if all are of one
 * model: then "cuda:N" is the Nth.  HIP numbers by the nodes of amdkfd.  Both
 * only if the environment hides none.  amdgpu and xe say how much memory a
 * card has.
 *
 * Source: CUDA C++ Programming Guide, "CUDA Environment Variables"
 * (CUDA_DEVICE_ORDER, CUDA_VISIBLE_DEVICES); HIP documentation, "GPU
 * isolation techniques"; the kernel's gpu/amdgpu/driver-misc.rst (mem_info_*)
 * and drivers/gpu/drm/amd/amdkfd/kfd_topology.c (properties; location_id is
 * bus, device and function).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/topology/device.h"
#include "engine/topology/pcie.h"
#include "engine/topology/readers.h"
#include "engine/topology/sysfs.h"

#define GPUS "proc/driver/nvidia/gpus"
#define DEVICES "sys/bus/pci/devices"
#define MOST_TILES 8
#define MOST_KFD_NODES 256

struct nvidia {
	unsigned count;
	bool alike, named;
	char model[96]; /* of the first */
};

/* "Model: \t\t NVIDIA H200" */
static bool model(
	struct hms_builder *b, const char *gpu, char *out, size_t size)
{
	char text[1024], *line;

	if (hms_sysfs_read(
		    b, text, sizeof(text), GPUS "/%s/information", gpu) <= 0)
		return false;
	line = strstr(text, "Model:");
	if (!line)
		return false;
	line += 6 + strspn(line + 6, " \t");
	line[strcspn(line, "\n")] = 0;
	snprintf(out, size, "%.90s", line);
	return out[0];
}

static void name_gpu(struct hms_builder *b, const char *gpu, void *arg)
{
	struct nvidia *nvidia = arg;
	const char *name;
	char text[96] = "";
	int at, target;

	if (!hms_pci_address(gpu))
		return;
	at = hms_pci_attach(b, gpu, HMS_INITIATOR_GPU);
	if (!model(b, gpu, text, sizeof(text)))
		nvidia->alike = false;
	else if (!nvidia->count)
		memcpy(nvidia->model, text, sizeof(text));
	else if (strcmp(nvidia->model, text))
		nvidia->alike = false;
	nvidia->count++;
	if (at < 0 || !text[0])
		return;
	name = hms_builder_text(b, text);
	if (!hms_builder_at(b, at)->name)
		hms_builder_at(b, at)->name = name;
	target = hms_device_find(b, gpu);
	if (target >= 0 && !hms_builder_memory(b, target)->name)
		hms_builder_memory(b, target)->name = name;
}

static void number_gpu(struct hms_builder *b, const char *gpu, void *arg)
{
	unsigned *number = arg;
	char id[48];
	int at;

	if (!hms_pci_address(gpu))
		return;
	snprintf(id, sizeof(id), "pci:%s", gpu);
	at = hms_builder_find_initiator(b, id);
	snprintf(id, sizeof(id), "cuda:%u", (*number)++);
	hms_builder_alias(b, at, id);
}

static const char *const cuda_hides[] = { "CUDA_VISIBLE_DEVICES", NULL };
static const char *const hip_hides[] = { "HIP_VISIBLE_DEVICES",
	"ROCR_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL",
	NULL };

/* Of this process; what a recorded machine's had set is not known. */
static bool hidden(const struct hms_builder *b, const char *const *variables)
{
	if (*hms_builder_root(b))
		return false;
	for (; *variables; variables++)
		if (secure_getenv(*variables))
			return true;
	return false;
}

static void read_nvidia(struct hms_builder *b)
{
	struct nvidia nvidia = { .alike = true };
	unsigned number = 0;

	hms_sysfs_dir(b, name_gpu, &nvidia, GPUS);
	if (nvidia.alike && !hidden(b, cuda_hides) &&
		hms_builder_find_initiator(b, "cuda:0") < 0)
		hms_sysfs_dir(b, number_gpu, &number, GPUS);
}

/* "name value" in the properties of one of amdkfd's nodes. */
static bool property(const char *text, const char *name, uint64_t *out)
{
	size_t len = strlen(name);
	const char *line = text;

	for (; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, name, len) && line[len] == ' ')
			return hms_sysfs_digits(line + len + 1, out);
	}
	return false;
}

/* CPUs are nodes of it too; they have no SIMD units. */
static void read_kfd(struct hms_builder *b)
{
	bool named = hms_builder_find_initiator(b, "hip:0") >= 0 ||
		     hidden(b, hip_hides);
	unsigned number = 0;
	char text[2048];

	for (unsigned i = 0; i < MOST_KFD_NODES && !named; i++) {
		uint64_t units, location, domain = 0;
		char address[HMS_PCI_ADDRESS], alias[24];

		if (hms_sysfs_read(b, text, sizeof(text),
			    "sys/class/kfd/kfd/topology/nodes/%u/properties",
			    i) <= 0)
			break;
		if (!property(text, "simd_count", &units) || !units ||
			!property(text, "location_id", &location))
			continue;
		property(text, "domain", &domain);
		hms_pci_format(address, (unsigned)domain,
			(unsigned)(location >> 8), location >> 3 & 31,
			location & 7);
		snprintf(alias, sizeof(alias), "hip:%u", number++);
		hms_builder_alias(b,
			hms_pci_attach(b, address, HMS_INITIATOR_GPU), alias);
	}
}

static uint64_t xe_memory(struct hms_builder *b, const char *address)
{
	uint64_t total = 0, tile;

	for (unsigned i = 0; i < MOST_TILES; i++) {
		if (hms_sysfs_number(b, &tile,
			    DEVICES "/%s/tile%u/physical_vram_size_bytes",
			    address, i))
			break;
		total += tile;
	}
	return total;
}

/* "gpu:N" of an initiator's aliases: the id of memory that only PCI knows. */
static const char *gpu_alias(const struct hms_initiator *at)
{
	for (unsigned i = 0; i < at->naliases; i++)
		if (!strncmp(at->aliases[i], "gpu:", 4))
			return at->aliases[i];
	return NULL;
}

static void add_memory(struct hms_builder *b, int at, const char *address)
{
	const char *id = gpu_alias(hms_builder_at(b, at)), *device;
	struct hms_device_memory memory = {
		.initiator = at,
		.where = address,
		.pci = true,
	};
	uint64_t size = 0, visible = 0;

	if (!id || hms_device_find(b, address) >= 0)
		return;
	if (hms_sysfs_number(
		    b, &size, DEVICES "/%s/mem_info_vram_total", address))
		size = xe_memory(b, address);
	if (!size)
		return;
	hms_sysfs_number(
		b, &visible, DEVICES "/%s/mem_info_vis_vram_total", address);
	memory.target = hms_builder_target(b, id);
	if (memory.target < 0)
		return;
	hms_builder_kind(b, memory.target, HMS_KIND_GPU, HMS_DRIVER);
	hms_builder_manager(
		b, memory.target, HMS_MANAGED_BY_DRIVER, HMS_DRIVER);
	hms_builder_size(b, memory.target, size, HMS_DRIVER);
	hms_builder_property(b, memory.target, HMS_COHERENT, false, HMS_DRIVER);
	hms_builder_property(
		b, memory.target, HMS_CPU_ACCESS, visible == size, HMS_DRIVER);
	device = hms_builder_text(b, address);
	hms_builder_memory(b, memory.target)->device = device;
	hms_builder_memory(b, memory.target)->name =
		hms_builder_at(b, at)->name;
	hms_device_ways(b, &memory);
}

/*
 * A recording says what the driver said of a GPU's own memory; the ways there
 * are found, and guessed, as on the machine itself.
 */
static void add_ways(struct hms_builder *b, int link)
{
	const struct hms_link *own = hms_builder_link_at(b, link);
	const struct hms_memory *memory;
	struct hms_device_memory device;
	const char *id;

	if (own->ninitiators != 1 || own->ntargets != 1)
		return;
	device = (struct hms_device_memory){
		.initiator = (int)own->initiators[0],
		.target = (int)own->targets[0],
		.pci = true,
		.origin = HMS_DRIVER,
	};
	memory = hms_builder_memory(b, device.target);
	id = hms_builder_at(b, device.initiator)->id;
	if (memory->kind != HMS_KIND_GPU ||
		memory->manager != HMS_MANAGED_BY_DRIVER ||
		strncmp(id, "pci:", 4) != 0 || !hms_pci_address(id + 4))
		return;
	device.where = id + 4;
	device.coherent = memory->properties & HMS_COHERENT;
	hms_device_ways(b, &device);
}

void hms_read_gpus(struct hms_builder *b)
{
	unsigned n;

	read_nvidia(b);
	read_kfd(b);
	n = hms_builder_initiators(b);
	for (unsigned i = 0; i < n; i++) {
		const struct hms_initiator *at = hms_builder_at(b, (int)i);

		if (strncmp(at->id, "pci:", 4) || !hms_pci_address(at->id + 4))
			continue;
		/* A recording may have it without its slot. */
		hms_pci_attach(b, at->id + 4, at->kind);
		if (at->kind == HMS_INITIATOR_GPU)
			add_memory(b, (int)i, at->id + 4);
	}
	n = hms_builder_links(b);
	for (unsigned i = 0; i < n; i++)
		add_ways(b, (int)i);
}
