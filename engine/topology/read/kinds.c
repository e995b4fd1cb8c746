/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kinds of memory that nobody named, and what is typical of each: guesses
 * from who has CPUs, who is fastest, and which processor this is.
 */
#include "engine/topology/read/read.h"

#include <string.h>

#include "engine/target/target.h"
#include "engine/topology/nodes.h"
#include "engine/topology/read/processor.h"

#define GIB (UINT64_C(1) << 30)

/* Of one node, for the CPUs nearest to it, in the order of hms_measure. */
static const uint32_t typical[][HMS_MEASURES] = {
	/*
	 * Xeon Platinum 8280, six channels of DDR4-2933, with Intel's Memory
	 * Latency Checker; 81 ns too in J. Izraelevitz et al., "Basic
	 * Performance Measurements of the Intel Optane DC Persistent Memory
	 * Module", 2019.
	 */
	[HMS_KIND_DRAM] = { 81, 81, 105000, 84000 },
	/*
	 * One stack of HBM2e, 3200 MT/s * 128 B; some 20 % slower to answer
	 * than DDR5 next to it (J. McCalpin, "Bandwidth Limits in the Intel
	 * Xeon Max", ISC 2023: 127 ns).
	 */
	[HMS_KIND_HBM] = { 127, 127, 409600, 409600 },
	/*
	 * Y. Sun et al., "Demystifying CXL Memory with Genuine CXL-Ready
	 * Systems and Devices", MICRO 2023, device A behind PCIe 5.0 x8.
	 */
	[HMS_KIND_CXL] = { 242, 250, 26000, 21000 },
	/*
	 * Izraelevitz et al., as above, six modules: random reads; stores to
	 * the write buffer.
	 */
	[HMS_KIND_PMEM] = { 305, 90, 39400, 13900 },
	/*
	 * GH200 seen from its CPUs: NVLink-C2C passes 450 GB/s each way
	 * (NVIDIA, "Grace Hopper Superchip Architecture", 2022); the
	 * latency is an estimate, above that of any other kind.
	 */
	[HMS_KIND_GPU] = { 800, 800, 450000, 450000 },
};

/*
 * A stack of HBM has so much memory and so much bandwidth: 16 GiB and 409.6
 * GB/s (HBM2e, Xeon Max), 8 GiB and 256 GB/s (HBM2, A64FX), 16 GiB and over
 * 400 GB/s (MCDRAM, Knights Landing).
 */
#define HBM_BANDWIDTH_PER_GIB 25600

/* Processors whose memory is not what it looks like. */
struct quirk {
	const char *vendor, *name; /* NULL: any; name is a part of it */
	unsigned family, first, last; /* models */
	enum hms_kind with_cpus, without;
	uint64_t most; /* bytes of a node without CPUs, else it is cxl */
	/* What all nodes of dram, of hbm have together, MB/s; 0: as usual. */
	uint32_t dram_bandwidth, hbm_bandwidth;
	uint32_t dram_latency, hbm_latency; /* ns; likewise */
};

static const struct quirk quirks[] = {
	/*
	 * Knights Landing and Mill (Linux: intel-family.h), flat memory: nodes
	 * without CPUs are MCDRAM.  K. Raman, "Optimizing Memory Bandwidth in
	 * Knights Landing on Stream Triad", Intel, 2016; J. McCalpin, "Memory
	 * Latency on the Intel Xeon Phi x200", 2016.
	 */
	{ "GenuineIntel", NULL, 6, 87, 87, HMS_KIND_DRAM, HMS_KIND_HBM,
		16 * GIB, 90000, 480000, 130, 154 },
	{ "GenuineIntel", NULL, 6, 133, 133, HMS_KIND_DRAM, HMS_KIND_HBM,
		16 * GIB, 90000, 480000, 130, 154 },
	/*
	 * Xeon Max, flat memory: Intel's "Xeon CPU Max Series Configuration and
	 * Tuning Guide": 64 GiB of HBM2e a socket, 16 GiB a node with SNC4.
	 */
	{ "GenuineIntel", "CPU Max", 6, 143, 143, HMS_KIND_DRAM, HMS_KIND_HBM,
		64 * GIB, 0, 0, 108, 127 },
	/* Fujitsu A64FX has no other memory than HBM2 (Arm's part number). */
	{ "0x46", NULL, 0, 1, 1, HMS_KIND_HBM, HMS_KIND_CXL, 0, 0, 0, 0, 0 },
};

struct machine {
	struct hms_processor processor;
	const struct quirk *quirk; /* or NULL */
	uint32_t bandwidth[HMS_MAX_NODES]; /* for CPUs; 0: not told */
	uint32_t fastest; /* of nodes with CPUs */
	unsigned count[HMS_KIND_FILE]; /* nodes of a kind */
};

static const struct quirk *find_quirk(const struct hms_processor *processor)
{
	for (size_t i = 0; i < sizeof(quirks) / sizeof(quirks[0]); i++) {
		const struct quirk *q = &quirks[i];

		if (!strcmp(q->vendor, processor->vendor) &&
			q->family == processor->family &&
			processor->model >= q->first &&
			processor->model <= q->last &&
			(!q->name || strstr(processor->name, q->name)))
			return q;
	}
	return NULL;
}

/* The number of a node of the kernel's, or -1 if the target is none. */
static int node_of(struct hms_builder *b, unsigned target)
{
	const struct hms_memory *memory = hms_builder_memory(b, (int)target);

	if (memory->manager != HMS_MANAGED_BY_KERNEL ||
		memory->node >= HMS_MAX_NODES)
		return -1;
	return memory->node;
}

