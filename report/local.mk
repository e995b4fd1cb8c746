libhmscore_la_SOURCES += \
	report/account.c report/account.h \
	report/actual.c \
	report/closest.c report/closest.h \
	report/describe.c \
	report/expand.c \
	report/json.c report/json.h \
	report/learning.h \
	report/page.c report/page.h \
	report/render_asked.c \
	report/render_learning.c report/render_learning.h \
	report/render_learning_json.c \
	report/render_devices.c \
	report/render_sites.c report/render_sites.h report/render_sites_json.c \
	report/render.h report/render_json.c report/render_text.c \
	report/report.h report/sites.h \
	report/sites_file.c report/sites_file.h \
	report/sites_fill.c report/sites_fill.h \
	report/status.c report/status.h \
	report/write.c
