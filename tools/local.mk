bin_PROGRAMS += hms
hms_SOURCES = tools/cmd.h tools/hms.def tools/main.c \
	tools/check.c \
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
	tools/report.c \
	tools/run.c \
	tools/set.c tools/set.h \
	tools/utf8.c tools/utf8.h \
	tools/where.c
hms_CFLAGS = $(HMS_CFLAGS) $(LIBELF_CFLAGS)
hms_LDADD = libhmscore.la $(LIBELF_LIBS) -lm
