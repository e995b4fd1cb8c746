# Unit tests: Criterion programs over what library and tools share.  One more
# is one file and these lines:
#
#	UNIT += tests/unit/NAME
#	tests_unit_NAME_SOURCES = tests/unit/NAME.c
#	tests_unit_NAME_CFLAGS = $(UNIT_CFLAGS)
#	tests_unit_NAME_LDADD = $(UNIT_LIBS)
#
# A test that fakes the kernel adds
#	tests_unit_NAME_LDFLAGS = -Wl,--wrap=hms_sys_mbind
# and defines __wrap_hms_sys_mbind(); the true one is __real_hms_sys_mbind().
#
# They print TAP: AM_TESTS_ENVIRONMENT sets CRITERION_OUTPUTS.  By hand, run
# them plain, or with --filter SUITE/NAME.  Leaks are not looked for: Criterion
# itself leaks, and HMS has no malloc.
UNIT =
UNIT_CFLAGS = $(HMS_CFLAGS) $(SAN_FLAGS) $(CRITERION_CFLAGS)
UNIT_LIBS = $(UNIT_CORE) $(CRITERION_LIBS)

UNIT += tests/unit/arena
tests_unit_arena_SOURCES = tests/unit/arena.c
tests_unit_arena_CFLAGS = $(UNIT_CFLAGS)
tests_unit_arena_LDADD = $(UNIT_LIBS)

UNIT += tests/unit/poisson
tests_unit_poisson_SOURCES = tests/unit/poisson.c
tests_unit_poisson_CFLAGS = $(UNIT_CFLAGS)
tests_unit_poisson_LDADD = $(UNIT_LIBS)

UNIT += tests/unit/shadow
tests_unit_shadow_SOURCES = tests/unit/shadow.c shims/shadow.c
tests_unit_shadow_CFLAGS = $(UNIT_CFLAGS)
tests_unit_shadow_LDADD = $(UNIT_LIBS)

include tests/unit/engine.mk
include tests/unit/plan.mk
include tests/unit/policy.mk
include tests/unit/report.mk
include tests/unit/site.mk
include tests/unit/source.mk
include tests/unit/topology.mk

UNIT += tests/unit/vendor_headers
tests_unit_vendor_headers_SOURCES = tests/unit/vendor_headers.c \
	tests/unit/vendor_hip.c tests/unit/vendor_ze.c \
	tests/unit/vendor_layout.c tests/unit/vendor_layout.h \
	tests/unit/vendor_layout.def
tests_unit_vendor_headers_CFLAGS = $(UNIT_CFLAGS)
tests_unit_vendor_headers_LDADD = $(UNIT_LIBS)

UNIT += tests/unit/blocks tests/unit/backed
tests_unit_blocks_SOURCES = tests/unit/blocks.c
tests_unit_blocks_CFLAGS = $(UNIT_CFLAGS)
tests_unit_blocks_LDADD = $(UNIT_LIBS)
tests_unit_backed_SOURCES = tests/unit/backed.c
tests_unit_backed_CFLAGS = $(UNIT_CFLAGS)
tests_unit_backed_LDADD = $(UNIT_LIBS)

if HAVE_CRITERION
check_PROGRAMS += $(UNIT)
TESTS += $(UNIT) tests/unit/valgrind.sh tests/unit/sanitizers.sh
else
TESTS += tests/unit/missing.sh
endif
EXTRA_DIST += tests/unit/missing.sh tests/unit/valgrind.sh tests/unit/sanitizers.sh
AM_TESTS_ENVIRONMENT += export UNIT_PROGRAMS='$(UNIT)';

built-sources: $(BUILT_SOURCES)
.PHONY: built-sources

# With --enable-sanitizers the same sources are built once more for the tests;
# the preloaded library cannot carry a sanitizer's run time.
if SANITIZERS
check_LTLIBRARIES += libhmscheck.la
libhmscheck_la_SOURCES = $(libhmscore_la_SOURCES)
libhmscheck_la_CFLAGS = $(HMS_CFLAGS) $(SAN_FLAGS)
UNIT_CORE = libhmscheck.la
else
UNIT_CORE = libhmscore.la
endif
