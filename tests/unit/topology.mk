# The machine as a graph: readers, paths, ranking.

UNIT += tests/unit/graph
tests_unit_graph_SOURCES = tests/unit/graph.c
tests_unit_graph_CFLAGS = $(UNIT_CFLAGS)
tests_unit_graph_LDADD = $(UNIT_LIBS)
