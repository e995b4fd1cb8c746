libhmscore_la_SOURCES += engine/policy/planner.h engine/policy/trace.h \
	engine/policy/planners.def engine/policy/planners.c \
	engine/policy/approx.h engine/policy/draft.c engine/policy/draft.h \
	engine/policy/pool.c engine/policy/pool.h \
	engine/policy/none.c engine/policy/threshold.c engine/policy/tpp.c \
	engine/policy/rate.c engine/policy/rate.h \
	engine/policy/rate_judge.c engine/policy/rate_look.c
