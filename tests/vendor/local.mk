# Vendors' libraries: how programs reach them, and what becomes of it.
check_LTLIBRARIES += tests/vendor/libdlsym_over.la \
	tests/vendor/libdlsym_last.la tests/vendor/libdlsym_plugin.la \
	tests/vendor/libdlsym_hidden.la
vendor_flags = -module -avoid-version -shared -rpath /nowhere
# Who calls the loader must be who it looks like.
dlsym_cflags = -O2 -Wall -fno-optimize-sibling-calls
tests_vendor_libdlsym_over_la_SOURCES = tests/vendor/dlsym_lib.c
tests_vendor_libdlsym_over_la_CFLAGS = $(dlsym_cflags) -DOVER
tests_vendor_libdlsym_over_la_LDFLAGS = -avoid-version -shared -rpath /nowhere
tests_vendor_libdlsym_over_la_LIBADD = tests/vendor/libdlsym_last.la
tests_vendor_libdlsym_last_la_SOURCES = tests/vendor/dlsym_lib.c
tests_vendor_libdlsym_last_la_CFLAGS = -O2 -Wall
tests_vendor_libdlsym_last_la_LDFLAGS = -avoid-version -shared -rpath /nowhere
# Loaded RTLD_LOCAL, so its next one is in its own scope.
tests_vendor_libdlsym_plugin_la_SOURCES = tests/vendor/dlsym_lib.c
tests_vendor_libdlsym_plugin_la_CFLAGS = $(dlsym_cflags) -DOVER
tests_vendor_libdlsym_plugin_la_LDFLAGS = $(vendor_flags) \
	-Wl,-rpath,'$$ORIGIN/hidden' -Wl,--enable-new-dtags
tests_vendor_libdlsym_plugin_la_LIBADD = tests/vendor/libdlsym_last.la
tests_vendor_libdlsym_hidden_la_SOURCES = tests/vendor/dlsym_lib.c
tests_vendor_libdlsym_hidden_la_CFLAGS = -O2 -Wall
tests_vendor_libdlsym_hidden_la_LDFLAGS = $(vendor_flags)
check_PROGRAMS += tests/vendor/dlsym
tests_vendor_dlsym_SOURCES = tests/vendor/dlsym.c
tests_vendor_dlsym_CFLAGS = -O2 -Wall
tests_vendor_dlsym_LDFLAGS = -no-install
tests_vendor_dlsym_LDADD = tests/vendor/libdlsym_over.la \
	tests/vendor/libdlsym_last.la
TESTS += tests/vendor/dlsym.sh
EXTRA_DIST += tests/vendor/dlsym.sh tests/vendor/dlsym_arch.c

# Calls of each function of hooks.def, built for each way to reach it.
calls_sources = tests/vendor/calls_cuda.c tests/vendor/calls_cuda.def
calls_cflags = -O2 -Wall
calls_ldadd = tests/fakes/libcuda.la
check_PROGRAMS += tests/vendor/calls_linked tests/vendor/calls_now \
	tests/vendor/calls_noplt tests/vendor/calls_dlopen tests/vendor/plugin
tests_vendor_calls_linked_SOURCES = $(calls_sources)
tests_vendor_calls_linked_CFLAGS = $(calls_cflags) -DLINKED
tests_vendor_calls_linked_LDFLAGS = -no-install -Wl,-z,lazy
tests_vendor_calls_linked_LDADD = $(calls_ldadd)
tests_vendor_calls_now_SOURCES = $(calls_sources)
tests_vendor_calls_now_CFLAGS = $(calls_cflags) -DLINKED
tests_vendor_calls_now_LDFLAGS = -no-install -Wl,-z,now
tests_vendor_calls_now_LDADD = $(calls_ldadd)
tests_vendor_calls_noplt_SOURCES = $(calls_sources)
tests_vendor_calls_noplt_CFLAGS = $(calls_cflags) -DLINKED -fno-plt
tests_vendor_calls_noplt_LDFLAGS = -no-install
tests_vendor_calls_noplt_LDADD = $(calls_ldadd)
tests_vendor_calls_dlopen_SOURCES = $(calls_sources)
tests_vendor_calls_dlopen_CFLAGS = $(calls_cflags)
tests_vendor_plugin_SOURCES = tests/vendor/plugin.c
tests_vendor_plugin_CFLAGS = -O2 -Wall
check_LTLIBRARIES += tests/vendor/libcalls_linked.la \
	tests/vendor/libcalls_dlopen.la
