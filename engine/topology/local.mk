libhmscore_la_SOURCES += engine/topology/nodes.c engine/topology/nodes.h
libhmscore_la_SOURCES += engine/topology/graph.h engine/topology/path.h
libhmscore_la_SOURCES += engine/topology/builder.h engine/topology/text.h
libhmscore_la_SOURCES += engine/topology/topology.h engine/topology/readers.def
libhmscore_la_SOURCES += engine/topology/sysfs.h
libhmscore_la_SOURCES += engine/topology/rank.h
