TESTS += tests/lint/sources.sh tests/lint/tables.sh
EXTRA_DIST += tests/lint/files.sh tests/lint/sources.sh tests/lint/tables.sh
