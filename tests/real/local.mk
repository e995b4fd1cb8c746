# real
check_PROGRAMS += tests/real/refuse tests/real/hoard
tests_real_refuse_SOURCES = tests/real/refuse.c
tests_real_refuse_CFLAGS = -Wall -Wextra
tests_real_hoard_SOURCES = tests/real/hoard.c
# malloc and free must happen as written.
tests_real_hoard_CFLAGS = -Wall -Wextra -fno-builtin
EXTRA_DIST += tests/real/limits.sh

TESTS += tests/real/run_diagnosis.sh
EXTRA_DIST += tests/real/run_diagnosis.sh
