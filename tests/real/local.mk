# real
check_PROGRAMS += tests/real/refuse tests/real/hoard
tests_real_refuse_SOURCES = tests/real/refuse.c
tests_real_refuse_CFLAGS = -Wall -Wextra
tests_real_hoard_SOURCES = tests/real/hoard.c
# malloc and free must happen as written.
tests_real_hoard_CFLAGS = -Wall -Wextra -fno-builtin
TESTS += tests/real/limits.sh
EXTRA_DIST += tests/real/limits.sh

TESTS += tests/real/run_diagnosis.sh
EXTRA_DIST += tests/real/run_diagnosis.sh
# real: unmodified programs of Debian
real_tests = tests/real/shell.sh tests/real/scripts.sh tests/real/git.sh \
	tests/real/compilers.sh tests/real/databases.sh tests/real/web.sh
TESTS += $(real_tests)
EXTRA_DIST += $(real_tests) tests/real/real.sh
check_PROGRAMS += tests/real/ends
tests_real_ends_SOURCES = tests/real/ends.c
tests_real_ends_CFLAGS = -Wall -Wextra -fno-builtin
TESTS += tests/real/report_ends.sh
EXTRA_DIST += tests/real/report_ends.sh
TESTS += tests/real/preload.sh
EXTRA_DIST += tests/real/preload.sh
# Memory's speed by other means than `hms measure`: bench/measure_compare.py.
check_PROGRAMS += tests/real/measure_apart
tests_real_measure_apart_SOURCES = tests/real/measure_apart.c
tests_real_measure_apart_CFLAGS = -O3 -Wall -Wextra
