libhms_preload_la_SOURCES += shims/map.c shims/map.h shims/remap.c \
	shims/protect.c shims/brk.c shims/shm.c shims/numa.c
