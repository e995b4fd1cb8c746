# The machine as a graph: readers, paths, ranking.

UNIT += tests/unit/graph
tests_unit_graph_SOURCES = tests/unit/graph.c
tests_unit_graph_CFLAGS = $(UNIT_CFLAGS)
tests_unit_graph_LDFLAGS = -Wl,--wrap=hms_sys_mmap,--wrap=hms_sys_mremap
tests_unit_graph_LDADD = $(UNIT_LIBS)

UNIT += tests/unit/paths
tests_unit_paths_SOURCES = tests/unit/paths.c \
	tests/unit/random_graph.c tests/unit/random_graph.h
tests_unit_paths_CFLAGS = $(UNIT_CFLAGS)
tests_unit_paths_LDADD = $(UNIT_LIBS)

UNIT += tests/unit/topology_text
tests_unit_topology_text_SOURCES = tests/unit/topology_text.c \
	tests/unit/random_graph.c tests/unit/random_graph.h
tests_unit_topology_text_CFLAGS = $(UNIT_CFLAGS)
tests_unit_topology_text_LDADD = $(UNIT_LIBS)

UNIT += tests/unit/buses
tests_unit_buses_SOURCES = tests/unit/buses.c tests/unit/tree.c tests/unit/tree.h
tests_unit_buses_CFLAGS = $(UNIT_CFLAGS)
tests_unit_buses_LDADD = $(UNIT_LIBS)

UNIT += tests/unit/gpus
tests_unit_gpus_SOURCES = tests/unit/gpus.c tests/unit/tree.c tests/unit/tree.h
tests_unit_gpus_CFLAGS = $(UNIT_CFLAGS)
tests_unit_gpus_LDADD = $(UNIT_LIBS)

UNIT += tests/unit/vendors
tests_unit_vendors_SOURCES = tests/unit/vendors.c
tests_unit_vendors_CFLAGS = $(UNIT_CFLAGS)
tests_unit_vendors_LDFLAGS = -Wl,--wrap=hms_sys_poll
tests_unit_vendors_LDADD = $(UNIT_LIBS)
EXTRA_tests_unit_vendors_DEPENDENCIES = $(FAKES)
# A set-user-id program's environment is faked.
UNIT += tests/unit/known
tests_unit_known_SOURCES = tests/unit/known.c
tests_unit_known_CFLAGS = $(UNIT_CFLAGS)
tests_unit_known_LDFLAGS = -Wl,--wrap=secure_getenv
tests_unit_known_LDADD = $(UNIT_LIBS)

UNIT += tests/unit/topology
tests_unit_topology_SOURCES = tests/unit/topology.c \
	tests/unit/tree.c tests/unit/tree.h
tests_unit_topology_CFLAGS = $(UNIT_CFLAGS)
tests_unit_topology_LDADD = $(UNIT_LIBS)

UNIT += tests/unit/rank
tests_unit_rank_SOURCES = tests/unit/rank.c
tests_unit_rank_CFLAGS = $(UNIT_CFLAGS)
tests_unit_rank_LDADD = $(UNIT_LIBS)

UNIT += tests/unit/rank_random
tests_unit_rank_random_SOURCES = tests/unit/rank_random.c \
	tests/unit/random_graph.c tests/unit/random_graph.h
tests_unit_rank_random_CFLAGS = $(UNIT_CFLAGS)
tests_unit_rank_random_LDADD = $(UNIT_LIBS)
UNIT += tests/unit/sysfs_files tests/unit/sysfs_nodes tests/unit/sysfs_guess tests/unit/sysfs_hmat
tests_unit_sysfs_files_SOURCES = tests/unit/sysfs_files.c tests/unit/tree.c tests/unit/tree.h
tests_unit_sysfs_files_CFLAGS = $(UNIT_CFLAGS)
tests_unit_sysfs_files_LDADD = $(UNIT_LIBS)
tests_unit_sysfs_nodes_SOURCES = tests/unit/sysfs_nodes.c tests/unit/tree.c tests/unit/tree.h
tests_unit_sysfs_nodes_CFLAGS = $(UNIT_CFLAGS)
tests_unit_sysfs_nodes_LDADD = $(UNIT_LIBS)
tests_unit_sysfs_guess_SOURCES = tests/unit/sysfs_guess.c tests/unit/tree.c tests/unit/tree.h
tests_unit_sysfs_guess_CFLAGS = $(UNIT_CFLAGS)
tests_unit_sysfs_guess_LDADD = $(UNIT_LIBS)
tests_unit_sysfs_hmat_SOURCES = tests/unit/sysfs_hmat.c tests/unit/tree.c tests/unit/tree.h
tests_unit_sysfs_hmat_CFLAGS = $(UNIT_CFLAGS)
tests_unit_sysfs_hmat_LDADD = $(UNIT_LIBS)
UNIT += tests/unit/sysfs_limits
tests_unit_sysfs_limits_SOURCES = tests/unit/sysfs_limits.c tests/unit/tree.c tests/unit/tree.h
tests_unit_sysfs_limits_CFLAGS = $(UNIT_CFLAGS)
tests_unit_sysfs_limits_LDADD = $(UNIT_LIBS)
UNIT += tests/unit/sysfs_faults
tests_unit_sysfs_faults_SOURCES = tests/unit/sysfs_faults.c tests/unit/tree.c tests/unit/tree.h
tests_unit_sysfs_faults_CFLAGS = $(UNIT_CFLAGS)
tests_unit_sysfs_faults_LDFLAGS = -Wl,--wrap=hms_sys_open \
	-Wl,--wrap=hms_sys_close -Wl,--wrap=hms_sys_read \
	-Wl,--wrap=hms_sys_getdents -Wl,--wrap=hms_sys_mmap
tests_unit_sysfs_faults_LDADD = $(UNIT_LIBS)

UNIT += tests/unit/measure
tests_unit_measure_SOURCES = tests/unit/measure.c tools/measure/loops.c \
	tools/measure/result.c
tests_unit_measure_CFLAGS = $(UNIT_CFLAGS)
tests_unit_measure_LDADD = $(UNIT_LIBS)
