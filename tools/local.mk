bin_PROGRAMS += hms
hms_SOURCES = tools/cmd.h tools/hms.def tools/main.c \
	tools/check.c tools/check_program.c tools/check_program.h \
	tools/explain.c \
	tools/grid.c tools/grid.h \
	tools/list.c tools/list/list.h \
	tools/list/json.c tools/list/matrix.c tools/list/record.c \
	tools/list/table.c tools/list/text.c tools/list/tree.c \
	tools/list/watch.c tools/list/xml.c \
	tools/list/picture.h tools/list/svg.c tools/list/svg.h \
	tools/list/svg_cards.c tools/list/svg_heat.c tools/list/svg_layout.c \
	tools/measure.c tools/measure/measure.h tools/measure/body.h \
	tools/measure/cpus.c tools/measure/cuda.c tools/measure/device.c \
	tools/measure/device.h tools/measure/loops.c tools/measure/memory.c \
	tools/measure/opencl.c tools/measure/plan.c tools/measure/print.c \
	tools/measure/result.c tools/measure/store.c tools/measure/target.c \
	tools/measure/team.c \
	tools/policy.c tools/policy.h tools/ranking.c tools/ranking.h \
	tools/live.c tools/live.h \
	tools/machine.c tools/machine.h \
	tools/program.c tools/program.h \
	tools/replay.c $(tool_replay) \
	tools/report.c tools/report_json.c tools/report_json.h \
	tools/report_learning.c tools/report_learning.h \
	tools/report_read.h \
	tools/report_vendors.c tools/report_vendors.h \
	tools/run.c \
	tools/set.c tools/set.h \
	tools/sites.c tools/sites.h \
	$(tool_symbols) \
	tools/utf8.c tools/utf8.h \
	tools/where.c
hms_CFLAGS = $(HMS_CFLAGS) $(LIBELF_CFLAGS) $(LIBDW_CFLAGS) \
	$(JANSSON_CFLAGS)
hms_LDADD = libhmscore.la $(LIBDW_LIBS) $(LIBELF_LIBS) $(JANSSON_LIBS) -lm

tool_symbols = tools/symbols/symbols.h \
	tools/symbols/functions.c tools/symbols/module.c \
	tools/symbols/namer.c \
	tools/symbols/needed.c tools/symbols/needed.h

tool_replay = tools/replay/replay.h tools/replay/cases.def \
	tools/replay/rivals.def \
	tools/replay/arms.c tools/replay/best.c tools/replay/bound.c \
	tools/replay/generate.c tools/replay/generate.h \
	tools/replay/generate_ranks.c tools/replay/generate_sets.c \
	tools/replay/load.c tools/replay/memtis.c tools/replay/model.c \
	tools/replay/print.c tools/replay/rivals.c tools/replay/run.c
