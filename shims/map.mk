libhms_preload_la_SOURCES += shims/map.c shims/map.h shims/remap.c \
	shims/mapped.c shims/mapped.h shims/protect.c shims/brk.c shims/shm.c \
	shims/numa.c shims/faulted.c shims/faulted.h
