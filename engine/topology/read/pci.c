/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GPUs, accelerators and network cards on PCI.
 *
 * Servers have a display controller in their management chip, which is no
 * GPU: it draws the console.  The kernel tells them apart: only drivers of
 * devices that compute offer a render node (drm/renderD*), and NVIDIA's lists
 * its own in /proc/driver/nvidia/gpus.  3D controllers (class 0302) and
 * processing accelerators (1200) have no display and are always taken.
 *
 * Sources: PCI Code and ID Assignment Specification (classes), the kernel's
 * gpu/drm-uapi.rst (render nodes), ABI/testing/sysfs-bus-pci,
 * ABI/testing/sysfs-class-net, ABI/stable/sysfs-class-infiniband.
 */
#include <stdio.h>
#include <string.h>

#include "engine/topology/pcie.h"
#include "engine/topology/readers.h"
#include "engine/topology/sysfs.h"

#define DEVICES "sys/bus/pci/devices"

struct walk {
	unsigned gpus;
};

static void any_render(struct hms_builder *b, const char *name, void *arg)
{
	bool *found = arg;

	(void)b;
	*found |= !strncmp(name, "renderD", 7);
}

static void any(struct hms_builder *b, const char *name, void *arg)
{
	bool *found = arg;

	(void)b;
	(void)name;
	*found = true;
}

static bool is_gpu(struct hms_builder *b, const char *address, uint64_t class)
{
	bool found = false;

	switch (class >> 8) {
	case 0x0302:
	case 0x1200:
		return true;
	case 0x0300:
	case 0x0380:
		hms_sysfs_dir(
			b, any_render, &found, DEVICES "/%s/drm", address);
		if (!found)
			hms_sysfs_dir(b, any, &found,
				"proc/driver/nvidia/gpus/%s", address);
		return found;
	}
	return false;
}

static void add_gpu(
	struct hms_builder *b, const char *address, struct walk *walk)
{
	int at = hms_pci_attach(b, address, HMS_INITIATOR_GPU);
	char text[96];

	if (at < 0)
		return;
	snprintf(text, sizeof(text), "gpu:%u", walk->gpus++);
	hms_builder_alias(b, at, text);
	/* amdgpu: the card's name, empty on most boards. */
	if (!hms_builder_at(b, at)->name &&
		hms_sysfs_read(b, text, sizeof(text),
			DEVICES "/%s/product_name", address) > 0)
		hms_builder_at(b, at)->name = hms_builder_text(b, text);
}

struct nic {
	const char *address;
	int at; /* -1: no name was found yet */
};

static void add_nic_name(struct hms_builder *b, const char *name, void *arg)
{
	struct nic *nic = arg;
	char alias[80];

	if (nic->at < 0)
		nic->at = hms_pci_attach(b, nic->address, HMS_INITIATOR_NIC);
	snprintf(alias, sizeof(alias), "nic:%s", name);
	hms_builder_alias(b, nic->at, alias);
}

/* A virtio card's interface hangs on the virtio device below it. */
static void look_below(struct hms_builder *b, const char *name, void *arg)
{
	struct nic *nic = arg;

	if (!strncmp(name, "virtio", 6))
		hms_sysfs_dir(b, add_nic_name, nic, DEVICES "/%s/%s/net",
			nic->address, name);
}

/* A card that no driver gave a name cannot be asked for, and is left out. */
static void add_nic(struct hms_builder *b, const char *address)
{
	struct nic nic = { .address = address, .at = -1 };
	char physical[HMS_PCI_ADDRESS];

	/* Virtual functions by the hundred share their card's way. */
	if (!hms_sysfs_link(b, physical, sizeof(physical), DEVICES "/%s/physfn",
		    address))
		return;
	hms_sysfs_dir(b, add_nic_name, &nic, DEVICES "/%s/net", address);
	hms_sysfs_dir(b, add_nic_name, &nic, DEVICES "/%s/infiniband", address);
	if (nic.at < 0)
		hms_sysfs_dir(b, look_below, &nic, DEVICES "/%s", address);
}

static void add_device(struct hms_builder *b, const char *name, void *arg)
{
	uint64_t class;

	if (!hms_pci_address(name) ||
		hms_sysfs_number(b, &class, DEVICES "/%s/class", name))
		return;
	if (is_gpu(b, name, class))
		add_gpu(b, name, arg);
	else if (class >> 16 == 0x02)
		add_nic(b, name);
}

void hms_read_pci(struct hms_builder *b)
{
	struct walk walk = { 0 };

	hms_sysfs_dir(b, add_device, &walk, DEVICES);
}
