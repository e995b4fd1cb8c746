libhmscore_la_SOURCES += \
	base/aside.c base/aside.h \
	base/arena.c base/arena.h base/array.c base/array.h base/raw.h \
	base/faults.c base/faults.h \
	base/bootstrap.c base/bootstrap.h \
	base/guard.c base/guard.h \
	base/maps.c base/maps.h \
	base/log.c base/log.h base/maths.h \
	base/poisson.c base/poisson.h \
	base/runtime.c base/runtime.h \
	base/sha256.c base/sha256.h \
	base/sys.c base/sys.h \
	base/sys_thread.c base/thread.h \
	base/text.c base/text.h
