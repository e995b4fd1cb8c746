libhmscore_la_SOURCES += \
	base/arena.c base/arena.h base/raw.h \
	base/faults.c base/faults.h \
	base/bootstrap.c base/bootstrap.h \
	base/guard.c base/guard.h \
	base/maps.c base/maps.h \
	base/log.c base/log.h \
	base/sha256.c base/sha256.h \
	base/sys.c base/sys.h \
	base/text.c base/text.h
