# SPDX-License-Identifier: BSD-2-Clause
# HIP and Level Zero: programs built for each way to reach the library.
place_headers = tests/vendor/by_name.h tests/vendor/where.h
place_cflags = -O2 -Wall -pthread -Wextra -Wno-unused-parameter
place_hip_sources = tests/vendor/place_hip.c $(place_headers)
check_PROGRAMS += tests/vendor/place_hip tests/vendor/place_hip_now \
	tests/vendor/place_hip_noplt tests/vendor/place_hip_dlopen
tests_vendor_place_hip_SOURCES = $(place_hip_sources)
tests_vendor_place_hip_CFLAGS = $(place_cflags)
tests_vendor_place_hip_LDFLAGS = -no-install -Wl,-z,lazy
tests_vendor_place_hip_LDADD = tests/fakes/libamdhip64.la -lpthread
tests_vendor_place_hip_now_SOURCES = $(place_hip_sources)
tests_vendor_place_hip_now_CFLAGS = $(place_cflags)
tests_vendor_place_hip_now_LDFLAGS = -no-install -Wl,-z,now
tests_vendor_place_hip_now_LDADD = tests/fakes/libamdhip64.la -lpthread
tests_vendor_place_hip_noplt_SOURCES = $(place_hip_sources)
tests_vendor_place_hip_noplt_CFLAGS = $(place_cflags) -fno-plt
tests_vendor_place_hip_noplt_LDFLAGS = -no-install
tests_vendor_place_hip_noplt_LDADD = tests/fakes/libamdhip64.la -lpthread
tests_vendor_place_hip_dlopen_SOURCES = $(place_hip_sources)
tests_vendor_place_hip_dlopen_CFLAGS = $(place_cflags) -DBY_NAME
check_PROGRAMS += tests/vendor/reached_hip
tests_vendor_reached_hip_SOURCES = tests/vendor/reached_hip.c
tests_vendor_reached_hip_CFLAGS = -O2 -Wall
tests_vendor_reached_hip_LDFLAGS = -no-install
tests_vendor_reached_hip_LDADD = tests/fakes/libamdhip64.la
check_LTLIBRARIES += tests/vendor/libplace_hip.la
tests_vendor_libplace_hip_la_SOURCES = $(place_hip_sources)
tests_vendor_libplace_hip_la_CFLAGS = $(place_cflags) -Dmain=calls_main
tests_vendor_libplace_hip_la_LDFLAGS = $(vendor_flags)
tests_vendor_libplace_hip_la_LIBADD = tests/fakes/libamdhip64.la
TESTS += tests/vendor/place_hip.sh tests/vendor/place_ze.sh \
	tests/vendor/faults.sh
EXTRA_DIST += tests/vendor/place_hip.sh tests/vendor/place_ze.sh \
	tests/vendor/faults.sh \
	tests/vendor/place-lib.sh tests/vendor/place_ze.c \
	tests/fakes/ze_driver.c

# The real loader, and a driver for it.
if HAVE_LEVEL_ZERO
place_ze_sources = tests/vendor/place_ze.c $(place_headers)
check_PROGRAMS += tests/vendor/place_ze tests/vendor/place_ze_now \
	tests/vendor/place_ze_noplt tests/vendor/place_ze_dlopen
tests_vendor_place_ze_SOURCES = $(place_ze_sources)
tests_vendor_place_ze_CFLAGS = $(place_cflags)
tests_vendor_place_ze_LDFLAGS = -Wl,-z,lazy
tests_vendor_place_ze_LDADD = -lze_loader
tests_vendor_place_ze_now_SOURCES = $(place_ze_sources)
tests_vendor_place_ze_now_CFLAGS = $(place_cflags)
tests_vendor_place_ze_now_LDFLAGS = -Wl,-z,now
tests_vendor_place_ze_now_LDADD = -lze_loader
tests_vendor_place_ze_noplt_SOURCES = $(place_ze_sources)
tests_vendor_place_ze_noplt_CFLAGS = $(place_cflags) -fno-plt
tests_vendor_place_ze_noplt_LDADD = -lze_loader
tests_vendor_place_ze_dlopen_SOURCES = $(place_ze_sources)
tests_vendor_place_ze_dlopen_CFLAGS = $(place_cflags) -DBY_NAME
check_LTLIBRARIES += tests/vendor/libplace_ze.la tests/fakes/ze_driver.la
tests_vendor_libplace_ze_la_SOURCES = $(place_ze_sources)
tests_vendor_libplace_ze_la_CFLAGS = $(place_cflags) -Dmain=calls_main
tests_vendor_libplace_ze_la_LDFLAGS = $(vendor_flags)
tests_vendor_libplace_ze_la_LIBADD = -lze_loader
tests_fakes_ze_driver_la_SOURCES = tests/fakes/ze_driver.c $(fake_common)
tests_fakes_ze_driver_la_CFLAGS = -Wall -Wextra -Wno-unused-parameter
tests_fakes_ze_driver_la_LDFLAGS = -module -avoid-version -shared \
	-rpath /nowhere -Wl,-Bsymbolic
endif
