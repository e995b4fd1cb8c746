/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PMUs that sample addresses, as sysfs describes them.  What an event or a
 * field is called is known here, how it is encoded only there.
 *
 *	Intel	cpu, cpu_core, cpu_atom: mem-loads (with mem-loads-aux as the
 *		leader of its group where there is one), mem-stores
 *	AMD	ibs_op, with the user filter swfilt
 *	Arm	arm_spe_N, records in an AUX area
 *
 * Sources: the kernel's Documentation/ABI/testing/sysfs-bus-event_source-
 * devices-*, perf_event_open(2), perf-mem(1), perf-amd-ibs(1), perf-arm-spe(1).
 */
#ifndef HMS_ENGINE_SOURCE_PMU_H
#define HMS_ENGINE_SOURCE_PMU_H

#include "engine/source/ring.h"
#include "engine/source/source.h"

/* The folder of all PMUs, below a root that is "" but in tests. */
#define HMS_PMU_DEVICES "/sys/bus/event_source/devices"
extern const char *hms_pmu_root;

/*
 * Sets a field by its description, such as "config1:0-15" or
 * "config:0-7,32-35", low bits first.  0; -EINVAL: no such description;
 * -ERANGE: the value does not fit.
 */
int hms_pmu_set_bits(
	const char *description, uint64_t value, struct perf_event_attr *attr);
/* A field of a PMU in folder dir; -ENOENT: it has none of that name. */
int hms_pmu_set(const char *dir, const char *field, uint64_t value,
	struct perf_event_attr *attr);
/* An event by its alias, "event=0xcd,umask=0x1,ldlat=3"; likewise. */
int hms_pmu_event(
	const char *dir, const char *alias, struct perf_event_attr *attr);
/* Its number for perf_event_attr.type, or -errno. */
int hms_pmu_type(const char *dir);

enum hms_pmu_role {
	HMS_PMU_LEADER, /* only there for the next */
	HMS_PMU_LOADS,
	HMS_PMU_STORES,
	HMS_PMU_OPS, /* loads and stores, told apart by data_src */
	HMS_PMU_TRACE, /* Arm SPE */
};

#define HMS_PMU_EVENTS 8

struct hms_pmu_plan {
	struct hms_event event[HMS_PMU_EVENTS];
	enum hms_pmu_role role[HMS_PMU_EVENTS];
	unsigned granule; /* periods are multiples of it */
	unsigned n;
};

/* What can sample addresses on the machine below root; 0 or -errno, why. */
int hms_pmu_discover(
	const char *root, struct hms_pmu_plan *plan, char why[HMS_WHY]);
/* Sets the period of all events, about so many events apart. */
void hms_pmu_set_period(struct hms_pmu_plan *plan, uint64_t period);

#endif
