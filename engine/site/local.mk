libhmscore_la_SOURCES += \
	engine/site/demangle.c engine/site/demangle.h \
	engine/site/demangle_expressions.c engine/site/demangle_rust.c \
	engine/site/demangle_types.c engine/site/demangle_types.h \
	engine/site/elf.c engine/site/elf.h \
	engine/site/frame.c engine/site/frame.h \
	engine/site/hash.h \
	engine/site/hint.c engine/site/hint.h \
	engine/site/memo.c engine/site/memo.h \
	engine/site/module.c engine/site/module.h \
	engine/site/step.c engine/site/step.h \
	engine/site/symbols.c engine/site/symbols.h \
	engine/site/unwind.c engine/site/unwind.h \
	engine/site/unwind_program.c engine/site/unwind_program.h \
	engine/site/walk.c engine/site/walk.h
