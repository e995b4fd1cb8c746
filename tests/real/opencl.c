/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SVM and buffers of an OpenCL driver: what they compute, what they say of
 * themselves, what bad calls give.  Prints the same with HMS and without, but
 * for lines that begin with "bound", which tell whose memory it is.
 */
#include "tests/real/opencl_parts.h"

#include <pthread.h>

#include "tests/vm/where.h"

#define SMALL ((size_t)4 << 10)

struct machine m;

static void step_svm(const char *name, cl_uint *p, size_t size, bool map)
{
	const size_t n = size / sizeof(*p);

	if (map)
		must(clEnqueueSVMMap(m.queue, CL_TRUE, CL_MAP_WRITE, p, size, 0,
			     NULL, NULL),
			"clEnqueueSVMMap");
	elements_fill(p, n);
	if (map)
		must(clEnqueueSVMUnmap(m.queue, p, 0, NULL, NULL),
			"clEnqueueSVMUnmap");
	must(clSetKernelArgSVMPointer(m.kernel, 0, p),
		"clSetKernelArgSVMPointer");
	machine_run(&m, n);
	if (map)
		must(clEnqueueSVMMap(m.queue, CL_TRUE, CL_MAP_READ, p, size, 0,
			     NULL, NULL),
			"clEnqueueSVMMap");
	printf("%s %zu computes %s\n", name, size,
		elements_right(p, n) ? "right" : "WRONG");
	if (map)
		must(clEnqueueSVMUnmap(m.queue, p, 0, NULL, NULL),
			"clEnqueueSVMUnmap");
	must(clFinish(m.queue), "clFinish");
}

static void *get_svm(const char *name, cl_svm_mem_flags flags, size_t size)
{
	void *p = clSVMAlloc(m.context, flags, size, 0);

	if (!p) {
		printf("%s of %zu: NULL\n", name, size);
		exit(1);
	}
	printf("bound %s %zu %s\n", name, size, is_bound(p) ? "yes" : "no");
	return p;
}

/* Memory that knows nothing of OpenCL, where a kernel may use all of it. */
static void any_memory(void)
{
	const size_t size = (size_t)4 << 20;
	cl_device_svm_capabilities has = 0;
	cl_device_type type = 0;
	cl_uint *p;

	must(clGetDeviceInfo(m.device, CL_DEVICE_SVM_CAPABILITIES, sizeof(has),
		     &has, NULL),
		"clGetDeviceInfo");
	must(clGetDeviceInfo(
		     m.device, CL_DEVICE_TYPE, sizeof(type), &type, NULL),
		"clGetDeviceInfo");
	if (!(type & CL_DEVICE_TYPE_CPU) &&
		!(has & CL_DEVICE_SVM_FINE_GRAIN_SYSTEM))
		return;
	p = malloc(size);
	step_svm("malloc", p, size, false);
	free(p);
}

static void svm_kinds(void)
{
	static const struct {
		const char *name;
		cl_svm_mem_flags flags;
		cl_device_svm_capabilities needs;
	} kinds[] = {
		{ "coarse", CL_MEM_READ_WRITE,
			CL_DEVICE_SVM_COARSE_GRAIN_BUFFER },
		{ "fine", CL_MEM_READ_WRITE | CL_MEM_SVM_FINE_GRAIN_BUFFER,
			CL_DEVICE_SVM_FINE_GRAIN_BUFFER },
		{ "atomics",
			CL_MEM_READ_WRITE | CL_MEM_SVM_FINE_GRAIN_BUFFER |
				CL_MEM_SVM_ATOMICS,
			CL_DEVICE_SVM_FINE_GRAIN_BUFFER |
				CL_DEVICE_SVM_ATOMICS },
	};
	cl_device_svm_capabilities has = 0;

	must(clGetDeviceInfo(m.device, CL_DEVICE_SVM_CAPABILITIES, sizeof(has),
		     &has, NULL),
		"clGetDeviceInfo");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		cl_uint *p;

		if ((has & kinds[i].needs) != kinds[i].needs)
			continue;
		for (size_t size = SMALL; size <= BIG; size = BIG) {
			p = get_svm(kinds[i].name, kinds[i].flags, size);
			step_svm(kinds[i].name, p, size, i == 0);
			clSVMFree(m.context, p);
			if (size == BIG) {
				printf("bound %s after: %s\n", kinds[i].name,
					is_mapped(p) ? "mapped" : "gone");
				break;
			}
		}
	}
}