tests_vendor_libcalls_linked_la_SOURCES = $(calls_sources)
tests_vendor_libcalls_linked_la_CFLAGS = $(calls_cflags) -DLINKED -DPLUGIN
tests_vendor_libcalls_linked_la_LDFLAGS = $(vendor_flags)
tests_vendor_libcalls_linked_la_LIBADD = $(calls_ldadd)
tests_vendor_libcalls_dlopen_la_SOURCES = $(calls_sources)
tests_vendor_libcalls_dlopen_la_CFLAGS = $(calls_cflags) -DPLUGIN
tests_vendor_libcalls_dlopen_la_LDFLAGS = $(vendor_flags)
TESTS += tests/vendor/reach.sh
EXTRA_DIST += tests/vendor/reach.sh tests/vendor/nvidia.c tests/vendor/guest.c

# A small run-time of our own, as a library of CUDA's name and as an archive,
# and a program that uses it.
mini_sources = tests/vendor/minicudart.c tests/vendor/minicudart.h
check_LTLIBRARIES += tests/vendor/libcudart.la tests/vendor/libgpu_old.la
tests_vendor_libcudart_la_SOURCES = $(mini_sources)
tests_vendor_libcudart_la_CFLAGS = -O2 -Wall
tests_vendor_libcudart_la_LDFLAGS = -version-info 13:0:0 -shared \
	-rpath /nowhere
check_LIBRARIES = tests/vendor/libminicudart.a tests/vendor/libminicudart_own.a \
	tests/vendor/libminicudart_old.a
tests_vendor_libminicudart_a_SOURCES = $(mini_sources)
tests_vendor_libminicudart_a_CFLAGS = -O2 -Wall
tests_vendor_libminicudart_own_a_SOURCES = $(mini_sources)
tests_vendor_libminicudart_own_a_CFLAGS = -O2 -Wall -DOWN
tests_vendor_libminicudart_old_a_SOURCES = $(mini_sources)
tests_vendor_libminicudart_old_a_CFLAGS = -O2 -Wall -DOLD -fPIC
check_PROGRAMS += tests/vendor/gpu_shared tests/vendor/gpu_static \
	tests/vendor/gpu_own tests/vendor/gpu_old
gpu_sources = tests/vendor/gpu.c tests/vendor/minicudart.h
tests_vendor_gpu_shared_SOURCES = $(gpu_sources)
tests_vendor_gpu_shared_CFLAGS = -O2 -Wall
tests_vendor_gpu_shared_LDFLAGS = -no-install
tests_vendor_gpu_shared_LDADD = tests/vendor/libcudart.la
tests_vendor_gpu_static_SOURCES = $(gpu_sources)
tests_vendor_gpu_static_CFLAGS = -O2 -Wall
tests_vendor_gpu_static_LDADD = tests/vendor/libminicudart.a
tests_vendor_gpu_own_SOURCES = $(gpu_sources)
tests_vendor_gpu_own_CFLAGS = -O2 -Wall
tests_vendor_gpu_own_LDADD = tests/vendor/libminicudart_own.a
tests_vendor_gpu_old_SOURCES = $(gpu_sources)
tests_vendor_gpu_old_CFLAGS = -O2 -Wall
tests_vendor_gpu_old_LDADD = tests/vendor/libminicudart_old.a
# A plugin with a run-time of its own inside, beside the program's.
tests_vendor_libgpu_old_la_SOURCES = $(gpu_sources) $(mini_sources)
tests_vendor_libgpu_old_la_CFLAGS = -O2 -Wall -DPLUGIN -DOLD
tests_vendor_libgpu_old_la_LDFLAGS = $(vendor_flags) -Wl,-Bsymbolic
TESTS += tests/vendor/cuda.sh tests/vendor/headers.sh \
	tests/vendor/cuda_faults.sh tests/vendor/guests.sh tests/vendor/nvidia.sh
EXTRA_DIST += tests/vendor/cuda.sh tests/vendor/headers.sh \
	tests/vendor/cuda_faults.sh tests/vendor/guests.sh tests/vendor/nvidia.sh

# Memory of malloc and mmap that devices reach.
check_PROGRAMS += tests/vendor/reached
tests_vendor_reached_SOURCES = tests/vendor/reached.c tests/vendor/minicudart.h
tests_vendor_reached_CFLAGS = -O2 -Wall
tests_vendor_reached_LDADD = tests/vendor/libminicudart.a
TESTS += tests/vendor/reached.sh
EXTRA_DIST += tests/vendor/reached.sh

check_PROGRAMS += tests/vendor/profiled
tests_vendor_profiled_SOURCES = tests/vendor/profiled.c
tests_vendor_profiled_CFLAGS = -O2 -Wall
tests_vendor_profiled_LDFLAGS = -no-install
tests_vendor_profiled_LDADD = tests/fakes/libcupti.la

check_PROGRAMS += tests/vendor/paced
tests_vendor_paced_SOURCES = tests/vendor/paced.c tests/vendor/minicudart.h
tests_vendor_paced_CFLAGS = -O2 -Wall
tests_vendor_paced_LDFLAGS = -no-install
tests_vendor_paced_LDADD = tests/vendor/libminicudart.a tests/fakes/libcupti.la

include tests/vendor/others.mk
