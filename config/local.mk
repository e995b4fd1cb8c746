libhmscore_la_SOURCES += config/api.def config/call.h config/options.def \
	config/policy.h \
	config/diag.c config/diag.h \
	config/options.c config/options.h \
	config/words.c config/words.h
