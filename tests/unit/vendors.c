/* SPDX-License-Identifier: BSD-2-Clause */
/* What run-time libraries say, by doubles of them (tests/fakes). */
#include <criterion/criterion.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sys.h"
#include "engine/topology/readers.h"
#include "engine/topology/vendor/vendor.h"

static char config[64];
static struct hms_builder *builder;
static struct hms_graph *graph;
static bool impatient;

int __real_hms_sys_poll(struct pollfd *fds, unsigned count, int timeout);
int __wrap_hms_sys_poll(struct pollfd *fds, unsigned count, int timeout);

/* Time is up at once, where a test is about that. */
int __wrap_hms_sys_poll(struct pollfd *fds, unsigned count, int timeout)
{
	return __real_hms_sys_poll(fds, count, impatient ? 0 : timeout);
}

/* Loaded by path: from then on dlopen() finds them by their SONAME. */
static void *load(const char *name)
{
	const char *top = getenv("top_builddir");
	char path[600];
	void *library;

	snprintf(path, sizeof(path), "%s/tests/fakes/.libs/%s", top ? top : ".",
		name);
	library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	cr_assert(library, "%s", dlerror());
	return library;
}

static void begin(const char *text)
{
	FILE *file;
	int fd;

	snprintf(config, sizeof(config), "/tmp/hms-fakes.XXXXXX");
	fd = mkstemp(config);
	file = fdopen(fd, "w");
	cr_assert(file);
	fputs(text, file);
	fclose(file);
	setenv("HMS_FAKES", config, 1);
	load("libcuda.so.1");
	load("libamdhip64.so.6");
	load("libze_loader.so.1");
	load("libOpenCL.so.1");
	builder = hms_builder_new("", HMS_DEPTH_DEVICES);
	cr_assert(builder);
}

static void add_cpus(unsigned node)
{
	char id[24];
	int cpu, target;

	snprintf(id, sizeof(id), "cpu:%u", node);
	cpu = hms_builder_initiator(builder, id, HMS_INITIATOR_CPU);
	hms_builder_at(builder, cpu)->node = (int)node;
	snprintf(id, sizeof(id), "node:%u", node);
	target = hms_builder_target(builder, id);
	hms_builder_node(builder, target, (int)node, HMS_FIRMWARE);
}

static void read_devices(bool may_load)
{
	hms_builder_set_load(builder, may_load);
	hms_read_devices(builder);
	graph = hms_builder_finish(builder);
	cr_assert(graph);
}

/* As the tool asks, on a machine with one socket. */
static void ask(const char *text)
{
	begin(text);
	add_cpus(0);
	read_devices(true);
}

static void end(void)
{
	if (graph)
		hms_graph_free(graph);
	if (config[0])
		unlink(config);
}

static const struct hms_memory *target(const char *id)
{
	int i = hms_graph_target(graph, id);

	cr_assert(i >= 0, "there is no target %s", id);
	return &graph->targets[i];
}

static const struct hms_initiator *initiator(const char *id)
{
	int i = hms_graph_initiator(graph, id);

	cr_assert(i >= 0, "there is no initiator %s", id);
	return &graph->initiators[i];
}

static int link_of(const char *id)
{
	for (unsigned i = 0; i < graph->nlinks; i++)
		if (!strcmp(graph->links[i].id, id))
			return (int)i;
	return -1;
}

static const struct hms_bridge *bridge(const char *from, const char *to)
{
	int f = link_of(from), t = link_of(to);

	for (unsigned i = 0; i < graph->nbridges; i++)
		if ((int)graph->bridges[i].from == f &&
			(int)graph->bridges[i].to == t)
			return &graph->bridges[i];
	return NULL;
}

static void said(const char *finding)
{
	cr_assert_eq(graph->nfindings, finding ? 1 : 0, "%u: %s",
		graph->nfindings, graph->nfindings ? graph->findings[0] : "");
	if (finding)
		cr_assert_str_eq(graph->findings[0], finding);
}

/* H100: 2,619 MHz and 5,120 bits are 3.35 TB/s, as its data sheet has it. */
#define H100                                                                   \
	"memory=85520809984 clock=2619000 width=5120 name=NVIDIA H100 80GB\n"

