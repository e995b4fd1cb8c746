libhmscore_la_SOURCES += engine/engine.h engine/place.h engine/range.h \
	engine/target/target.h \
	engine/target/targets.def engine/topology/nodes.h

include engine/heap/local.mk
