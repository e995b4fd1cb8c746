libhmscore_la_SOURCES += engine/engine.h engine/place.h engine/range.h \
	engine/target/target.h \
	engine/target/targets.def engine/topology/nodes.h

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
