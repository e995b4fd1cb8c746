libhms_preload_la_SOURCES += \
	shims/account.c shims/account.h \
	shims/aligned.c \
	shims/callers.c shims/callers.h shims/entry.S shims/heap.c shims/heap.h \
	shims/heap_info.c \
	shims/loader.S shims/loader.c shims/loader.h \
	shims/new.c shims/new.h \
	shims/new_replaced.c \
	shims/next.c \
	shims/process.c \
	shims/realloc.c \
	shims/routes.c \
	shims/samples.c shims/samples.h \
	shims/shadow.c shims/shadow.h \
	shims/stacks.c shims/stacks.h \
	shims/start.h \
	shims/thread.c
