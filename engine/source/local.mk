libhmscore_la_SOURCES += \
	engine/source/source.h engine/source/sources.def engine/source/sources.c \
	engine/source/accessed.c engine/source/accessed.h \
	engine/source/accessed_probe.c \
	engine/source/canary.c engine/source/canary.h \
	engine/source/faults.c engine/source/faults.h \
	engine/source/hint.c engine/source/hint.h engine/source/hint_chunk.c \
	engine/source/hint_bind.c engine/source/hint_policy.c \
	engine/source/hold.h \
	engine/source/pagemap.c engine/source/pagemap.h \
	engine/source/pieces.c engine/source/pieces.h \
	engine/source/pmu.c engine/source/pmu.h \
	engine/source/pmu_discover.c engine/source/pmu_format.c \
	engine/source/purse.h \
	engine/source/refault.c \
	engine/source/ring.c engine/source/ring.h \
	engine/source/ring_map.h engine/source/ring_open.c \
	engine/source/rwp.c \
	engine/source/smaps.c engine/source/smaps.h \
	engine/source/spe.c engine/source/spe.h \
	engine/source/split.c engine/source/split.h \
	engine/source/table.c engine/source/table.h \
	engine/source/touch.c \
	engine/source/ttf.c engine/source/ttf.h \
	engine/source/uffd.c engine/source/uffd.h \
	engine/source/written.c