/* Calls that a driver must refuse: it does so as without us. */
static void svm_bad(void)
{
	static const struct {
		cl_svm_mem_flags flags;
		size_t size;
		cl_uint alignment;
	} calls[] = {
		{ CL_MEM_READ_WRITE, 0, 0 },
		{ CL_MEM_READ_WRITE, BIG, 3 },
		{ CL_MEM_READ_WRITE, BIG, 1u << 31 },
		{ CL_MEM_SVM_ATOMICS, BIG, 0 },
		{ CL_MEM_READ_ONLY | CL_MEM_WRITE_ONLY, BIG, 0 },
		{ CL_MEM_USE_HOST_PTR, BIG, 0 },
		{ CL_MEM_READ_WRITE, SIZE_MAX / 2, 0 },
		{ CL_MEM_READ_WRITE, BIG, 128 },
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		void *p = clSVMAlloc(m.context, calls[i].flags, calls[i].size,
			calls[i].alignment);

		printf("svm call %zu: %s\n", i, p ? "memory" : "NULL");
		clSVMFree(m.context, p);
	}
	printf("svm without a context: %s\n",
		clSVMAlloc(NULL, 0, BIG, 0) ? "memory" : "NULL");
}

static int freed;

static void CL_CALLBACK free_them(
	cl_command_queue queue, cl_uint n, void **pointers, void *arg)
{
	for (cl_uint i = 0; i < n; i++)
		clSVMFree(*(cl_context *)arg, pointers[i]);
	__atomic_add_fetch(&freed, n, __ATOMIC_SEQ_CST);
}

/* A driver that meets a pointer it does not know may end the program. */
static void svm_free_by_command(void)
{
	void *p[3] = { get_svm("one", 0, BIG), get_svm("two", 0, SMALL),
		get_svm("three", 0, BIG) };
	cl_event event, gate;
	cl_command_type type = 0;
	cl_int rc;

	gate = clCreateUserEvent(m.context, &rc);
	must(rc, "clCreateUserEvent");
	must(clEnqueueSVMFree(m.queue, 3, p, NULL, NULL, 1, &gate, &event),
		"clEnqueueSVMFree");
	/* Not before the command's turn. */
	printf("before: %s\n", is_mapped(p[0]) ? "mapped" : "GONE");
	must(clSetUserEventStatus(gate, CL_COMPLETE), "clSetUserEventStatus");
	must(clWaitForEvents(1, &event), "clWaitForEvents");
	must(clGetEventInfo(
		     event, CL_EVENT_COMMAND_TYPE, sizeof(type), &type, NULL),
		"clGetEventInfo");
	printf("event of type 0x%x\n", type);
	must(clFinish(m.queue), "clFinish");
	printf("bound after: %s %s\n", is_mapped(p[0]) ? "mapped" : "gone",
		is_mapped(p[2]) ? "mapped" : "gone");
	clReleaseEvent(gate);
	clReleaseEvent(event);

	p[0] = get_svm("four", 0, BIG);
	p[1] = get_svm("five", 0, SMALL);
	must(clEnqueueSVMFree(
		     m.queue, 2, p, free_them, &m.context, 0, NULL, NULL),
		"clEnqueueSVMFree");
	must(clFinish(m.queue), "clFinish");
	printf("freed by the program's own function: %d\n", freed);
	printf("bound after: %s\n", is_mapped(p[0]) ? "mapped" : "gone");
	printf("nothing to free: %d\n",
		clEnqueueSVMFree(m.queue, 0, NULL, NULL, NULL, 0, NULL, NULL));
}

