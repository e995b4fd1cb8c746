# Planners on programs that are not there.
TESTS += tests/replay/goals.sh
EXTRA_DIST += tests/replay/goals.sh
