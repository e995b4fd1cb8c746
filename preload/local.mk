libhms_preload_la_SOURCES += preload/phase.h
libhms_preload_la_SOURCES += preload/init.c
