# Sources on the real kernel: does each find a known hot set?
check_PROGRAMS += tests/sources/rank
tests_sources_rank_SOURCES = tests/sources/rank.c tests/sources/room.c tests/sources/room.h
tests_sources_rank_CFLAGS = $(HMS_CFLAGS)
tests_sources_rank_LDADD = libhmscore.la -lpthread
check_PROGRAMS += tests/sources/touch
tests_sources_touch_SOURCES = tests/sources/touch.c
tests_sources_touch_CFLAGS = $(HMS_CFLAGS)
tests_sources_touch_LDADD = libhmscore.la -lpthread

# The same with system calls that fail on demand, as tests/faults has them.
check_PROGRAMS += tests/sources/rank_faults
tests_sources_rank_faults_SOURCES = tests/sources/rank.c tests/sources/room.c \
	tests/sources/room.h base/sys.c base/faults.c
tests_sources_rank_faults_CFLAGS = $(HMS_CFLAGS) -DHMS_FAULTS
tests_sources_rank_faults_LDADD = tests/faults/rest.a $(LIBS) -lpthread

check_PROGRAMS += tests/sources/replaced
tests_sources_replaced_SOURCES = tests/sources/replaced.c
tests_sources_replaced_CFLAGS = $(HMS_CFLAGS)
tests_sources_replaced_LDADD = libhmscore.la -lpthread

TESTS += tests/sources/rank.sh tests/sources/touch tests/sources/faults.sh \
	tests/sources/replaced
EXTRA_DIST += tests/sources/faults.sh
EXTRA_DIST += tests/sources/rank.sh tests/sources/ranks.sh
