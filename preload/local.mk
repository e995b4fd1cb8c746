libhms_preload_la_SOURCES += \
	preload/children.c \
	preload/fork.c \
	preload/init.c \
	preload/layers.c \
	preload/phase.h preload/preload.h \
	preload/rules.c \
	preload/selftest.c \
	preload/thread.c \
	preload/worker.c preload/worker.h
