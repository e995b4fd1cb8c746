bin_PROGRAMS += hms
hms_SOURCES = tools/cmd.h tools/hms.def tools/main.c \
	tools/check.c \
	tools/explain.c \
	tools/policy.c tools/policy.h \
	tools/live.c tools/live.h \
	tools/program.c tools/program.h \
	tools/report.c \
	tools/run.c
hms_CFLAGS = $(HMS_CFLAGS) $(LIBELF_CFLAGS)
hms_LDADD = libhmscore.la $(LIBELF_LIBS)
