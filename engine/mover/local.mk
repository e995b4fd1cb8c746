libhmscore_la_SOURCES += engine/mover/bucket.c \
	engine/mover/copy.c engine/mover/copy.h engine/mover/direct.c engine/mover/direct.h engine/mover/inside.h \
	engine/mover/locked.c engine/mover/look.c engine/mover/look.h engine/mover/own.h \
	engine/mover/mover.c engine/mover/mover.h engine/mover/pages.c \
	engine/mover/ready.c engine/mover/ready.h \
	engine/mover/remap.c engine/mover/stop.c engine/mover/stop.h
libhmscore_la_SOURCES += engine/mover/device.c engine/mover/device.h \
	engine/mover/device_plan.c
