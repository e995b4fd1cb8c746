libhmscore_la_SOURCES += report/status.h
