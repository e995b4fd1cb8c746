# Fuzzers, with clang's libFuzzer.  `make fuzz` runs them for FUZZ_SECONDS
# each; `make check` runs each for a few.
FUZZ_SECONDS = 600
FUZZ_FLAGS = -g -O1 -fno-omit-frame-pointer \
	-fsanitize=fuzzer,address,undefined \
	-fno-sanitize-recover=undefined -Wno-unused-command-line-argument

fuzz_policy_sources = tests/fuzz/policy_fuzz.c tests/fuzz/fuzz_arena.c \
	config/ast.c config/compile.c config/conditions.c config/diag.c \
	config/files.c config/ids.c config/match.c config/presets.c \
	config/routes.c config/sources.c config/terms.c config/wishes.c config/words.c \
	config/rules_scan.c config/rules_parse.c \
	base/sys.c base/text.c base/faults.c

fuzz_topology_sources = tests/fuzz/topology_fuzz.c tests/fuzz/fuzz_arena.c \
	engine/topology/builder.c engine/topology/values.c \
	engine/topology/finish.c engine/topology/graph.c \
	engine/topology/path.c engine/topology/search.c \
	engine/topology/text.c engine/topology/parse.c \
	engine/topology/parse_words.c engine/topology/parse_values.c \
	engine/topology/parse_target.c engine/topology/sysfs.c \
	engine/topology/entries.c \
	engine/topology/read/read.c \
	base/sys.c base/text.c base/faults.c

fuzz_acpi_sources = tests/fuzz/acpi_fuzz.c tests/fuzz/fuzz_arena.c \
	engine/topology/read/acpi.c engine/topology/sysfs.c \
	engine/topology/entries.c \
	engine/topology/builder.c engine/topology/values.c \
	engine/topology/finish.c engine/topology/graph.c \
	base/sys.c base/text.c base/faults.c

EXTRA_DIST += tests/fuzz/acpi_fuzz.c tests/fuzz/acpi.sh \
	tests/fuzz/tables/hmat tests/fuzz/tables/srat
EXTRA_DIST += tests/fuzz/fuzz.h tests/fuzz/fuzz_arena.c \
	tests/fuzz/topology_fuzz.c tests/fuzz/topology.dict \
	tests/fuzz/topology.sh tests/fuzz/machines/bad.topology \
	tests/fuzz/machines/override.topology \
	tests/fuzz/machines/small.topology
EXTRA_DIST += tests/fuzz/policy_fuzz.c tests/fuzz/policy.dict \
	tests/fuzz/policy.sh \
	tests/fuzz/corpus/bad.hms tests/fuzz/corpus/crlf.hms \
	tests/fuzz/corpus/design.hms tests/fuzz/corpus/dry.hms \
	tests/fuzz/corpus/empty.hms tests/fuzz/corpus/flags.hms \
	tests/fuzz/corpus/include.hms tests/fuzz/corpus/later.hms \
	tests/fuzz/corpus/names.hms tests/fuzz/corpus/sizes.hms \
	tests/fuzz/corpus/typos.hms tests/fuzz/corpus/via.hms
TESTS += tests/fuzz/policy.sh tests/fuzz/topology.sh tests/fuzz/acpi.sh
CLEANFILES += tests/fuzz/policy_fuzz tests/fuzz/topology_fuzz tests/fuzz/acpi_fuzz

# Parts of the fuzzer stand in for the library's: the arena, and files.
tests/fuzz/policy_fuzz: $(fuzz_policy_sources) config/presets.inc
	$(AM_V_CCLD)$(MKDIR_P) tests/fuzz && set -- && \
	for f in $(fuzz_policy_sources); do \
		test -f $$f || f=$(srcdir)/$$f; set -- "$$@" $$f; done && \
	$(CLANG) -std=gnu11 $(FUZZ_FLAGS) $(AM_CPPFLAGS) $(CPPFLAGS) \
		-Wl,--wrap=hms_file_read -Wl,--wrap=hms_file_identify \
		-o $@ "$$@"

# The same for topologies.
tests/fuzz/topology_fuzz: $(fuzz_topology_sources)
	$(AM_V_CCLD)$(MKDIR_P) tests/fuzz && set -- && \
	for f in $(fuzz_topology_sources); do \
		test -f $$f || f=$(srcdir)/$$f; set -- "$$@" $$f; done && \
	$(CLANG) -std=gnu11 $(FUZZ_FLAGS) $(AM_CPPFLAGS) $(CPPFLAGS) \
		-o $@ "$$@"

# And for tables of ACPI.
tests/fuzz/acpi_fuzz: $(fuzz_acpi_sources)
	$(AM_V_CCLD)$(MKDIR_P) tests/fuzz && set -- && \
	for f in $(fuzz_acpi_sources); do \
		test -f $$f || f=$(srcdir)/$$f; set -- "$$@" $$f; done && \
	$(CLANG) -std=gnu11 $(FUZZ_FLAGS) $(AM_CPPFLAGS) $(CPPFLAGS) \
		-o $@ "$$@"

if HAVE_CLANG
check_DATA += tests/fuzz/policy_fuzz tests/fuzz/topology_fuzz \
	tests/fuzz/acpi_fuzz
fuzz: tests/fuzz/policy_fuzz tests/fuzz/topology_fuzz tests/fuzz/acpi_fuzz
	$(MKDIR_P) tests/fuzz/found tests/fuzz/found_machines \
		tests/fuzz/found_tables
	tests/fuzz/acpi_fuzz -max_total_time=$(FUZZ_SECONDS) -timeout=10 \
		-max_len=4096 -print_final_stats=1 tests/fuzz/found_tables \
		$(srcdir)/tests/fuzz/tables
	tests/fuzz/topology_fuzz -max_total_time=$(FUZZ_SECONDS) -timeout=10 \
		-max_len=4096 -dict=$(srcdir)/tests/fuzz/topology.dict \
		-print_final_stats=1 tests/fuzz/found_machines \
		$(srcdir)/tests/fuzz/machines
	tests/fuzz/policy_fuzz -max_total_time=$(FUZZ_SECONDS) -timeout=10 \
		-max_len=4096 -dict=$(srcdir)/tests/fuzz/policy.dict \
		-print_final_stats=1 tests/fuzz/found $(srcdir)/tests/fuzz/corpus
else
fuzz:
	@echo "fuzzers need clang (apt-get install clang)" >&2; exit 1
endif
.PHONY: fuzz
