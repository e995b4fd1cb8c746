# bench: `make bench` builds the programs, bench/run prints the tables.
bench_programs = bench/alloc bench/launch bench/spawn bench/topology
check_PROGRAMS += $(bench_programs)
bench_alloc_SOURCES = bench/alloc.c bench/alloc.h bench/single.c \
	bench/threaded.c
bench_alloc_LDADD = -lpthread
bench_launch_SOURCES = bench/launch.c
bench_spawn_SOURCES = bench/spawn.c
bench_topology_SOURCES = bench/topology.c
bench_topology_CFLAGS = $(HMS_CFLAGS)
bench_topology_LDADD = libhmscore.la

bench: $(bench_programs) libhms_preload.la
.PHONY: bench

TESTS += bench/smoke.sh
EXTRA_DIST += bench/run bench/startup bench/modes.py bench/programs.py bench/redis.py \
	bench/table.py bench/measure_compare.py bench/smoke.sh doc/BENCHMARKS.md