/* Catches devices mixed up, units, and the driver's capitals in addresses. */
Test(cuda, two_gpus, .fini = end)
{
	const struct hms_bridge *way;

	ask("cuda device pci=0000:4c:00.0 " H100
	    "cuda device pci=0000:17:00.0 peers=1 " H100);
	cr_assert_str_eq(initiator("cuda:0")->id, "pci:0000:4c:00.0");
	cr_assert_str_eq(initiator("cuda:1")->id, "pci:0000:17:00.0");
	cr_assert_str_eq(initiator("cuda:0")->name, "NVIDIA H100 80GB");
	cr_assert_eq(initiator("cuda:0")->kind, HMS_INITIATOR_GPU);
	cr_assert_eq(target("cuda:0")->size, 85520809984);
	cr_assert_eq(target("cuda:0")->kind, HMS_KIND_GPU);
	cr_assert_eq(target("cuda:0")->manager, HMS_MANAGED_BY_DRIVER);
	cr_assert_eq(target("cuda:0")->properties, 0);
	cr_assert_eq(target("cuda:0")->node, -1);
	cr_assert_str_eq(target("cuda:1")->device, "0000:17:00.0");
	cr_assert_eq(graph->links[link_of("vram:0000:4c:00.0")]
			     .perf.value[HMS_READ_BANDWIDTH],
		3352320);
	way = bridge("fabric:0", "vram:0000:4c:00.0");
	cr_assert(way);
	cr_assert_not(way->coherent);
	/* Else the CPUs would get what the GPU gets. */
	cr_assert_eq(way->perf.value[HMS_READ_BANDWIDTH], 15753);
	cr_assert_eq(way->perf.origin[HMS_READ_BANDWIDTH], HMS_GUESSED);
	cr_assert(bridge("pcie:0000:17:00.0", "vram:0000:4c:00.0"));
	cr_assert_not(bridge("pcie:0000:4c:00.0", "vram:0000:17:00.0"),
		"peers are one way here");
	said(NULL);
}

/* Catches NVLink taken for PCIe. */
Test(cuda, peers_by_a_link_of_their_own, .fini = end)
{
	ask("cuda device pci=0000:17:00.0 peers=2 near=2 " H100
	    "cuda device pci=0000:4c:00.0 peers=1 near=1 " H100);
	cr_assert(bridge("peer:0000:17:00.0", "vram:0000:4c:00.0"));
	cr_assert(bridge("peer:0000:4c:00.0", "vram:0000:17:00.0"));
	cr_assert_not(bridge("pcie:0000:17:00.0", "vram:0000:4c:00.0"));
}

/* Catches one device as two, and its memory counted twice. */
Test(cuda, a_device_of_two_runtimes_is_one, .fini = end)
{
	ask("cuda device pci=0000:17:00.0 " H100
	    "opencl device pci=0000:17:00.0 memory=85520809984 name=H100 CL\n");
	cr_assert_eq(initiator("opencl:0"), initiator("cuda:0"));
	cr_assert_str_eq(initiator("cuda:0")->name, "NVIDIA H100 80GB");
	cr_assert(hms_graph_target(graph, "opencl:0") < 0);
	cr_assert_eq(graph->ntargets, 2);
}

/* Catches the GPU's node as another memory than the GPU's. */
Test(cuda, memory_that_is_a_node, .fini = end)
{
	int node;

	begin("cuda device pci=0009:01:00.0 node=1 tables=1 direct=1 " H100);
	add_cpus(0);
	node = hms_builder_target(builder, "node:1");
	hms_builder_node(builder, node, 1, HMS_FIRMWARE);
	read_devices(true);
	cr_assert_eq(target("node:1")->kind, HMS_KIND_GPU);
	cr_assert_eq(target("node:1")->origin[HMS_FIELD_KIND], HMS_DRIVER);
	cr_assert_str_eq(target("node:1")->device, "0009:01:00.0");
	cr_assert(hms_graph_target(graph, "cuda:0") < 0);
	cr_assert_not(bridge("fabric:0", "vram:0009:01:00.0"),
		"CPUs have the node's own ways");
	cr_assert(bridge("c2c:0009:01:00.0", "fabric:0"));
}

/* Catches memory of the driver's that is coherent (CDMM) as far as PCIe's. */
Test(cuda, coherent_memory_without_a_node, .fini = end)
{
	ask("cuda device pci=0009:01:00.0 tables=1 direct=1 " H100);
	cr_assert_eq(
		target("cuda:0")->properties, HMS_COHERENT | HMS_CPU_ACCESS);
	cr_assert_eq(target("cuda:0")->manager, HMS_MANAGED_BY_DRIVER);
	cr_assert(bridge("fabric:0", "vram:0009:01:00.0")->coherent);
	cr_assert(bridge("c2c:0009:01:00.0", "fabric:0")->coherent);
}

/* Catches the host's memory as a GPU's. */
Test(cuda, an_integrated_gpu_has_no_memory, .fini = end)
{
	ask("cuda device pci=0000:01:00.0 integrated=1 " H100);
	cr_assert_str_eq(initiator("cuda:0")->id, "pci:0000:01:00.0");
	cr_assert_eq(graph->ntargets, 1);
}

