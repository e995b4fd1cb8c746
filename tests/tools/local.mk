# The sub-commands of hms.
TESTS += tests/tools/policy.sh tests/tools/topology.sh
TESTS += tests/tools/devices.sh tests/tools/need.sh
EXTRA_DIST += tests/tools/policy.sh tests/tools/topology.sh
EXTRA_DIST += tests/tools/devices.sh tests/tools/need.sh

TESTS += tests/tools/measure.sh tests/tools/measure_devices.sh
EXTRA_DIST += tests/tools/measure.sh tests/tools/measure_devices.sh
TESTS += tests/tools/list.sh
EXTRA_DIST += tests/tools/list.sh tests/tools/picture.py tests/tools/tiers.machine

TESTS += tests/tools/symbols.sh
EXTRA_DIST += tests/tools/symbols.sh
check_PROGRAMS += tests/tools/symbolise
tests_tools_symbolise_SOURCES = tests/tools/symbolise.c $(tool_symbols)
tests_tools_symbolise_CFLAGS = $(HMS_CFLAGS) $(LIBDW_CFLAGS)
tests_tools_symbolise_LDADD = libhmscore.la $(LIBDW_LIBS) $(LIBELF_LIBS)

TESTS += tests/tools/report.sh
EXTRA_DIST += tests/tools/report.sh
check_PROGRAMS += tests/tools/sites_page
tests_tools_sites_page_SOURCES = tests/tools/sites_page.c
tests_tools_sites_page_CFLAGS = $(HMS_CFLAGS)

TESTS += tests/tools/check_program.sh
EXTRA_DIST += tests/tools/check_program.sh
