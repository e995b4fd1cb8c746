# faults: the preloaded object with system calls that fail on demand.  Only
# base/sys.c, base/sys_thread.c and base/faults.c differ; the rest is taken as it is.
check_LTLIBRARIES += tests/faults/libhms_preload_faults.la
tests_faults_libhms_preload_faults_la_SOURCES = base/sys.c \
	base/sys_thread.c base/faults.c
tests_faults_libhms_preload_faults_la_CFLAGS = $(libhms_preload_la_CFLAGS) -DHMS_FAULTS
tests_faults_libhms_preload_faults_la_LIBADD = $(libhms_preload_la_OBJECTS)
tests_faults_libhms_preload_faults_la_LDFLAGS = $(libhms_preload_la_LDFLAGS) -rpath /nowhere \
	-Wl,--whole-archive,tests/faults/rest.a,--no-whole-archive
EXTRA_tests_faults_libhms_preload_faults_la_DEPENDENCIES = tests/faults/rest.a \
	$(EXTRA_libhms_preload_la_DEPENDENCIES)

tests/faults/rest.a: libhmscore.la tests/faults/$(am__dirstamp)
	$(AM_V_GEN)cp .libs/libhmscore.a $@ && \
	$(AR) d $@ libhmscore_la-sys.o libhmscore_la-sys_thread.o \
		libhmscore_la-faults.o
CLEANFILES += tests/faults/rest.a

check_PROGRAMS += tests/faults/odd
tests_faults_odd_SOURCES = tests/faults/odd.c
tests_faults_odd_CFLAGS = -O1 -Wall -Wextra -fno-builtin -pthread
TESTS += tests/faults/run.sh tests/faults/moves.sh
EXTRA_DIST += tests/faults/run.sh tests/faults/moves.sh