/* A link that CPUs are on, or nobody yet. */
static bool for_cpus(struct hms_builder *b, const struct hms_link *link)
{
	for (unsigned i = 0; i < link->ninitiators; i++)
		if (hms_builder_at(b, (int)link->initiators[i])->kind ==
			HMS_INITIATOR_CPU)
			return true;
	return !link->ninitiators;
}

static void find_bandwidth(struct hms_builder *b, struct machine *m)
{
	unsigned n = hms_builder_links(b);

	for (unsigned i = 0; i < n; i++) {
		const struct hms_link *link = hms_builder_link_at(b, (int)i);
		uint32_t value = link->perf.value[HMS_READ_BANDWIDTH];

		if (link->perf.origin[HMS_READ_BANDWIDTH] <= HMS_GUESSED ||
			!for_cpus(b, link))
			continue;
		for (unsigned t = 0; t < link->ntargets; t++) {
			int node = node_of(b, link->targets[t]);

			if (node >= 0 && value > m->bandwidth[node])
				m->bandwidth[node] = value;
		}
	}
	n = hms_builder_targets(b);
	for (unsigned i = 0; i < n; i++) {
		int node = node_of(b, i);

		if (node >= 0 && hms_reader_cpu(b, (unsigned)node) >= 0 &&
			m->bandwidth[node] > m->fastest)
			m->fastest = m->bandwidth[node];
	}
}

static enum hms_kind guess_kind(
	struct hms_builder *b, const struct machine *m, unsigned node)
{
	struct hms_node_memory memory;

	if (hms_reader_cpu(b, node) >= 0)
		return m->quirk ? m->quirk->with_cpus : HMS_KIND_DRAM;
	if (m->fastest && m->bandwidth[node])
		return m->bandwidth[node] > m->fastest ? HMS_KIND_HBM
						       : HMS_KIND_CXL;
	if (!m->quirk || !m->quirk->most)
		return HMS_KIND_CXL;
	hms_node_memory(hms_builder_root(b), node, &memory);
	return memory.total <= m->quirk->most ? m->quirk->without
					      : HMS_KIND_CXL;
}

/* Who says only how it reads is taken to write alike, and the reverse. */
static void even_out(const struct hms_link *link, uint32_t *perf)
{
	static const enum hms_measure other[HMS_MEASURES] = {
		[HMS_READ_LATENCY] = HMS_WRITE_LATENCY,
		[HMS_WRITE_LATENCY] = HMS_READ_LATENCY,
		[HMS_READ_BANDWIDTH] = HMS_WRITE_BANDWIDTH,
		[HMS_WRITE_BANDWIDTH] = HMS_READ_BANDWIDTH,
	};

	for (unsigned i = 0; link && i < HMS_MEASURES; i++)
		if (link->perf.origin[other[i]] > HMS_GUESSED)
			perf[i] = link->perf.value[other[i]];
}

static void guess_perf(
	struct hms_builder *b, const struct machine *m, unsigned target)
{
	const struct hms_memory *memory = hms_builder_memory(b, (int)target);
	const struct quirk *q = m->quirk;
	enum hms_kind kind = memory->kind;
	uint64_t gib = memory->size / GIB, all = 0;
	uint32_t perf[HMS_MEASURES], latency = 0;
	int link;

	if (kind >= HMS_KIND_FILE)
		return;
	memcpy(perf, typical[kind], sizeof(perf));
	if (kind == HMS_KIND_HBM && gib &&
		gib < UINT32_MAX / HBM_BANDWIDTH_PER_GIB)
		perf[HMS_READ_BANDWIDTH] = perf[HMS_WRITE_BANDWIDTH] =
			(uint32_t)gib * HBM_BANDWIDTH_PER_GIB;
	if (q && kind == HMS_KIND_DRAM) {
		all = q->dram_bandwidth;
		latency = q->dram_latency;
	} else if (q && kind == HMS_KIND_HBM) {
		all = q->hbm_bandwidth;
		latency = q->hbm_latency;
	}
	if (all)
		perf[HMS_READ_BANDWIDTH] = perf[HMS_WRITE_BANDWIDTH] =
			(uint32_t)(all / m->count[kind]);
	if (latency)
		perf[HMS_READ_LATENCY] = perf[HMS_WRITE_LATENCY] = latency;
	link = hms_reader_memory(b, (unsigned)memory->node);
	even_out(hms_builder_link_at(b, link), perf);
	for (unsigned i = 0; i < HMS_MEASURES; i++)
		hms_builder_link_perf(
			b, link, (enum hms_measure)i, perf[i], HMS_GUESSED);
}

void hms_read_kinds(struct hms_builder *b)
{
	unsigned n = hms_builder_targets(b);
	enum hms_kind kind;
	struct machine m;

	memset(&m, 0, sizeof(m));
	hms_reader_processor(b, hms_reader_apart(b), &m.processor);
	m.quirk = find_quirk(&m.processor);
	find_bandwidth(b, &m);
	for (unsigned i = 0; i < n; i++) {
		int node = node_of(b, i);

		if (node < 0)
			continue;
		hms_builder_kind(b, (int)i, guess_kind(b, &m, (unsigned)node),
			HMS_GUESSED);
		kind = hms_builder_memory(b, (int)i)->kind;
		if (kind < HMS_KIND_FILE)
			m.count[kind]++;
	}
	if (hms_builder_depth(b) < HMS_DEPTH_PATHS)
		return;
	for (unsigned i = 0; i < n; i++)
		if (node_of(b, i) >= 0)
			guess_perf(b, &m, i);
}
