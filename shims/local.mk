libhms_preload_la_SOURCES += shims/next.h shims/shims.def

include shims/heap.mk
include shims/map.mk
