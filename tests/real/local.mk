# real
check_PROGRAMS += tests/real/refuse tests/real/hoard
tests_real_refuse_SOURCES = tests/real/refuse.c
tests_real_refuse_CFLAGS = -Wall -Wextra
tests_real_hoard_SOURCES = tests/real/hoard.c
# malloc and free must happen as written.
tests_real_hoard_CFLAGS = -Wall -Wextra -fno-builtin
# Page faults by thread and by site.
check_PROGRAMS += tests/real/faulting
tests_real_faulting_SOURCES = tests/real/faulting.c
tests_real_faulting_CFLAGS = -g -O1 -Wall -Wextra -fno-builtin \
	-fno-optimize-sibling-calls -pthread
TESTS += tests/real/faults.sh
EXTRA_DIST += tests/real/faults.sh

TESTS += tests/real/limits.sh
EXTRA_DIST += tests/real/limits.sh

TESTS += tests/real/run_diagnosis.sh
EXTRA_DIST += tests/real/run_diagnosis.sh
# real: unmodified programs of Debian
include tests/real/opencl.mk
real_tests = tests/real/shell.sh tests/real/scripts.sh tests/real/git.sh \
	tests/real/compilers.sh tests/real/databases.sh tests/real/web.sh \
	tests/real/callers.sh
TESTS += $(real_tests)
EXTRA_DIST += $(real_tests) tests/real/real.sh
check_PROGRAMS += tests/real/ends
tests_real_ends_SOURCES = tests/real/ends.c
tests_real_ends_CFLAGS = -Wall -Wextra -fno-builtin
TESTS += tests/real/report_ends.sh tests/real/site_reports.sh
EXTRA_DIST += tests/real/report_ends.sh tests/real/site_reports.sh
TESTS += tests/real/preload.sh
EXTRA_DIST += tests/real/preload.sh
# Memory's speed by other means than `hms measure`: bench/measure_compare.py.
check_PROGRAMS += tests/real/measure_apart
tests_real_measure_apart_SOURCES = tests/real/measure_apart.c
tests_real_measure_apart_CFLAGS = -O3 -Wall -Wextra

TESTS += tests/real/sites_others.sh
EXTRA_DIST += tests/real/sites_others.sh

# Rules by caller: an optimised C++ program and a library of its own.
check_PROGRAMS += tests/real/sites tests/real/site_of
check_LTLIBRARIES += tests/real/libsites.la
sites_cxxflags = $(AM_CXXFLAGS) -O2 -fomit-frame-pointer -fno-builtin \
	-fno-ipa-icf -fno-optimize-sibling-calls -Wno-unused-parameter
tests_real_libsites_la_SOURCES = tests/real/sites_lib.cc
tests_real_libsites_la_CXXFLAGS = $(sites_cxxflags)
tests_real_libsites_la_LDFLAGS = -avoid-version -shared -rpath /nowhere
tests_real_sites_SOURCES = tests/real/sites.cc tests/real/sites.h
tests_real_sites_CXXFLAGS = $(sites_cxxflags)
tests_real_sites_LDFLAGS = -no-install -Wl,--build-id
tests_real_sites_LDADD = tests/real/libsites.la
tests_real_site_of_SOURCES = tests/real/site_of.c
tests_real_site_of_CFLAGS = $(HMS_CFLAGS)
tests_real_site_of_LDADD = libhmscore.la
# The same calls at any address, and at fixed ones.
check_PROGRAMS += tests/real/site_ids tests/real/site_ids_fixed
check_LTLIBRARIES += tests/real/libsite_ids.la
tests_real_libsite_ids_la_SOURCES = tests/real/site_ids_lib.c \
	tests/real/site_ids.h
tests_real_libsite_ids_la_CFLAGS = $(HMS_CFLAGS)
tests_real_libsite_ids_la_LDFLAGS = -avoid-version -shared -rpath /nowhere \
	-Wl,--build-id
site_ids_ldadd = libhmscore.la tests/real/libsite_ids.la -lpthread
tests_real_site_ids_SOURCES = tests/real/site_ids.c
tests_real_site_ids_CFLAGS = $(HMS_CFLAGS) -fpie -fno-builtin
tests_real_site_ids_LDFLAGS = -no-install -pie -Wl,--build-id
tests_real_site_ids_LDADD = $(site_ids_ldadd)
tests_real_site_ids_fixed_SOURCES = tests/real/site_ids.c
tests_real_site_ids_fixed_CFLAGS = $(HMS_CFLAGS) -fno-pie -fno-builtin
tests_real_site_ids_fixed_LDFLAGS = -no-install -no-pie -Wl,--build-id
tests_real_site_ids_fixed_LDADD = $(site_ids_ldadd)
TESTS += tests/real/sites.sh
EXTRA_DIST += tests/real/sites.sh

# Libraries and functions that allocate on behalf of others.
check_PROGRAMS += tests/real/wrapped
check_LTLIBRARIES += tests/real/libwrapped.la
tests_real_libwrapped_la_SOURCES = tests/real/wrapped_lib.c
tests_real_libwrapped_la_CFLAGS = -O2 -fno-builtin
tests_real_libwrapped_la_LDFLAGS = -avoid-version -shared -rpath /nowhere
tests_real_wrapped_SOURCES = tests/real/wrapped.cc
tests_real_wrapped_CXXFLAGS = $(AM_CXXFLAGS) -O2 -fno-builtin
tests_real_wrapped_LDFLAGS = -no-install
tests_real_wrapped_LDADD = tests/real/libwrapped.la -lpthread
TESTS += tests/real/wrapped.sh
EXTRA_DIST += tests/real/wrapped.sh

# Memory that moves between a file and a node; tests/vm/hot.
TESTS += tests/real/moves.sh
EXTRA_DIST += tests/real/moves.sh