static void svm_copy_and_migrate(void)
{
	cl_uint *a = get_svm("from", 0, BIG), *b = get_svm("to", 0, BIG);
	const void *both[] = { a, b };
	const size_t sizes[] = { BIG, 0 };

	elements_fill(a, BIG / sizeof(*a));
	must(clEnqueueSVMMemcpy(m.queue, CL_TRUE, b, a, BIG, 0, NULL, NULL),
		"clEnqueueSVMMemcpy");
	printf("copy %s\n", memcmp(a, b, BIG) ? "WRONG" : "right");
	printf("migrate: %d %d\n",
		clEnqueueSVMMigrateMem(
			m.queue, 2, both, sizes, 0, 0, NULL, NULL),
		clEnqueueSVMMigrateMem(m.queue, 2, both, NULL,
			CL_MIGRATE_MEM_OBJECT_HOST, 0, NULL, NULL));
	must(clFinish(m.queue), "clFinish");
	printf("still %s\n", memcmp(a, b, BIG) ? "WRONG" : "right");
	clSVMFree(m.context, a);
	clSVMFree(m.context, b);
}

/* A program may put buffers on SVM memory, and asks for that. */
static void buffer_on_svm(void)
{
	void *p = get_svm("under a buffer", 0, BIG);
	cl_int rc;
	cl_mem buffer =
		clCreateBuffer(m.context, CL_MEM_USE_HOST_PTR, BIG, p, &rc);

	must(rc, "clCreateBuffer");
	say_buffer("buffer on svm", buffer);
	clReleaseMemObject(buffer);
	clSVMFree(m.context, p);
}

