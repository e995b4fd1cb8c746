/* SPDX-License-Identifier: BSD-2-Clause */
/* Buffers: what they hold, what they say of themselves, when they end. */
#include "tests/real/opencl_parts.h"

static void CL_CALLBACK count_end(cl_mem buffer, void *arg)
{
	__atomic_add_fetch((int *)arg, 1, __ATOMIC_SEQ_CST);
}

void say_buffer(const char *name, cl_mem buffer)
{
	cl_mem_flags flags = 0;
	void *host = NULL;
	cl_bool svm = 7;

	clGetMemObjectInfo(buffer, CL_MEM_FLAGS, sizeof(flags), &flags, NULL);
	clGetMemObjectInfo(buffer, CL_MEM_HOST_PTR, sizeof(host), &host, NULL);
	clGetMemObjectInfo(
		buffer, CL_MEM_USES_SVM_POINTER, sizeof(svm), &svm, NULL);
	printf("%s: flags 0x%llx host %s svm %u\n", name,
		(unsigned long long)flags, host ? "yes" : "no", svm);
}

static void step_buffer(const char *name, cl_mem_flags flags, bool with)
{
	const size_t n = BIG / sizeof(cl_uint);
	cl_uint *copy = malloc(BIG), *p, one = 0;
	const cl_buffer_region part = { 4096, 8192 };
	cl_mem buffer, sub;
	int ended = 0;
	cl_int rc = 99;
	bool host = flags & (CL_MEM_COPY_HOST_PTR | CL_MEM_USE_HOST_PTR);

	elements_fill(copy, n);
	buffer = with ? clCreateBufferWithProperties(m.context, NULL, flags,
				BIG, host ? copy : NULL, &rc)
		      : clCreateBuffer(
				m.context, flags, BIG, host ? copy : NULL, &rc);
	must(rc, name);
	clSetMemObjectDestructorCallback(buffer, count_end, &ended);
	p = clEnqueueMapBuffer(m.queue, buffer, CL_TRUE,
		CL_MAP_READ | CL_MAP_WRITE, 0, BIG, 0, NULL, NULL, &rc);
	must(rc, "clEnqueueMapBuffer");
	if (flags & CL_MEM_COPY_HOST_PTR)
		printf("%s copied %s\n", name,
			memcmp(p, copy, BIG) ? "WRONG" : "right");
	elements_fill(p, n);
	printf("bound %s %s\n", name, is_bound(p) ? "yes" : "no");
	must(clEnqueueUnmapMemObject(m.queue, buffer, p, 0, NULL, NULL),
		"clEnqueueUnmapMemObject");
	must(clSetKernelArg(m.kernel, 0, sizeof(buffer), &buffer),
		"clSetKernelArg");
	machine_run(&m, n);
	must(clEnqueueReadBuffer(
		     m.queue, buffer, CL_TRUE, 0, BIG, copy, 0, NULL, NULL),
		"clEnqueueReadBuffer");
	printf("%s computes %s\n", name,
		elements_right(copy, n) ? "right" : "WRONG");
	say_buffer(name, buffer);
	sub = clCreateSubBuffer(
		buffer, 0, CL_BUFFER_CREATE_TYPE_REGION, &part, &rc);
	must(rc, "clCreateSubBuffer");
	say_buffer("  a part of it", sub);
	printf("migrate: %d\n", clEnqueueMigrateMemObjects(
					m.queue, 1, &buffer, 0, 0, NULL, NULL));
	must(clEnqueueReadBuffer(
		     m.queue, sub, CL_TRUE, 4, 4, &one, 0, NULL, NULL),
		"clEnqueueReadBuffer");
	printf("  it reads %u\n", one);
	/* The part outlives the handle of the whole. */
	clReleaseMemObject(buffer);
	printf("ended %d\n", ended);
	clReleaseMemObject(sub);
	clFinish(m.queue);
	/* The driver's own threads may hold it a little longer. */
	for (int i = 0; i < 10000 && !__atomic_load_n(&ended, __ATOMIC_SEQ_CST);
		i++)
		usleep(1000);
	printf("ended %d\n", ended);
	printf("bound %s after: %s\n", name, is_mapped(p) ? "mapped" : "gone");
	free(copy);
}

static void buffers_bad(void)
{
	static char host[64];
	static const struct {
		cl_mem_flags flags;
		size_t size;
		void *host;
	} calls[] = {
		{ 0, 0, NULL },
		{ CL_MEM_COPY_HOST_PTR, BIG, NULL },
		{ 0, 64, host },
		{ CL_MEM_USE_HOST_PTR | CL_MEM_ALLOC_HOST_PTR, 64, host },
		{ CL_MEM_READ_ONLY | CL_MEM_WRITE_ONLY, BIG, NULL },
		{ (cl_mem_flags)1 << 40, BIG, NULL },
		{ 0, SIZE_MAX / 2, NULL },
	};
	cl_int rc;

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		cl_mem buffer = clCreateBuffer(m.context, calls[i].flags,
			calls[i].size, calls[i].host, &rc);

		printf("buffer call %zu: %s %d\n", i,
			buffer ? "buffer" : "NULL", rc);
		if (buffer)
			clReleaseMemObject(buffer);
	}
	clCreateBuffer(NULL, 0, BIG, NULL, &rc);
	printf("buffer without a context: %d\n", rc);
}

void buffers(void)
{
	step_buffer("plain", CL_MEM_READ_WRITE, false);
	step_buffer("alloc", CL_MEM_ALLOC_HOST_PTR, false);
	step_buffer("copy", CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, false);
	step_buffer("both", CL_MEM_ALLOC_HOST_PTR | CL_MEM_COPY_HOST_PTR, true);
	step_buffer("use", CL_MEM_USE_HOST_PTR, false);
	buffers_bad();
}