/* Catches failures that say nothing, and a machine without GPUs that does. */
Test(cuda, errors_are_said, .fini = end)
{
	ask("cuda cuInit 999\ncuda device pci=0000:17:00.0 " H100);
	said("cuda: cuInit() says 999");
	cr_assert_eq(graph->ninitiators, 1);
}

Test(cuda, no_device_is_no_error, .fini = end)
{
	ask("");
	said(NULL);
	cr_assert_eq(graph->ninitiators, 1);
}

Test(cuda, devices_before_an_error_count, .fini = end)
{
	ask("cuda cuDeviceGetName 4\ncuda cuDeviceGetAttribute 4\n"
	    "cuda cuDeviceTotalMem_v2 4\ncuda device pci=0000:17:00.0 " H100);
	said(NULL);
	cr_assert_not(initiator("cuda:0")->name);
	cr_assert_eq(graph->ntargets, 1, "memory of no size is none");
}

/* Catches a broken driver that takes the tool, or its output, with it. */
Test(apart, a_crash_is_the_childs, .fini = end)
{
	ask("cuda cuDeviceGetPCIBusId crash\ncuda device " H100
	    "hip device pci=0000:c1:00.0 memory=1024 name=MI\n");
	said("cuda: it crashed with signal 6");
	cr_assert_str_eq(initiator("hip:0")->id, "pci:0000:c1:00.0");
}

Test(apart, an_exit_is_the_childs, .fini = end)
{
	ask("cuda cuInit exit\n");
	said("cuda: it ended the process");
}

Test(apart, nobody_waits_for_ever, .fini = end, .timeout = 20)
{
	int status;

	impatient = true;
	ask("cuda cuInit hang\nhip hipGetDeviceCount hang\n"
	    "ze zeInit hang\nopencl clGetPlatformIDs hang\n");
	cr_assert_eq(graph->nfindings, 4);
	cr_assert_str_eq(graph->findings[0], "cuda: no answer in 20 s");
	cr_assert_eq(graph->ninitiators, 1);
	/* Those that are not gone yet are on their way. */
	while (hms_sys_wait(-1, &status, 0) > 0)
		cr_assert(WIFSIGNALED(status));
}

Test(apart, what_they_print_is_not_ours, .fini = end)
{
	int out = dup(1), err = dup(2), file;
	struct stat st;

	begin("cuda cuInit print\ncuda device pci=0000:17:00.0 " H100);
	add_cpus(0);
	file = open("/tmp", O_TMPFILE | O_RDWR, 0600);
	cr_assert(file >= 0);
	dup2(file, 1);
	dup2(file, 2);
	read_devices(true);
	dup2(out, 1);
	dup2(err, 2);
	cr_assert_eq(fstat(file, &st), 0);
	cr_assert_eq(st.st_size, 0);
	initiator("cuda:0");
}

/* Catches a library that is started, or a child that is left behind. */
Test(apart, this_process_stays_as_it_was, .fini = end)
{
	int (*count)(int *);
	int n;

	ask("cuda device pci=0000:17:00.0 " H100);
	count = dlsym(load("libcuda.so.1"), "cuDeviceGetCount");
	cr_assert_eq(count(&n), 3, "not initialised");
	cr_assert_eq(hms_sys_wait(-1, &n, 0), -10, "ECHILD");
}

/* Catches numbers beyond what there is room for. */
Test(apart, more_devices_than_there_is_room_for, .fini = end)
{
	char text[70 * 24] = "";

	for (unsigned i = 0; i < 70; i++)
		strcat(text, "hip device name=GPU\n");
	ask(text);
	initiator("hip:63");
	said("hip: more than 64 devices");
	cr_assert(hms_graph_initiator(graph, "hip:64") < 0);
}

/*
 * Inside of a program: catches a runtime initialised by us, and runtimes asked
 * that would initialise themselves.
 */
Test(inside, nothing_is_initialised, .fini = end)
{
	int (*count)(int *);
	int n;

	begin("cuda device pci=0000:17:00.0 " H100
	      "ze device pci=0000:18:00.0 memory=2048 name=Z\n"
	      "hip device pci=0000:c1:00.0 memory=1024 name=MI\n");
	add_cpus(0);
	read_devices(false);
	cr_assert_eq(graph->ninitiators, 1);
	said(NULL);
	count = dlsym(load("libcuda.so.1"), "cuDeviceGetCount");
	cr_assert_eq(count(&n), 3);
}

Test(inside, a_runtime_that_is_in_use_is_asked, .fini = end)
{
	int (*init)(unsigned);

	begin("cuda device pci=0000:17:00.0 " H100);
	init = dlsym(load("libcuda.so.1"), "cuInit");
	cr_assert_eq(init(0), 0);
	add_cpus(0);
	read_devices(false);
	cr_assert_str_eq(initiator("cuda:0")->id, "pci:0000:17:00.0");
	cr_assert_eq(target("cuda:0")->size, 85520809984);
}

