libhms_preload_la_SOURCES += \
	shims/aligned.c \
	shims/heap.c shims/heap.h \
	shims/heap_info.c \
	shims/loader.S shims/loader.c shims/loader.h \
	shims/new.c shims/new.h \
	shims/new_replaced.c \
	shims/next.c \
	shims/process.c \
	shims/routes.c \
	shims/start.h \
	shims/thread.c
