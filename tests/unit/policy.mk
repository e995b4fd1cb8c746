UNIT += tests/unit/options
tests_unit_options_SOURCES = tests/unit/options.c
tests_unit_options_CFLAGS = $(UNIT_CFLAGS)
tests_unit_options_LDADD = $(UNIT_LIBS)

UNIT += tests/unit/policy_good
tests_unit_policy_good_SOURCES = tests/unit/policy_good.c
tests_unit_policy_good_CFLAGS = $(UNIT_CFLAGS)
tests_unit_policy_good_LDADD = $(UNIT_LIBS)

UNIT += tests/unit/policy_bad
tests_unit_policy_bad_SOURCES = tests/unit/policy_bad.c \
	tests/unit/policy_names.def tests/unit/policy_syntax.def
tests_unit_policy_bad_CFLAGS = $(UNIT_CFLAGS)
tests_unit_policy_bad_LDADD = $(UNIT_LIBS)

UNIT += tests/unit/policy_files
tests_unit_policy_files_SOURCES = tests/unit/policy_files.c
tests_unit_policy_files_CFLAGS = $(UNIT_CFLAGS)
tests_unit_policy_files_LDADD = $(UNIT_LIBS)

UNIT += tests/unit/policy_match
tests_unit_policy_match_SOURCES = tests/unit/policy_match.c
tests_unit_policy_match_CFLAGS = $(UNIT_CFLAGS)
tests_unit_policy_match_LDADD = $(UNIT_LIBS)