/* Catches XGMI taken for PCIe, and attributes of other numbers. */
Test(hip, two_gpus, .fini = end)
{
	ask("hip device pci=0000:c1:00.0 memory=68702699520 clock=1600000 "
	    "width=4096 peers=2 near=2 name=AMD Instinct MI210\n"
	    "hip device pci=0000:c6:00.0 memory=68702699520 peers=1 "
	    "name=AMD Instinct MI210\n");
	cr_assert_eq(target("hip:0")->size, 68702699520);
	cr_assert_str_eq(initiator("hip:1")->name, "AMD Instinct MI210");
	cr_assert_eq(graph->links[link_of("vram:0000:c1:00.0")]
			     .perf.value[HMS_READ_BANDWIDTH],
		1638400);
	cr_assert(bridge("peer:0000:c1:00.0", "vram:0000:c6:00.0"));
	cr_assert(bridge("pcie:0000:c6:00.0", "vram:0000:c1:00.0"));
}

Test(hip, errors_are_said, .fini = end)
{
	ask("hip hipGetDeviceCount 35\n");
	said("hip: hipGetDeviceCount() says 35");
}

/* Catches one tile for the whole, and fields at the wrong place. */
Test(ze, tiles_are_one_memory, .fini = end)
{
	ask("ze device pci=0000:29:00.0 memory=137438953472 "
	    "name=Intel(R) Data Center GPU Max 1550\n"
	    "ze device pci=0000:00:02.0 memory=4096 integrated=1 name=UHD\n");
	cr_assert_eq(target("ze:0")->size, UINT64_C(128) << 30);
	cr_assert_str_eq(initiator("ze:0")->id, "pci:0000:29:00.0");
	cr_assert_str_eq(
		initiator("ze:0")->name, "Intel(R) Data Center GPU Max 1550");
	cr_assert_eq(initiator("ze:1")->kind, HMS_INITIATOR_GPU);
	cr_assert(hms_graph_target(graph, "ze:1") < 0);
}

Test(ze, errors_are_said, .fini = end)
{
	ask("ze zeInit 0x70000001\n");
	said("ze: its drivers cannot be listed: 0x70000001");
}

/* Catches PoCL as a device apart where it runs on the CPUs there are. */
Test(opencl, cpus_are_the_cpus, .fini = end)
{
	ask("opencl device type=cpu memory=4096 name=pthread\n");
	cr_assert_str_eq(initiator("opencl:0")->id, "cpu:0");
	cr_assert_eq(graph->ntargets, 1);
}

Test(opencl, cpus_of_two_sockets_are_next_to_both, .fini = end)
{
	const struct hms_link *fabric;

	begin("opencl device type=cpu memory=4096 name=pthread\n");
	add_cpus(0);
	add_cpus(1);
	read_devices(true);
	cr_assert_str_eq(initiator("opencl:0")->id, "opencl:0");
	cr_assert_eq(initiator("opencl:0")->kind, HMS_INITIATOR_OTHER);
	for (unsigned i = 0; i < 2; i++) {
		fabric = &graph->links[link_of(i ? "fabric:1" : "fabric:0")];
		cr_assert_eq(fabric->ninitiators, 2);
	}
	cr_assert_eq(graph->ntargets, 2, "their memory is the nodes'");
}

/* Catches memory lost because its device says no address. */
Test(opencl, a_gpu_without_an_address, .fini = end)
{
	ask("opencl device memory=8589934592 name=GPU\n");
	cr_assert_str_eq(initiator("opencl:0")->id, "opencl:0");
	cr_assert_eq(target("opencl:0")->size, UINT64_C(8) << 30);
	cr_assert(bridge("fabric:0", "vram:opencl:0"));
}

Test(opencl, errors_are_said, .fini = end)
{
	ask("opencl clGetDeviceIDs -5\nopencl device memory=1 name=GPU\n");
	said("opencl: clGetDeviceIDs() says -5");
}

/* Catches calls of what an old library has not. */
Test(vendor, missing_functions_are_said)
{
	static struct hms_vendor_answer answer;
	void *found, *missing = &found;
	const struct hms_vendor_function good[] = { { "malloc", &found },
		{ "?no_such_function", &missing }, { NULL, NULL } };
	const struct hms_vendor_function bad[] = {
		{ "no_such_function", &missing }, { NULL, NULL }
	};

	answer.library = dlopen(NULL, RTLD_LAZY);
	cr_assert(hms_vendor_functions(&answer, good));
	cr_assert_not_null(found);
	cr_assert_null(missing);
	cr_assert_not(hms_vendor_functions(&answer, bad));
	cr_assert_str_eq(answer.complaint, "it has no no_such_function()");
}
