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

UNIT += tests/unit/heat
tests_unit_heat_SOURCES = tests/unit/heat.c tests/unit/machine.c tests/unit/machine.h
tests_unit_heat_CFLAGS = $(UNIT_CFLAGS)
tests_unit_heat_LDADD = $(UNIT_LIBS)
tests_unit_heat_LDFLAGS = $(MACHINE_WRAPS)

UNIT += tests/unit/mover
tests_unit_mover_SOURCES = tests/unit/mover.c tests/unit/machine.c tests/unit/machine.h
tests_unit_mover_CFLAGS = $(UNIT_CFLAGS)
tests_unit_mover_LDADD = $(UNIT_LIBS)
tests_unit_mover_LDFLAGS = $(MACHINE_WRAPS) \
	-Wl,--wrap=hms_sys_move_pages,--wrap=hms_sys_ioctl,--wrap=hms_sys_pread \
	-Wl,--wrap=hms_sys_peek

UNIT += tests/unit/learn
tests_unit_learn_SOURCES = tests/unit/learn.c tests/unit/machine.c tests/unit/machine.h
tests_unit_learn_CFLAGS = $(UNIT_CFLAGS)
tests_unit_learn_LDADD = $(UNIT_LIBS)
tests_unit_learn_LDFLAGS = $(MACHINE_WRAPS)

UNIT += tests/unit/stray
tests_unit_stray_SOURCES = tests/unit/stray.c tests/unit/machine.c tests/unit/machine.h
tests_unit_stray_CFLAGS = $(UNIT_CFLAGS)
tests_unit_stray_LDADD = $(UNIT_LIBS)
tests_unit_stray_LDFLAGS = $(MACHINE_WRAPS)

UNIT += tests/unit/residency
tests_unit_residency_SOURCES = tests/unit/residency.c
tests_unit_residency_CFLAGS = $(UNIT_CFLAGS)
tests_unit_residency_LDADD = $(UNIT_LIBS)
tests_unit_residency_LDFLAGS = -Wl,--wrap=hms_sys_move_pages

UNIT += tests/unit/shared
tests_unit_shared_SOURCES = tests/unit/shared.c
tests_unit_shared_CFLAGS = $(UNIT_CFLAGS)
tests_unit_shared_LDADD = $(UNIT_LIBS)
tests_unit_shared_LDFLAGS = -Wl,--wrap=hms_sys_clock

# The kernel as tests/unit/machine.h plays it.
MACHINE_WRAPS = -Wl,--wrap=hms_sys_mbind,--wrap=hms_sys_madvise \
	-Wl,--wrap=hms_sys_mincore,--wrap=hms_node_memory,--wrap=hms_sys_mmap

EXTRA_DIST += tests/unit/data

UNIT += tests/unit/remap
remap_block = tests/unit/remap_block.c tests/unit/remap_block.h \
	tests/mover/kit.c tests/mover/kit.h
tests_unit_remap_SOURCES = tests/unit/remap.c $(remap_block)
tests_unit_remap_CFLAGS = $(UNIT_CFLAGS) -DKIT_LINKED
tests_unit_remap_LDADD = $(UNIT_LIBS)
REMAP_CALLS = userfaultfd ioctl mmap mremap madvise move_pages mbind fallocate \
	pipe open pread
tests_unit_remap_LDFLAGS = $(REMAP_CALLS:%=-Wl,--wrap=hms_sys_%)

UNIT += tests/unit/remap_ways
tests_unit_remap_ways_SOURCES = tests/unit/remap_ways.c $(remap_block)
tests_unit_remap_ways_CFLAGS = $(UNIT_CFLAGS) -DKIT_LINKED
tests_unit_remap_ways_LDADD = $(UNIT_LIBS)
tests_unit_remap_ways_LDFLAGS = -Wl,--wrap=hms_sys_fstatfs,--wrap=hms_sys_mremap

UNIT += tests/unit/remap_odd
tests_unit_remap_odd_SOURCES = tests/unit/remap_odd.c $(remap_block)
tests_unit_remap_odd_CFLAGS = $(UNIT_CFLAGS) -DKIT_LINKED
tests_unit_remap_odd_LDADD = $(UNIT_LIBS)
tests_unit_remap_odd_LDFLAGS = -Wl,--wrap=hms_sys_mremap
