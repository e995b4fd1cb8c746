# stress: programs of our own, each under each kind of policy
stress_cflags = $(HMS_CFLAGS) -fno-builtin -Wno-use-after-free \
	-Wno-infinite-recursion -Wno-clobbered
stress_cxxflags = $(AM_CXXFLAGS) -std=c++17 -fno-builtin
stress_module = -module -avoid-version -shared -rpath /nowhere

check_PROGRAMS += tests/stress/contract
tests_stress_contract_SOURCES = tests/stress/contract.c
tests_stress_contract_CFLAGS = $(stress_cflags)

check_PROGRAMS += tests/stress/contract_more
tests_stress_contract_more_SOURCES = tests/stress/contract_more.c
tests_stress_contract_more_CFLAGS = $(stress_cflags)

check_PROGRAMS += tests/stress/phases
tests_stress_phases_SOURCES = tests/stress/phases.c
tests_stress_phases_CFLAGS = $(stress_cflags)

check_PROGRAMS += tests/stress/signals
tests_stress_signals_SOURCES = tests/stress/signals.c
tests_stress_signals_CFLAGS = $(stress_cflags)

check_PROGRAMS += tests/stress/threads
tests_stress_threads_SOURCES = tests/stress/threads.c
tests_stress_threads_CFLAGS = $(stress_cflags)

check_PROGRAMS += tests/stress/growth
tests_stress_growth_SOURCES = tests/stress/growth.c
tests_stress_growth_CFLAGS = $(stress_cflags)

check_PROGRAMS += tests/stress/fork
tests_stress_fork_SOURCES = tests/stress/fork.c
tests_stress_fork_CFLAGS = $(stress_cflags)

check_PROGRAMS += tests/stress/spawn
tests_stress_spawn_SOURCES = tests/stress/spawn.c
tests_stress_spawn_CFLAGS = $(stress_cflags)

check_PROGRAMS += tests/stress/maps
tests_stress_maps_SOURCES = tests/stress/maps.c
tests_stress_maps_CFLAGS = $(stress_cflags)

check_PROGRAMS += tests/stress/huge
tests_stress_huge_SOURCES = tests/stress/huge.c
tests_stress_huge_CFLAGS = $(stress_cflags)

check_PROGRAMS += tests/stress/small_stack
tests_stress_small_stack_SOURCES = tests/stress/small_stack.c
tests_stress_small_stack_CFLAGS = $(stress_cflags)

check_PROGRAMS += tests/stress/plugins
tests_stress_plugins_SOURCES = tests/stress/plugins.c
tests_stress_plugins_CFLAGS = $(stress_cflags)

check_PROGRAMS += tests/stress/contract_new
tests_stress_contract_new_SOURCES = tests/stress/contract_new.cc
tests_stress_contract_new_CXXFLAGS = $(stress_cxxflags)

check_PROGRAMS += tests/stress/override_new
tests_stress_override_new_SOURCES = tests/stress/override_new.cc
tests_stress_override_new_CXXFLAGS = $(stress_cxxflags)

check_PROGRAMS += tests/stress/exceptions
tests_stress_exceptions_SOURCES = tests/stress/exceptions.cc
tests_stress_exceptions_CXXFLAGS = $(stress_cxxflags)

check_LTLIBRARIES += tests/stress/plugin.la tests/stress/plugin_cxx.la
tests_stress_plugin_la_SOURCES = tests/stress/plugin.c
tests_stress_plugin_la_CFLAGS = $(stress_cflags)
tests_stress_plugin_la_LDFLAGS = $(stress_module)
tests_stress_plugin_cxx_la_SOURCES = tests/stress/plugin_cxx.cc
tests_stress_plugin_cxx_la_CXXFLAGS = $(stress_cxxflags)
tests_stress_plugin_cxx_la_LDFLAGS = $(stress_module)

noinst_HEADERS += tests/stress/tap.h
TESTS += tests/stress/run.sh
EXTRA_DIST += tests/stress/run.sh

# Mapping calls, with and without rules.
check_PROGRAMS += tests/stress/map_ops tests/stress/map_fork
tests_stress_map_ops_SOURCES = tests/stress/map_ops.c
tests_stress_map_ops_CFLAGS = $(stress_cflags)
tests_stress_map_fork_SOURCES = tests/stress/map_fork.c
tests_stress_map_fork_CFLAGS = $(stress_cflags)
TESTS += tests/stress/map.sh
EXTRA_DIST += tests/stress/map.sh
