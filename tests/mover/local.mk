# Data checks of movers; see tests/mover/kit.h for the two ways of each program.
mover_data = tests/mover/data.c tests/mover/data.h tests/mover/threads.c \
	tests/mover/kit.c tests/mover/kit.h
check_PROGRAMS += tests/mover/data tests/mover/data_linked
tests_mover_data_SOURCES = $(mover_data)
tests_mover_data_CFLAGS = $(HMS_CFLAGS) -O2
tests_mover_data_LDADD = -lpthread
tests_mover_data_linked_SOURCES = $(mover_data)
tests_mover_data_linked_CFLAGS = $(HMS_CFLAGS) $(SAN_FLAGS) -O2 -DKIT_LINKED
tests_mover_data_linked_LDADD = $(UNIT_CORE) -lpthread
TESTS += tests/mover/data.sh tests/mover/kill.sh tests/mover/tsan.sh
EXTRA_DIST += tests/mover/data.sh tests/mover/kill.sh tests/mover/tsan.sh tests/mover/lib.sh
