# SPDX-License-Identifier: BSD-2-Clause
libhms_preload_la_SOURCES += shims/opencl.c shims/opencl.h shims/opencl.def \
	shims/opencl_buffer.c shims/opencl_extensions.c \
	shims/opencl_svm.c shims/opencl_svm.h \
	shims/opencl_usm.c shims/opencl_usm.h
