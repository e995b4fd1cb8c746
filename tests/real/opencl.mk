# SPDX-License-Identifier: BSD-2-Clause
# A program of OpenCL, linked and with dlopen(3), and a layer beneath ours.
TESTS += tests/real/opencl.sh
EXTRA_DIST += tests/real/opencl.sh $(opencl_program) \
	tests/fakes/opencl_layer.c
opencl_program = tests/real/opencl.c tests/real/opencl_buffers.c \
	tests/real/opencl.h tests/real/opencl_parts.h
if HAVE_OPENCL
check_PROGRAMS += tests/real/opencl tests/real/opencl_dlopen
tests_real_opencl_SOURCES = $(opencl_program)
tests_real_opencl_CFLAGS = -Wall -Wextra -Wno-unused-parameter
tests_real_opencl_LDADD = -lOpenCL -lpthread
tests_real_opencl_dlopen_SOURCES = $(opencl_program)
tests_real_opencl_dlopen_CFLAGS = $(tests_real_opencl_CFLAGS) -DBY_DLOPEN
tests_real_opencl_dlopen_LDADD = -lpthread
check_LTLIBRARIES += tests/fakes/opencl_layer.la
tests_fakes_opencl_layer_la_SOURCES = tests/fakes/opencl_layer.c
tests_fakes_opencl_layer_la_CFLAGS = -Wall -Wextra -Wno-unused-parameter
tests_fakes_opencl_layer_la_LDFLAGS = -module -avoid-version -shared \
	-rpath /nowhere
endif
