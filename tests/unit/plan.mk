# Planners, and what replays them.
unit_replay = tools/replay/arms.c tools/replay/best.c tools/replay/bound.c \
	tools/replay/generate.c tools/replay/generate_ranks.c \
	tools/replay/generate_sets.c tools/replay/load.c \
	tools/replay/memtis.c tools/replay/model.c tools/replay/rivals.c \
	tools/replay/run.c

UNIT += tests/unit/planners
tests_unit_planners_SOURCES = tests/unit/planners.c tools/replay/arms.c \
	tools/replay/memtis.c tools/replay/rivals.c
tests_unit_planners_CFLAGS = $(UNIT_CFLAGS)
tests_unit_planners_LDADD = $(UNIT_LIBS) -lm

UNIT += tests/unit/rate
tests_unit_rate_SOURCES = tests/unit/rate.c
tests_unit_rate_CFLAGS = $(UNIT_CFLAGS)
tests_unit_rate_LDADD = $(UNIT_LIBS) -lm

UNIT += tests/unit/replay
tests_unit_replay_SOURCES = tests/unit/replay.c $(unit_replay)
tests_unit_replay_CFLAGS = $(UNIT_CFLAGS)
tests_unit_replay_LDADD = $(UNIT_LIBS) -lm
