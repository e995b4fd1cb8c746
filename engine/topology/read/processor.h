/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which processor a machine has.  Sources: CPUID leaves 0, 1 and 80000002H
 * (Intel SDM volume 2A); /proc/cpuinfo as arch/x86 and arch/arm64 print it.
 */
#ifndef HMS_ENGINE_TOPOLOGY_PROCESSOR_H
#define HMS_ENGINE_TOPOLOGY_PROCESSOR_H

#include "engine/topology/builder.h"

struct hms_processor {
	char vendor[16]; /* "GenuineIntel"; Arm: the implementer, "0x46" */
	unsigned family; /* Arm: 0 */
	unsigned model; /* Arm: the part, 0x001 */
	char name[52]; /* for people, or "" */
};

/*
 * All zero if it is not told.  On a running x86 machine the processor itself
 * is asked: kernels before 5.17 take 20 ms for /proc/cpuinfo.  In a virtual
 * machine that costs some 10 us a question, so it is not asked unless there is
 * memory apart from CPUs: only then does it matter on x86.
 */
void hms_reader_processor(const struct hms_builder *b, bool apart,
	struct hms_processor *processor);

#endif