static void extensions(void)
{
	static const char *const names[] = { "clSVMAllocARM",
		"clHostMemAllocINTEL", "clDeviceMemAllocINTEL",
		"clSharedMemAllocINTEL", "clMemFreeINTEL",
		"clGetMemAllocInfoINTEL", "clNoSuchThing" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		printf("%s: %s\n", names[i],
			clGetExtensionFunctionAddressForPlatform(
				m.platform, names[i])
				? "there"
				: "not there");
}

static void *churn(void *arg)
{
	unsigned seed = *(unsigned *)arg;
	void *svm[16] = { 0 };
	cl_mem buffer[16] = { 0 };

	for (int i = 0; i < 2000; i++) {
		unsigned at = rand_r(&seed) % 16;

		if (svm[at])
			clSVMFree(m.context, svm[at]);
		if (buffer[at])
			clReleaseMemObject(buffer[at]);
		svm[at] = clSVMAlloc(
			m.context, 0, (size_t)1 << (rand_r(&seed) % 22), 0);
		buffer[at] = clCreateBuffer(m.context, 0,
			(size_t)1 << (rand_r(&seed) % 22), NULL, NULL);
		if (!svm[at] || !buffer[at])
			return (void *)1;
		memset(svm[at], 1, 1);
	}
	for (int i = 0; i < 16; i++) {
		clSVMFree(m.context, svm[i]);
		if (buffer[i])
			clReleaseMemObject(buffer[i]);
	}
	return NULL;
}

static void threads(void)
{
	pthread_t thread[4];
	unsigned seed[4];
	void *bad = NULL, *one;

	for (unsigned i = 0; i < 4; i++) {
		seed[i] = i;
		pthread_create(&thread[i], NULL, churn, &seed[i]);
	}
	for (unsigned i = 0; i < 4; i++) {
		pthread_join(thread[i], &one);
		bad = bad ? bad : one;
	}
	printf("threads: %s\n", bad ? "FAILED" : "fine");
}

/* One of each, for the kernel to say where it is. */
static void where(void)
{
	void *p = clSVMAlloc(m.context, 0, BIG, 0), *mapped;
	cl_int rc;
	cl_mem buffer = clCreateBuffer(m.context, 0, BIG, NULL, &rc);

	must(rc, "clCreateBuffer");
	step_svm("kernel", p, BIG, true);
	mapped = clEnqueueMapBuffer(m.queue, buffer, CL_TRUE, CL_MAP_WRITE, 0,
		BIG, 0, NULL, NULL, &rc);
	must(rc, "clEnqueueMapBuffer");
	where_is("svm", p, BIG);
	where_is("buffer", mapped, BIG);
}

/* Where there is no memory for it: real errors, and no more than that. */
static void refused(void)
{
	cl_int rc = 99;
	void *p = clSVMAlloc(m.context, 0, BIG, 0);
	cl_mem buffer = clCreateBuffer(m.context, 0, BIG, NULL, &rc);

	printf("svm %s, buffer %s %d\n", p ? "memory" : "NULL",
		buffer ? "made" : "NULL", rc);
	p = clSVMAlloc(m.context, 0, SMALL, 0);
	printf("small %s\n", p ? "memory" : "NULL");
	clSVMFree(m.context, p);
}

static void *function(const char *name)
{
	void *found =
		clGetExtensionFunctionAddressForPlatform(m.platform, name);

	if (!found) {
		printf("no %s\n", name);
		exit(1);
	}
	return found;
}

static void arm(void)
{
	void *(*alloc)(cl_context, cl_svm_mem_flags, size_t, cl_uint) =
		function("clSVMAllocARM");
	void (*release)(cl_context, void *) = function("clSVMFreeARM");
	cl_int (*release_later)(cl_command_queue, cl_uint, void **,
		void (*)(cl_command_queue, cl_uint, void **, void *), void *,
		cl_uint, const cl_event *, cl_event *) =
		function("clEnqueueSVMFreeARM");
	void *p[2] = { alloc(m.context, 0, BIG, 0),
		alloc(m.context, 0, SMALL, 0) };

	printf("bound arm %s %s\n", is_bound(p[0]) ? "yes" : "no",
		is_bound(p[1]) ? "yes" : "no");
	step_svm("arm", p[0], BIG, true);
	step_svm("arm", p[1], SMALL, true);
	must(release_later(m.queue, 2, p, NULL, NULL, 0, NULL, NULL),
		"clEnqueueSVMFreeARM");
	must(clFinish(m.queue), "clFinish");
	printf("bound arm after: %s\n", is_mapped(p[0]) ? "mapped" : "gone");
	p[0] = alloc(m.context, 0, BIG, 0);
	printf("bound arm %s\n", is_bound(p[0]) ? "yes" : "no");
	release(m.context, p[0]);
	printf("bound arm after: %s\n", is_mapped(p[0]) ? "mapped" : "gone");
}

/* Intel's shared memory: what kind is it, can it be used and given back? */
static void intel(void)
{
	void *(*alloc)(cl_context, cl_device_id, const cl_ulong *, size_t,
		cl_uint, cl_int *) = function("clDeviceMemAllocINTEL");
	cl_int (*release)(cl_context, void *) = function("clMemFreeINTEL");
	cl_int (*release_later)(cl_context, void *) =
		function("clMemBlockingFreeINTEL");
	cl_int (*info)(cl_context, const void *, cl_uint, size_t, void *,
		size_t *) = function("clGetMemAllocInfoINTEL");

	for (int i = 0; i < 2; i++) {
		cl_int rc = 99;
		cl_uint type = 0;
		void *p = alloc(m.context, m.device, NULL, BIG, 0, &rc);

		info(m.context, p, 0x419A, sizeof(type), &type, NULL);
		printf("intel: %d 0x%x\n", rc, type);
		step_svm("intel", p, BIG, true);
		printf("intel freed: %d\n",
			(i ? release_later : release)(m.context, p));
	}
}

static void children(void)
{
	const char *layers = getenv("OPENCL_LAYERS");

	printf("OPENCL_LAYERS=%s\n", layers ? layers : "(none)");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} parts[] = { { "where", where }, { "refused", refused },
		{ "arm", arm }, { "intel", intel }, { "children", children } };

	setvbuf(stdout, NULL, _IOLBF, 0);
	machine_open(&m);
	for (size_t i = 0; argc > 1 && i < sizeof(parts) / sizeof(*parts); i++)
		if (!strcmp(argv[1], parts[i].name)) {
			parts[i].run();
			return 0;
		}
	any_memory();
	svm_kinds();
	svm_bad();
	svm_free_by_command();
	svm_copy_and_migrate();
	buffers();
	buffer_on_svm();
	extensions();
	threads();
	machine_close(&m);
	return 0;
}
