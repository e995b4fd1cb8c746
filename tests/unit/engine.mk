UNIT += tests/unit/nodes
tests_unit_nodes_SOURCES = tests/unit/nodes.c
tests_unit_nodes_CFLAGS = $(UNIT_CFLAGS)
tests_unit_nodes_LDADD = $(UNIT_LIBS)

UNIT += tests/unit/places
tests_unit_places_SOURCES = tests/unit/places.c tests/unit/machine.c tests/unit/machine.h
tests_unit_places_CFLAGS = $(UNIT_CFLAGS)
tests_unit_places_LDADD = $(UNIT_LIBS)
tests_unit_places_LDFLAGS = $(MACHINE_WRAPS)

# The kernel as tests/unit/machine.h plays it.
MACHINE_WRAPS = -Wl,--wrap=hms_sys_mbind,--wrap=hms_sys_madvise \
	-Wl,--wrap=hms_sys_mincore,--wrap=hms_node_memory,--wrap=hms_sys_mmap

EXTRA_DIST += tests/unit/data
