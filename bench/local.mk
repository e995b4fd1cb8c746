# bench: `make bench` builds the programs, bench/run prints the tables.
bench_programs = bench/alloc bench/launch bench/planner bench/sources bench/spawn \
	bench/topology
check_PROGRAMS += $(bench_programs)
bench_alloc_SOURCES = bench/alloc.c bench/alloc.h bench/single.c \
	bench/threaded.c bench/inner.c bench/inner.h
bench_alloc_CPPFLAGS = $(AM_CPPFLAGS) -DBENCH_INNER=bench_own
bench_alloc_LDFLAGS = -no-install
bench_alloc_LDADD = bench/libhalf.la -lpthread
check_LTLIBRARIES += bench/libhalf.la
bench_libhalf_la_SOURCES = bench/inner.c bench/inner.h
bench_libhalf_la_CPPFLAGS = $(AM_CPPFLAGS) -DBENCH_INNER=bench_half
bench_libhalf_la_CFLAGS = $(AM_CFLAGS) -fvisibility=default
bench_libhalf_la_LDFLAGS = -avoid-version -shared -rpath /nowhere
# What peers do at every call, to compare with: never installed.
if UNWIND_EACH
bench_unwind = bench/libunwind_each.la
check_LTLIBRARIES += $(bench_unwind)
bench_libunwind_each_la_SOURCES = bench/unwind_each.c
bench_libunwind_each_la_LDFLAGS = -module -avoid-version -shared \
	-rpath /nowhere
bench_libunwind_each_la_LIBADD = -lunwind -lpthread
endif
check_PROGRAMS += bench/dlsym
bench_dlsym_SOURCES = bench/dlsym.c
bench_launch_SOURCES = bench/launch.c
bench_spawn_SOURCES = bench/spawn.c
bench_sources_SOURCES = bench/sources.c tests/sources/room.c tests/sources/room.h
bench_sources_CFLAGS = $(HMS_CFLAGS)
bench_sources_LDADD = libhmscore.la -lpthread
bench_planner_SOURCES = bench/planner.c
bench_planner_CFLAGS = $(HMS_CFLAGS)
bench_planner_LDADD = libhmscore.la
bench_topology_SOURCES = bench/topology.c
bench_topology_CFLAGS = $(HMS_CFLAGS)
bench_topology_LDADD = libhmscore.la

bench: $(bench_programs) libhms_preload.la $(bench_unwind)
.PHONY: bench

TESTS += bench/smoke.sh
EXTRA_DIST += bench/unwind_each.c bench/run bench/startup bench/modes.py bench/programs.py bench/redis.py \
	bench/table.py bench/sites.py bench/measure_compare.py bench/smoke.sh doc/BENCHMARKS.md

# What moving costs; see bench/mover.c.
check_PROGRAMS += bench/mover
bench_mover_SOURCES = bench/mover.c tests/mover/kit.c tests/mover/kit.h
bench_mover_CFLAGS = $(HMS_CFLAGS) -O2 -DKIT_LINKED
bench_mover_LDADD = libhmscore.la -lpthread

# What being watched costs a program; see bench/tracked.py.
check_PROGRAMS += bench/tracked
bench_tracked_SOURCES = bench/tracked.c
bench_tracked_CFLAGS = -O2 -Wall -Wextra
EXTRA_DIST += bench/tracked.py
