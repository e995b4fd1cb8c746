# Sources; what needs hardware or kernels that are not here has doubles.
UNIT += tests/unit/sources tests/unit/sources_perf tests/unit/rings
tests_unit_rings_SOURCES = tests/unit/rings.c
tests_unit_rings_CFLAGS = $(UNIT_CFLAGS)
tests_unit_rings_LDADD = $(UNIT_LIBS)
tests_unit_rings_LDFLAGS = -Wl,--wrap=hms_sys_perf_event_open \
	-Wl,--wrap=hms_sys_read_file
tests_unit_sources_SOURCES = tests/unit/sources.c
tests_unit_sources_CFLAGS = $(UNIT_CFLAGS)
tests_unit_sources_LDADD = $(UNIT_LIBS) -lm
tests_unit_sources_perf_SOURCES = tests/unit/sources_perf.c
tests_unit_sources_perf_CFLAGS = $(UNIT_CFLAGS)
tests_unit_sources_perf_LDADD = $(UNIT_LIBS)
tests_unit_sources_perf_LDFLAGS = -Wl,--wrap=hms_sys_perf_event_open \
	-Wl,--wrap=hms_sys_userfaultfd -Wl,--wrap=hms_sys_ioctl
