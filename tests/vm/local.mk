# The machine with real memory tiers, and what is proved in it.
check_PROGRAMS += tests/vm/kinds tests/vm/kindsxx
tests_vm_kinds_SOURCES = tests/vm/kinds.c tests/vm/where.h
# No HMS flags: these are anybody's programs.
tests_vm_kinds_CFLAGS = -Wall -Wextra
tests_vm_kinds_LDADD = -lpthread
tests_vm_kindsxx_SOURCES = tests/vm/kindsxx.cc tests/vm/where.h

EXTRA_DIST += tests/vm/machine tests/vm/machine-init tests/vm/machine-guest \
	tests/vm/topology/tiers.conf tests/vm/topology/devdax.conf \
	tests/vm/topology/sockets.conf tests/vm/where.py tests/vm/Wait.java
