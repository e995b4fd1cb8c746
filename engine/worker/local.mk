libhmscore_la_SOURCES += \
	engine/worker/carry.c engine/worker/faults.c \
	engine/worker/learn.c engine/worker/learn.h \
	engine/worker/names.c engine/worker/names.h \
	engine/worker/stray.c \
	engine/worker/tell.c \
	engine/worker/trace.c \
	engine/worker/watch.c
