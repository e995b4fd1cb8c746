UNIT += tests/unit/status
tests_unit_status_SOURCES = tests/unit/status.c
tests_unit_status_CFLAGS = $(UNIT_CFLAGS)
tests_unit_status_LDADD = $(UNIT_LIBS)
