# Machines to test with: see README.md.
MACHINES = \
	tests/machines/big-64.machine \
	tests/machines/conf-ways.machine \
	tests/machines/confined.machine \
	tests/machines/cxl-expander.machine \
	tests/machines/cxl-interleave.machine \
	tests/machines/gh200-unmeasured.machine \
	tests/machines/gh200.machine \
	tests/machines/gpu-server.machine \
	tests/machines/holes.machine \
	tests/machines/knl-flat-snc4.machine \
	tests/machines/no-hmat-hbm.machine \
	tests/machines/no-hmat.machine \
	tests/machines/no-memory.machine \
	tests/machines/one-node.machine \
	tests/machines/pmem-kmem.machine \
	tests/machines/start-8.machine \
	tests/machines/two-sockets.machine \
	tests/machines/wrong-distance-mended.machine \
	tests/machines/wrong-distance.machine \
	tests/machines/xeon-max-flat.machine

# With mistakes in them.
BAD_MACHINES = \
	tests/machines/bad/conf.machine \
	tests/machines/bad/cut.machine \
	tests/machines/bad/distances.machine \
	tests/machines/bad/duplicates.machine \
	tests/machines/bad/empty.machine \
	tests/machines/bad/gpu-status.machine \
	tests/machines/bad/hmat.machine \
	tests/machines/bad/lists.machine \
	tests/machines/bad/values.machine

# What each request gets: answers.sh.
ANSWERS = \
	tests/machines/answers/big-64 \
	tests/machines/answers/conf-ways \
	tests/machines/answers/confined \
	tests/machines/answers/cxl-expander \
	tests/machines/answers/cxl-interleave \
	tests/machines/answers/gh200-unmeasured \
	tests/machines/answers/gh200 \
	tests/machines/answers/gpu-server \
	tests/machines/answers/holes \
	tests/machines/answers/knl-flat-snc4 \
	tests/machines/answers/no-hmat \
	tests/machines/answers/no-hmat-hbm \
	tests/machines/answers/no-memory \
	tests/machines/answers/one-node \
	tests/machines/answers/pmem-kmem \
	tests/machines/answers/start-1024 \
	tests/machines/answers/start-8 \
	tests/machines/answers/two-sockets \
	tests/machines/answers/wrong-distance \
	tests/machines/answers/wrong-distance-mended \
	tests/machines/answers/xeon-max-flat

# All of them as folders, in tests/machines/made/NAME.
check_DATA += tests/machines/stamp
tests/machines/stamp: $(MACHINES) tests/machines/unpack.py tests/machines/acpi.py
	$(AM_V_GEN)$(MKDIR_P) tests/machines
	$(AM_V_at)if command -v python3 >/dev/null; then \
		python3 $(srcdir)/tests/machines/unpack.py tests/machines/made \
			$(MACHINES:%=$(srcdir)/%); \
	fi
	$(AM_V_at)touch $@
CLEANFILES += tests/machines/stamp
machines-clean:
	rm -rf tests/machines/made
clean-local: machines-clean
.PHONY: machines-clean

EXTRA_DIST += $(BAD_MACHINES:.machine=.expected) tests/machines/bad.sh
EXTRA_DIST += $(MACHINES) $(BAD_MACHINES) $(ANSWERS)
EXTRA_DIST += tests/machines/start-1024.machine tests/machines/answers.sh
EXTRA_DIST += tests/machines/README.md tests/machines/machines.sh
EXTRA_DIST += tests/machines/compare.py tests/machines/unpack.py tests/machines/acpi.py

TESTS += tests/machines/answers.sh tests/machines/bad.sh
