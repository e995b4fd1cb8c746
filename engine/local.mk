libhmscore_la_SOURCES += engine/engine.c engine/engine.h \
	engine/witness.c engine/witness.h \
	engine/place.c engine/place.h engine/charge.c engine/charge.h engine/resolve.c engine/resolve_reach.c engine/resolving.h \
	engine/steps.c engine/needs.c engine/needs.h \
	engine/range.c engine/range.h engine/ranging.h engine/inherit.c engine/retarget.c engine/tree.c engine/tree.h \
	engine/residency.c engine/residency.h engine/numa_maps.c \
	engine/room.c engine/room.h \
	engine/shared.c engine/shared.h engine/shared_file.c engine/shared_file.h \
	engine/speed.c \
	engine/stripes.c engine/stripes.h \
	engine/target/target.h engine/target/targets.def \
	engine/target/nearest.c engine/target/nearest.h \
	engine/target/node.c engine/target/node.h

include engine/topology/local.mk
include engine/heap/local.mk

libhmscore_la_SOURCES += \
	engine/target/backed.c engine/target/backed.h \
	engine/target/blocks.c engine/target/blocks.h \
	engine/target/dax.c \
	engine/target/device.c engine/target/device.h \
	engine/target/extent.c engine/target/extent.h \
	engine/target/file.c \
	engine/target/fork.c engine/target/fork.h \
	engine/target/lend.c engine/target/lend.h \
	engine/target/store.c engine/target/store.h \
	engine/target/zero.c

include engine/site/local.mk
include engine/policy/local.mk
include engine/source/local.mk
include engine/mover/local.mk
include engine/heat/local.mk
include engine/worker/local.mk
