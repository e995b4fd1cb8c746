libhms_preload_la_SOURCES += \
	engine/heap/cache.c engine/heap/cache.h \
	engine/heap/classes.c engine/heap/classes.h \
	engine/heap/heap.c engine/heap/heap.h \
	engine/heap/host.c \
	engine/heap/instance.c engine/heap/instance.h \
	engine/heap/keep.c engine/heap/keep.h \
	engine/heap/shared.c engine/heap/shared.h \
	engine/heap/slots.c \
	engine/heap/window.c engine/heap/window.h

# One object per row of HMS_EACH_INSTANCE.  They are no libtool objects, so
# they are handed to the linker as they are.
heap_instances = engine/heap/je0.o engine/heap/je1.o engine/heap/je2.o engine/heap/je3.o
libhms_preload_la_LDFLAGS += -Wl,engine/heap/je0.o -Wl,engine/heap/je1.o \
	-Wl,engine/heap/je2.o -Wl,engine/heap/je3.o
EXTRA_libhms_preload_la_DEPENDENCIES += $(heap_instances)
CLEANFILES += $(heap_instances)
EXTRA_DIST += engine/heap/private-jemalloc.sh

$(heap_instances): engine/heap/private-jemalloc.sh $(JEMALLOC_PIC) engine/heap/$(am__dirstamp)
	$(AM_V_GEN)n=`echo $@ | sed 's/.*je\(.\)\.o/\1/'`; \
	AR='$(AR)' LD='$(LD)' OBJCOPY='$(OBJCOPY)' READELF='$(READELF)' \
	$(SHELL) $(srcdir)/engine/heap/private-jemalloc.sh '$(JEMALLOC_PIC)' hms_je$${n}_ $@
