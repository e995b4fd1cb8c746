libhmscore_la_SOURCES += config/api.def config/call.h config/options.def config/policy.h
