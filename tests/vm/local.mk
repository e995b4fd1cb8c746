# The machine with real memory tiers, and what is proved in it.
check_PROGRAMS += tests/vm/kinds tests/vm/kindsxx tests/vm/pinned
tests_vm_kinds_SOURCES = tests/vm/kinds.c tests/vm/where.h
# No HMS flags: these are anybody's programs.
tests_vm_kinds_CFLAGS = -Wall -Wextra
tests_vm_kinds_LDADD = -lpthread
tests_vm_kindsxx_SOURCES = tests/vm/kindsxx.cc tests/vm/where.h
tests_vm_pinned_SOURCES = tests/vm/pinned.c tests/vm/where.h
tests_vm_pinned_CFLAGS = -Wall -Wextra
tests_vm_pinned_LDADD = -lpthread

TESTS += tests/vm/itself.sh tests/vm/tiers.sh tests/vm/devdax.sh \
	tests/vm/sockets.sh tests/vm/need.sh tests/vm/hbm.sh \
	tests/vm/cxl.sh tests/vm/generic.sh
EXTRA_DIST += $(tests_vm_files)
tests_vm_files = tests/vm/itself.sh tests/vm/tiers.sh tests/vm/devdax.sh tests/vm/sockets.sh \
	tests/vm/run.sh tests/vm/machine tests/vm/machine-init \
	tests/vm/machine-guest tests/vm/topology/tiers.conf \
	tests/vm/topology/devdax.conf tests/vm/topology/sockets.conf \
	tests/vm/topology/sockets-hbm.conf tests/vm/topology/cxl.conf \
	tests/vm/topology/generic.conf tests/vm/tables.py \
	tests/vm/place-lib.sh tests/vm/place.sh tests/vm/place-report.sh \
	tests/vm/place-calm.sh tests/vm/place-end.sh tests/vm/devices.sh \
	tests/vm/need.sh tests/vm/need-place.sh tests/vm/need-list.sh \
	tests/vm/need-limits.sh tests/vm/need-hotplug.sh \
	tests/vm/need-measure.sh tests/vm/list-lib.sh \
	tests/vm/topology/need.conf \
	tests/vm/hbm.sh tests/vm/hbm-place.sh tests/vm/hbm-list.sh \
	tests/vm/cxl.sh tests/vm/cxl-place.sh \
	tests/vm/generic.sh tests/vm/generic-place.sh \
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
