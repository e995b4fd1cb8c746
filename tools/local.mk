bin_PROGRAMS += hms
hms_SOURCES = tools/cmd.h tools/hms.def tools/main.c \
	tools/check.c \
	tools/explain.c \
	tools/grid.c tools/grid.h \
	tools/list.c tools/list.h tools/list_json.c tools/list_matrix.c \
	tools/list_record.c tools/list_svg.h tools/list_svg_cards.c \
	tools/list_svg_heat.c tools/list_svg_layout.c tools/list_table.c \
	tools/list_text.c tools/list_tree.c tools/list_watch.c \
	tools/list_xml.c \
	tools/measure.c tools/measure.h tools/measure_body.h \
	tools/measure_device.c tools/measure_device.h \
	tools/measure_cuda.c tools/measure_opencl.c \
	tools/measure_cpus.c tools/measure_loops.c tools/measure_memory.c \
	tools/measure_plan.c tools/measure_print.c tools/measure_result.c \
	tools/measure_store.c tools/measure_target.c tools/measure_team.c \
	tools/policy.c tools/policy.h tools/ranking.c tools/ranking.h \
	tools/live.c tools/live.h \
	tools/machine.c tools/machine.h \
	tools/program.c tools/program.h \
	tools/report.c \
	tools/run.c \
	tools/set.c tools/set.h \
	tools/svg.c tools/svg.h \
	tools/utf8.c tools/utf8.h \
	tools/where.c
hms_CFLAGS = $(HMS_CFLAGS) $(LIBELF_CFLAGS)
hms_LDADD = libhmscore.la $(LIBELF_LIBS) -lm
