UNIT += tests/unit/nodes
tests_unit_nodes_SOURCES = tests/unit/nodes.c
tests_unit_nodes_CFLAGS = $(UNIT_CFLAGS)
tests_unit_nodes_LDADD = $(UNIT_LIBS)

UNIT += tests/unit/places
tests_unit_places_SOURCES = tests/unit/places.c tests/unit/machine.c tests/unit/machine.h
tests_unit_places_CFLAGS = $(UNIT_CFLAGS)
tests_unit_places_LDADD = $(UNIT_LIBS)
tests_unit_places_LDFLAGS = $(MACHINE_WRAPS)

UNIT += tests/unit/bind
tests_unit_bind_SOURCES = tests/unit/bind.c tests/unit/machine.c tests/unit/machine.h
tests_unit_bind_CFLAGS = $(UNIT_CFLAGS)
tests_unit_bind_LDADD = $(UNIT_LIBS)
tests_unit_bind_LDFLAGS = $(MACHINE_WRAPS) -Wl,--wrap=hms_sys_getcpu

UNIT += tests/unit/stripes
tests_unit_stripes_SOURCES = tests/unit/stripes.c tests/unit/machine.c tests/unit/machine.h
tests_unit_stripes_CFLAGS = $(UNIT_CFLAGS)
tests_unit_stripes_LDADD = $(UNIT_LIBS)
tests_unit_stripes_LDFLAGS = $(MACHINE_WRAPS)

UNIT += tests/unit/ranges
tests_unit_ranges_SOURCES = tests/unit/ranges.c tests/unit/machine.c tests/unit/machine.h
tests_unit_ranges_CFLAGS = $(UNIT_CFLAGS)
tests_unit_ranges_LDADD = $(UNIT_LIBS)
tests_unit_ranges_LDFLAGS = $(MACHINE_WRAPS)

UNIT += tests/unit/residency
tests_unit_residency_SOURCES = tests/unit/residency.c
tests_unit_residency_CFLAGS = $(UNIT_CFLAGS)
tests_unit_residency_LDADD = $(UNIT_LIBS)
tests_unit_residency_LDFLAGS = -Wl,--wrap=hms_sys_move_pages

# The kernel as tests/unit/machine.h plays it.
MACHINE_WRAPS = -Wl,--wrap=hms_sys_mbind,--wrap=hms_sys_madvise \
	-Wl,--wrap=hms_sys_mincore,--wrap=hms_node_memory,--wrap=hms_sys_mmap

EXTRA_DIST += tests/unit/data
