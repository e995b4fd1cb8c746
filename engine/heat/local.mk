libhmscore_la_SOURCES += \
	engine/heat/heat.c engine/heat/heat.h \
	engine/heat/sites.c engine/heat/sites.h \
	engine/heat/spans.c engine/heat/spans.h \
	engine/heat/tiers.c engine/heat/tiers.h \
	engine/heat/walk.c
