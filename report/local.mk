libhmscore_la_SOURCES += \
	report/page.c report/page.h \
	report/render.h report/render_json.c report/render_text.c \
	report/status.c report/status.h
