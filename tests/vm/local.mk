# The machine with real memory tiers, and what is proved in it.
check_PROGRAMS += tests/vm/hot tests/vm/kinds tests/vm/kindsxx tests/vm/pinned \
	tests/vm/weave
tests_vm_hot_SOURCES = tests/vm/hot.c tests/vm/where.h
tests_vm_hot_CFLAGS = -Wall -Wextra
tests_vm_kinds_SOURCES = tests/vm/kinds.c tests/vm/where.h
# No HMS flags: these are anybody's programs.
tests_vm_kinds_CFLAGS = -Wall -Wextra
tests_vm_kinds_LDADD = -lpthread
tests_vm_kindsxx_SOURCES = tests/vm/kindsxx.cc tests/vm/where.h
tests_vm_pinned_SOURCES = tests/vm/pinned.c tests/vm/where.h
tests_vm_pinned_CFLAGS = -Wall -Wextra
tests_vm_pinned_LDADD = -lpthread
tests_vm_weave_SOURCES = tests/vm/weave.c tests/vm/where.h
tests_vm_weave_CFLAGS = -Wall -Wextra
tests_vm_weave_LDADD = -lpthread

# Rules by caller: a C++ program and its library, a Fortran program.
check_PROGRAMS += tests/vm/callers
check_LTLIBRARIES += tests/vm/libcallers.la
vm_callers_cxxflags = $(AM_CXXFLAGS) -O2 -fomit-frame-pointer -fno-builtin
tests_vm_libcallers_la_SOURCES = tests/vm/callers_lib.cc tests/vm/callers.h
tests_vm_libcallers_la_CXXFLAGS = $(vm_callers_cxxflags)
tests_vm_libcallers_la_LDFLAGS = -avoid-version -shared -rpath /nowhere
tests_vm_callers_SOURCES = tests/vm/callers.cc tests/vm/callers.h \
	tests/vm/where.h
tests_vm_callers_CXXFLAGS = $(vm_callers_cxxflags)
tests_vm_callers_LDFLAGS = -no-install -Wl,--build-id
tests_vm_callers_LDADD = tests/vm/libcallers.la -lpthread
# Left out where there is no compiler for it.
check_DATA += tests/vm/flow
tests/vm/flow: tests/vm/fields.f90 tests/vm/flow.f90 \
		tests/vm/where_fields.c tests/vm/where.h
	@mkdir -p tests/vm
	if gfortran --version >/dev/null 2>&1; then \
		cd tests/vm && gfortran -O2 -g0 -I$(abs_top_srcdir) -o flow \
			$(abs_top_srcdir)/tests/vm/fields.f90 \
			$(abs_top_srcdir)/tests/vm/flow.f90 \
			$(abs_top_srcdir)/tests/vm/where_fields.c; \
	else : >$@; fi
CLEANFILES += tests/vm/flow tests/vm/fields.mod

TESTS += tests/vm/callers.sh tests/vm/itself.sh tests/vm/tiers.sh tests/vm/devdax.sh \
	tests/vm/sockets.sh tests/vm/need.sh tests/vm/hbm.sh \
	tests/vm/hot.sh tests/vm/moves.sh tests/vm/cxl.sh tests/vm/generic.sh \
	tests/vm/opencl.sh \
	tests/vm/cuda.sh
TESTS += tests/vm/sources.sh
EXTRA_DIST += $(tests_vm_files)
tests_vm_files = tests/vm/moves.sh tests/vm/moves-data.sh tests/vm/itself.sh tests/vm/tiers.sh tests/vm/devdax.sh tests/vm/sockets.sh \
	tests/vm/run.sh tests/vm/machine tests/vm/machine-init \
	tests/vm/machine-guest tests/vm/topology/tiers.conf \
	tests/vm/topology/devdax.conf tests/vm/topology/sockets.conf \
	tests/vm/topology/sockets-hbm.conf tests/vm/topology/cxl.conf \
	tests/vm/topology/generic.conf tests/vm/tables.py \
	tests/vm/place-lib.sh tests/vm/place.sh tests/vm/place-report.sh \
	tests/vm/place-weave.sh \
	tests/vm/place-calm.sh tests/vm/place-end.sh tests/vm/devices.sh \
	tests/vm/need.sh tests/vm/need-place.sh tests/vm/need-list.sh \
	tests/vm/need-limits.sh tests/vm/need-hotplug.sh \
	tests/vm/need-measure.sh tests/vm/list-lib.sh \
	tests/vm/topology/need.conf \
	tests/vm/hbm.sh tests/vm/hbm-place.sh tests/vm/hbm-list.sh \
	tests/vm/cxl.sh tests/vm/cxl-place.sh \
	tests/vm/opencl.sh tests/vm/opencl-place.sh \
	tests/vm/cuda.sh tests/vm/cuda-place.sh \
	tests/vm/generic.sh tests/vm/generic-place.sh \
	tests/vm/hot.sh tests/vm/hot-place.sh \
	tests/vm/callers.sh tests/vm/callers-place.sh tests/vm/extensions.py \
	tests/vm/fields.f90 tests/vm/flow.f90 tests/vm/where_fields.c \
	tests/vm/sources.sh tests/vm/sources-rank.sh \
	tests/vm/sockets-place.sh tests/vm/demo.sh tests/vm/where.py \
	tests/vm/Wait.java

# Java's test is left out where there is no compiler for it.
check_DATA += tests/vm/Wait.class
tests/vm/Wait.class: tests/vm/Wait.java
	@mkdir -p tests/vm
	if javac -version >/dev/null 2>&1; then \
		javac -d tests/vm $(srcdir)/tests/vm/Wait.java; \
	else : >$@; fi
CLEANFILES += tests/vm/Wait.class
