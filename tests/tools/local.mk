# The sub-commands of hms.
TESTS += tests/tools/policy.sh
EXTRA_DIST += tests/tools/policy.sh
