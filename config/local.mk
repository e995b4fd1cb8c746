# The rule language.  What flex and bison make is in the distribution.
config_generated = config/rules_scan.c config/rules_scan.h \
	config/rules_parse.c config/rules_parse.h
config_presets = config/off.hms config/observe.hms config/local.hms \
	config/fast.hms config/capacity.hms config/bandwidth.hms \
	config/tier.hms
libhmscore_la_SOURCES += config/api.def config/call.h config/options.def \
	config/policy.h \
	config/ast.c config/ast.h \
	config/compile.c config/compile.h \
	config/conditions.c \
	config/devices.c config/diag.c config/diag.h \
	config/files.c config/files.h \
	config/ids.c \
	config/match.c \
	config/options.c config/options.h \
	config/presets.c \
	config/routes.c \
	config/settings.c \
	config/sources.c \
	config/terms.c \
	config/wishes.c \
	config/words.c config/words.h \
	$(config_generated)
BUILT_SOURCES += $(config_generated) config/presets.inc
EXTRA_DIST += config/rules.l config/rules.y
MAINTAINERCLEANFILES = $(config_generated)
CLEANFILES += config/presets.inc
presetsdir = $(pkgdatadir)/presets
dist_presets_DATA = $(config_presets)

config/rules_scan.c: config/rules.l
	$(AM_V_GEN)$(MKDIR_P) config && \
	$(LEX) -o $@ --header-file=config/rules_scan.h $(srcdir)/config/rules.l
config/rules_scan.h: config/rules_scan.c
	@test -f $@ || test -f $(srcdir)/$@ || { rm -f config/rules_scan.c && \
	$(MAKE) $(AM_MAKEFLAGS) config/rules_scan.c; }
config/rules_parse.c: config/rules.y
	$(AM_V_GEN)$(MKDIR_P) config && \
	$(BISON) -Wall -o $@ --header=config/rules_parse.h \
		$(srcdir)/config/rules.y
config/rules_parse.h: config/rules_parse.c
	@test -f $@ || test -f $(srcdir)/$@ || { rm -f config/rules_parse.c && \
	$(MAKE) $(AM_MAKEFLAGS) config/rules_parse.c; }
# One { "name", "text" } row for each, every line of it a string of its own.
config/presets.inc: $(config_presets)
	$(AM_V_GEN)$(MKDIR_P) config && for f in $(config_presets); do \
		test -f $$f || f=$(srcdir)/$$f; \
		echo "{ \"`basename $$f .hms`\","; \
		sed -e 's/[\\"]/\\&/g' -e 's/^/"/' -e 's/$$/\\n"/' $$f; \
		echo '},'; done >$@.tmp && mv $@.tmp $@
