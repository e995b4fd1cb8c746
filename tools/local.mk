bin_PROGRAMS += hms
hms_SOURCES = tools/cmd.h tools/hms.def tools/main.c tools/report.c
hms_CFLAGS = $(HMS_CFLAGS)
hms_LDADD = libhmscore.la
