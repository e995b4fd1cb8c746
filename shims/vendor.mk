# Functions of vendors' libraries: what they share, then each vendor's.
libhms_preload_la_SOURCES += shims/dlsym.S shims/hooks.def shims/hooks.h \
	shims/resolve.c shims/track.c shims/track.h shims/vendor.c shims/vendor.h
libhms_preload_la_SOURCES += shims/cuda.c shims/cuda.h shims/cuda_driver.h \
	shims/cuda_names.def shims/cuda_alloc.c shims/cuda_async.c \
	shims/cuda_capture.c shims/cuda_device.c shims/cuda_hints.c \
	shims/cuda_host.c shims/cuda_launch.c shims/cuda_move.c shims/cuda_observe.c \
	shims/cuda_place.c shims/cuda_query.c shims/cupti.c
libhms_preload_la_SOURCES += shims/placing.c shims/placing.h
# malloc's and mmap's memory that devices reach.
libhms_preload_la_SOURCES += shims/fence.c shims/fence.h shims/reach.c \
	shims/reach.h shims/reach_prove.c shims/reach_map.c shims/reach_table.c shims/reaching.h \
	shims/reach_vendors.def shims/cuda_reach.c shims/hip_reach.c
libhms_preload_la_SOURCES += shims/hip.c shims/hip.h shims/hip_runtime.h \
	shims/hip_place.c shims/hip_query.c
libhms_preload_la_SOURCES += shims/level_zero.c shims/level_zero.h \
	shims/level_zero_place.c shims/level_zero_place.h
