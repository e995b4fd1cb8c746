# The sub-commands of hms.
TESTS += tests/tools/policy.sh tests/tools/topology.sh
TESTS += tests/tools/devices.sh tests/tools/need.sh
EXTRA_DIST += tests/tools/policy.sh tests/tools/topology.sh
EXTRA_DIST += tests/tools/devices.sh tests/tools/need.sh

TESTS += tests/tools/measure.sh tests/tools/measure_devices.sh
EXTRA_DIST += tests/tools/measure.sh tests/tools/measure_devices.sh
TESTS += tests/tools/list.sh
EXTRA_DIST += tests/tools/list.sh tests/tools/picture.py tests/tools/tiers.machine
