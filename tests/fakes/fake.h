/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the doubles of vendors' libraries share.  The file that HMS_FAKES names
 * says what machine they play; without it there are no devices.  Lines:
 *
 *	cuda device pci=0000:17:00.0 memory=85899345920 ... name=NVIDIA H100
 *	cuda cuDeviceGetCount 999	this call returns that
 *	cuda cuInit hang|crash|exit|print
 *
 * Properties of a device: pci, memory (bytes), clock (kHz), width (bits),
 * type (gpu cpu other), integrated, tables (host page tables), direct (CPUs
 * reach it), node (NUMA, -1), apart (no concurrent access to managed memory),
 * hidden (managed memory is unmapped without libc),
 * pools (of host memory), peers and near (bit masks of numbers), and name,
 * which is the rest of the line.
 *
 * The doubles have the vendors' names, types and error codes, as documented;
 * before they are initialised they answer as the vendors' do.
 */
#ifndef TESTS_FAKES_FAKE_H
#define TESTS_FAKES_FAKE_H

#include <stdbool.h>

#define FAKE_DEVICES 80

struct fake_device {
	char pci[32];
	char name[128];
	char type[8];
	unsigned long long memory;
	unsigned long long peers, near;
	int clock, width, integrated, tables, direct, node, apart, pools;
	int hidden;
};

/* Of a runtime ("cuda"); read once. */
unsigned fake_devices(const char *runtime, const struct fake_device **out);
/*
 * To be called first by every function: does what the file says of this
 * call, and gives what it is to return; 0: go on.
 */
long fake_call(const char *runtime, const char *function);
/* "0000:17:00.0" as numbers. */
void fake_pci(const struct fake_device *device, unsigned out[4]);

#endif
