# Machines to test with: see README.md.
MACHINES = \
	tests/machines/big-64.machine \
	tests/machines/confined.machine \
	tests/machines/cxl-expander.machine \
	tests/machines/cxl-interleave.machine \
	tests/machines/gh200.machine \
	tests/machines/gpu-server.machine \
	tests/machines/knl-flat-snc4.machine \
	tests/machines/no-hmat-hbm.machine \
	tests/machines/no-hmat.machine \
	tests/machines/one-node.machine \
	tests/machines/pmem-kmem.machine \
	tests/machines/start-8.machine \
	tests/machines/two-sockets.machine \
	tests/machines/wrong-distance-mended.machine \
	tests/machines/wrong-distance.machine \
	tests/machines/xeon-max-flat.machine

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

EXTRA_DIST += $(MACHINES) tests/machines/start-1024.machine
EXTRA_DIST += tests/machines/README.md tests/machines/machines.sh
EXTRA_DIST += tests/machines/unpack.py tests/machines/acpi.py
