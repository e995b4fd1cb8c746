/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of the program tests/real/opencl. */
#ifndef TESTS_REAL_OPENCL_PARTS_H
#define TESTS_REAL_OPENCL_PARTS_H

#include "tests/real/opencl.h"

#define BIG ((size_t)4 << 20)

extern struct machine m;

void buffers(void);
/* Flags, host pointer, SVM: as the driver tells a program. */
void say_buffer(const char *name, cl_mem buffer);

#endif
