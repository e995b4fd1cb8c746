libhms_preload_la_SOURCES += shims/next.h shims/shims.def

include shims/heap.mk
include shims/map.mk
include shims/vendor.mk
include shims/opencl.mk

# The export list is the table of shims; anything else stays inside.  It has
# no version name of its own: with one, interposition silently stops.
shims/exports.map: $(srcdir)/shims/shims.def shims/$(am__dirstamp)
	$(AM_V_GEN){ echo '{ global:'; \
	sed -n 's/^HMS_SHIM(\([A-Za-z0-9_]*\),.*/\t\1;/p' $(srcdir)/shims/shims.def; \
	echo 'local: *; };'; } > $@
libhms_preload_la_LDFLAGS += -Wl,--version-script=shims/exports.map -Wl,--gc-sections
EXTRA_libhms_preload_la_DEPENDENCIES += shims/exports.map
CLEANFILES += shims/exports.map
