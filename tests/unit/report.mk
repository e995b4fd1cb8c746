UNIT += tests/unit/status
tests_unit_status_SOURCES = tests/unit/status.c
tests_unit_status_CFLAGS = $(UNIT_CFLAGS)
tests_unit_status_LDADD = $(UNIT_LIBS)
tests_unit_status_LDFLAGS = -Wl,--wrap=hms_sys_fallocate

UNIT += tests/unit/render
tests_unit_render_SOURCES = tests/unit/render.c tests/unit/memory_sink.h
tests_unit_render_CFLAGS = $(UNIT_CFLAGS)
tests_unit_render_LDADD = $(UNIT_LIBS)

UNIT += tests/unit/render_sites
tests_unit_render_sites_SOURCES = tests/unit/render_sites.c \
	tests/unit/memory_sink.h
tests_unit_render_sites_CFLAGS = $(UNIT_CFLAGS)
tests_unit_render_sites_LDADD = $(UNIT_LIBS)

UNIT += tests/unit/report
tests_unit_report_SOURCES = tests/unit/report.c
tests_unit_report_CFLAGS = $(UNIT_CFLAGS)
tests_unit_report_LDADD = $(UNIT_LIBS)
tests_unit_report_LDFLAGS = -Wl,--wrap=hms_sys_move_pages,--wrap=hms_sys_futex_wait

UNIT += tests/unit/account
tests_unit_account_SOURCES = tests/unit/account.c
tests_unit_account_CFLAGS = $(UNIT_CFLAGS)
tests_unit_account_LDADD = $(UNIT_LIBS)
