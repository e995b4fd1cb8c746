libhmscore_la_SOURCES += \
	report/actual.c \
	report/describe.c \
	report/expand.c \
	report/page.c report/page.h \
	report/render.h report/render_json.c report/render_text.c \
	report/report.h \
	report/status.c report/status.h \
	report/write.c
