# Doubles of vendors' run-time libraries, with their names: found through
# LD_LIBRARY_PATH, or by their SONAME once a test has loaded them by path.
# -Bsymbolic: their own calls stay among themselves, whatever is preloaded.
fake_flags = -module -shared -rpath /nowhere -Wl,-Bsymbolic
fake_cflags = $(HMS_CFLAGS) -fvisibility=default
fake_common = tests/fakes/fake.c tests/fakes/fake.h
FAKES = tests/fakes/libcuda.la tests/fakes/libamdhip64.la \
	tests/fakes/libze_loader.la tests/fakes/libOpenCL.la
check_LTLIBRARIES += $(FAKES)
tests_fakes_libcuda_la_SOURCES = tests/fakes/cuda.c tests/fakes/cuda.h \
	tests/fakes/cuda_copy.c tests/fakes/cuda_memory.c \
	tests/fakes/cuda_more.c \
	tests/fakes/cuda_resolve.c tests/fakes/cuda_stream.c $(fake_common)
tests_fakes_libcuda_la_CFLAGS = $(fake_cflags)
tests_fakes_libcuda_la_LDFLAGS = $(fake_flags) -version-info 1:0:0
tests_fakes_libamdhip64_la_SOURCES = tests/fakes/hip.c \
	tests/fakes/hip.h tests/fakes/hip_memory.c \
	tests/fakes/hip_query.c $(fake_common)
tests_fakes_libamdhip64_la_CFLAGS = $(fake_cflags)
tests_fakes_libamdhip64_la_LDFLAGS = $(fake_flags) -version-info 6:0:0
tests_fakes_libze_loader_la_SOURCES = tests/fakes/ze.c $(fake_common)
tests_fakes_libze_loader_la_CFLAGS = $(fake_cflags)
tests_fakes_libze_loader_la_LDFLAGS = $(fake_flags) -version-info 1:0:0
tests_fakes_libOpenCL_la_SOURCES = tests/fakes/opencl.c $(fake_common)
tests_fakes_libOpenCL_la_CFLAGS = $(fake_cflags)
tests_fakes_libOpenCL_la_LDFLAGS = $(fake_flags) -version-info 1:0:0
check_LTLIBRARIES += tests/fakes/libcupti.la
tests_fakes_libcupti_la_SOURCES = tests/fakes/cupti.c
tests_fakes_libcupti_la_CFLAGS = $(fake_cflags)
tests_fakes_libcupti_la_LDFLAGS = $(fake_flags) -version-info 13:0:0
