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

check_PROGRAMS += tests/stress/fork_first
tests_stress_fork_first_SOURCES = tests/stress/fork_first.c
tests_stress_fork_first_CFLAGS = $(stress_cflags)

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

# Accounts by site.
check_PROGRAMS += tests/stress/account_totals tests/stress/account_maps \
	tests/stress/account_read
tests_stress_account_maps_SOURCES = tests/stress/account_maps.c
tests_stress_account_maps_CFLAGS = $(stress_cflags) -O2
tests_stress_account_totals_SOURCES = tests/stress/account_totals.c
tests_stress_account_totals_CFLAGS = $(stress_cflags) -O2
tests_stress_account_read_SOURCES = tests/stress/account_read.c
tests_stress_account_read_CFLAGS = $(HMS_CFLAGS)
TESTS += tests/stress/accounts.sh
EXTRA_DIST += tests/stress/accounts.sh

# Rules by caller, while libraries come and go.
check_PROGRAMS += tests/stress/site_modules tests/stress/site_hunters \
	tests/stress/site_stacks tests/stress/site_odd
tests_stress_site_odd_SOURCES = tests/stress/site_odd.c
tests_stress_site_odd_CFLAGS = $(stress_cflags)
tests_stress_site_stacks_SOURCES = tests/stress/site_stacks.c
tests_stress_site_stacks_CFLAGS = $(stress_cflags)
tests_stress_site_hunters_SOURCES = tests/stress/site_hunters.c \
	tests/stress/site_hunts.cc tests/stress/site_hunts.h
tests_stress_site_hunters_CFLAGS = $(stress_cflags)
tests_stress_site_hunters_CXXFLAGS = $(stress_cxxflags) -O2
tests_stress_site_hunters_LDADD = -lpthread
check_LTLIBRARIES += $(turn_libs) tests/stress/libhunt.la
tests_stress_libhunt_la_SOURCES = tests/stress/site_hunt_lib.cc
tests_stress_libhunt_la_CXXFLAGS = $(stress_cxxflags) -O2
tests_stress_libhunt_la_LDFLAGS = $(stress_module)
turn_libs = tests/stress/libturn_a.la tests/stress/libturn_b.la \
	tests/stress/libturn_c.la tests/stress/libturn_d.la \
	tests/stress/libturn_e.la tests/stress/libturn_f.la tests/stress/libturn_g.la
tests_stress_site_modules_SOURCES = tests/stress/site_modules.c
tests_stress_site_modules_CFLAGS = $(stress_cflags)
# Functions' names are of one length, so that the layout is one.
tests_stress_libturn_a_la_SOURCES = tests/stress/site_turn.c
tests_stress_libturn_a_la_CFLAGS = $(stress_cflags) -DINNER=made_a
tests_stress_libturn_a_la_LDFLAGS = $(stress_module) -Wl,--build-id
tests_stress_libturn_b_la_SOURCES = tests/stress/site_turn.c
tests_stress_libturn_b_la_CFLAGS = $(stress_cflags) -DINNER=made_b
tests_stress_libturn_b_la_LDFLAGS = $(stress_module) -Wl,--build-id
tests_stress_libturn_c_la_SOURCES = tests/stress/site_turn.c
tests_stress_libturn_c_la_CFLAGS = $(stress_cflags) -DINNER=picked
tests_stress_libturn_c_la_LDFLAGS = $(stress_module) -Wl,--build-id=none
tests_stress_libturn_d_la_SOURCES = tests/stress/site_turn.c
tests_stress_libturn_d_la_CFLAGS = $(stress_cflags) -DINNER=passed
tests_stress_libturn_d_la_LDFLAGS = $(stress_module) -Wl,--build-id=none
tests_stress_libturn_e_la_SOURCES = tests/stress/site_turn.c
tests_stress_libturn_e_la_CFLAGS = $(stress_cflags) -DINNER=before
tests_stress_libturn_e_la_LDFLAGS = $(stress_module) -Wl,--build-id
tests_stress_libturn_f_la_SOURCES = tests/stress/site_turn.c
tests_stress_libturn_f_la_CFLAGS = $(stress_cflags) -DINNER=behind
tests_stress_libturn_f_la_LDFLAGS = $(stress_module) -Wl,--build-id
tests_stress_libturn_g_la_SOURCES = tests/stress/site_turn.c
tests_stress_libturn_g_la_CFLAGS = $(stress_cflags) -DINNER=others
tests_stress_libturn_g_la_LDFLAGS = $(stress_module) -Wl,--build-id
TESTS += tests/stress/sites.sh
EXTRA_DIST += tests/stress/sites.sh

# What threads keep of places without a private heap.
check_PROGRAMS += tests/stress/caches
tests_stress_caches_SOURCES = tests/stress/caches.c \
	tests/stress/caches_more.c tests/stress/caches.h
tests_stress_caches_CFLAGS = $(stress_cflags)
check_PROGRAMS += tests/stress/refused
tests_stress_refused_SOURCES = tests/stress/refused.c
tests_stress_refused_CFLAGS = $(stress_cflags)
TESTS += tests/stress/caches.sh
EXTRA_DIST += tests/stress/caches.sh

# The one thread of HMS's own.
check_PROGRAMS += tests/stress/worker
tests_stress_worker_SOURCES = tests/stress/worker.c
tests_stress_worker_CFLAGS = $(stress_cflags)
tests_stress_worker_LDADD = -lpthread
TESTS += tests/stress/worker.sh
EXTRA_DIST += tests/stress/worker.sh

# Processes under one limit.
check_PROGRAMS += tests/stress/shared_limit
tests_stress_shared_limit_SOURCES = tests/stress/shared_limit.c
tests_stress_shared_limit_CFLAGS = $(AM_CFLAGS) -pthread
tests_stress_shared_limit_LDFLAGS = -pthread
TESTS += tests/stress/shared.sh
EXTRA_DIST += tests/stress/shared.sh

# Pointers of vendors' memory; see track.c.
check_PROGRAMS += tests/stress/track
tests_stress_track_SOURCES = tests/stress/track.c shims/track.c
tests_stress_track_CFLAGS = $(HMS_CFLAGS)
tests_stress_track_LDADD = libhmscore.la -lpthread
TESTS += tests/stress/track

# The handler of SIGSEGV; see fenced.c.
check_PROGRAMS += tests/stress/fenced
tests_stress_fenced_SOURCES = tests/stress/fenced.c shims/fence.c
tests_stress_fenced_CFLAGS = $(HMS_CFLAGS)
tests_stress_fenced_LDADD = libhmscore.la -lpthread
TESTS += tests/stress/fenced
