include tests/fakes/local.mk
include tests/vendor/local.mk
include tests/gpu/local.mk
include tests/unit/local.mk
include tests/sources/local.mk
include tests/mover/local.mk
include tests/stress/local.mk
include tests/real/local.mk
include tests/vm/local.mk
include tests/fuzz/local.mk
include tests/tools/local.mk
include tests/replay/local.mk
include tests/machines/local.mk
include tests/lint/local.mk
include tests/faults/local.mk
EXTRA_DIST += tests/lib.sh
