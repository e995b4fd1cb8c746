# Call sites: modules, unwind rules, walks, symbols.

UNIT += tests/unit/site_walk tests/unit/site_memo tests/unit/site_symbols
tests_unit_site_walk_SOURCES = tests/unit/site_walk.c
tests_unit_site_walk_CFLAGS = $(UNIT_CFLAGS) -O2 -fomit-frame-pointer
tests_unit_site_walk_LDFLAGS = -rdynamic
tests_unit_site_walk_LDADD = $(UNIT_LIBS)
tests_unit_site_memo_SOURCES = tests/unit/site_memo.c
tests_unit_site_memo_CFLAGS = $(UNIT_CFLAGS) -O2 -fomit-frame-pointer
tests_unit_site_memo_LDFLAGS = -rdynamic
tests_unit_site_memo_LDADD = $(UNIT_LIBS)
tests_unit_site_symbols_SOURCES = tests/unit/site_symbols.c
tests_unit_site_symbols_CFLAGS = $(UNIT_CFLAGS)
tests_unit_site_symbols_LDADD = $(UNIT_LIBS)
