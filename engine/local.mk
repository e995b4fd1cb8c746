libhmscore_la_SOURCES += engine/engine.c engine/engine.h \
	engine/witness.c engine/witness.h \
	engine/place.c engine/place.h engine/resolve.c engine/resolving.h \
	engine/steps.c engine/needs.c engine/needs.h \
	engine/range.c engine/range.h engine/tree.c engine/tree.h \
	engine/residency.c engine/residency.h engine/numa_maps.c \
	engine/room.c engine/room.h \
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
	engine/target/extent.c engine/target/extent.h \
	engine/target/file.c \
	engine/target/fork.c engine/target/fork.h \
	engine/target/store.c engine/target/store.h \
	engine/target/zero.c
