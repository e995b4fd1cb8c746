bin_PROGRAMS += hms
hms_SOURCES = tools/cmd.h tools/hms.def tools/main.c \
	tools/check.c \
	tools/explain.c \
	tools/measure.c tools/measure.h tools/measure_body.h \
	tools/measure_cpus.c tools/measure_loops.c tools/measure_memory.c \
	tools/measure_plan.c tools/measure_print.c tools/measure_result.c \
	tools/measure_store.c tools/measure_target.c tools/measure_team.c \
	tools/policy.c tools/policy.h tools/ranking.c tools/ranking.h \
	tools/live.c tools/live.h \
	tools/program.c tools/program.h \
	tools/report.c \
	tools/run.c
hms_CFLAGS = $(HMS_CFLAGS) $(LIBELF_CFLAGS)
hms_LDADD = libhmscore.la $(LIBELF_LIBS)
