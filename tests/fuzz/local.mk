# Fuzzers, with clang's libFuzzer.  `make fuzz` runs them for FUZZ_SECONDS
# each; `make check` runs each for a few.
FUZZ_SECONDS = 600
FUZZ_FLAGS = -g -O1 -fno-omit-frame-pointer \
	-fsanitize=fuzzer,address,undefined \
	-fno-sanitize-recover=undefined -Wno-unused-command-line-argument

fuzz_policy_sources = tests/fuzz/policy_fuzz.c tests/fuzz/fuzz_arena.c \
	config/ast.c config/compile.c config/conditions.c config/devices.c config/diag.c \
	config/files.c config/ids.c config/match.c config/presets.c \
	config/routes.c config/settings.c config/sources.c config/terms.c \
	config/wishes.c config/words.c \
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

fuzz_site_sources = tests/fuzz/fuzz_arena.c \
	engine/site/demangle.c engine/site/demangle_expressions.c \
	engine/site/demangle_rust.c engine/site/demangle_types.c \
	engine/site/elf.c engine/site/hint.c engine/site/module.c \
	engine/site/symbols.c \
	base/sys.c base/text.c base/faults.c
fuzz_elf_sources = tests/fuzz/elf_fuzz.c $(fuzz_site_sources)
fuzz_demangle_sources = tests/fuzz/demangle_fuzz.c $(fuzz_site_sources)

fuzz_unwind_sources = tests/fuzz/unwind_fuzz.c tests/fuzz/fuzz_arena.c \
	engine/site/unwind.c engine/site/unwind_program.c base/sys.c base/text.c base/faults.c

EXTRA_DIST += tests/fuzz/unwind_fuzz.c tests/fuzz/unwind.sh \
	tests/fuzz/tables_unwind/aligned tests/fuzz/tables_unwind/frame \
	tests/fuzz/tables_unwind/register-that-is-none \
	tests/fuzz/tables_unwind/variable
EXTRA_DIST += tests/fuzz/elf_fuzz.c tests/fuzz/elf.sh \
	tests/fuzz/elves/library tests/fuzz/elves/object \
	tests/fuzz/elves/shorter \
	tests/fuzz/demangle_fuzz.c tests/fuzz/demangle.sh \
	tests/fuzz/symbols/conversion tests/fuzz/symbols/lambda \
	tests/fuzz/symbols/rust tests/fuzz/symbols/rust_legacy \
	tests/fuzz/symbols/template tests/fuzz/symbols/vector
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
TESTS += tests/fuzz/policy.sh tests/fuzz/topology.sh tests/fuzz/acpi.sh \
	tests/fuzz/elf.sh tests/fuzz/demangle.sh tests/fuzz/unwind.sh
CLEANFILES += tests/fuzz/policy_fuzz tests/fuzz/topology_fuzz \
	tests/fuzz/acpi_fuzz tests/fuzz/elf_fuzz tests/fuzz/demangle_fuzz \
	tests/fuzz/unwind_fuzz

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

# ELF files; what reads them gets its system calls from the fuzzer.
tests/fuzz/elf_fuzz: $(fuzz_elf_sources)
	$(AM_V_CCLD)$(MKDIR_P) tests/fuzz && set -- && \
	for f in $(fuzz_elf_sources); do \
		test -f $$f || f=$(srcdir)/$$f; set -- "$$@" $$f; done && \
	$(CLANG) -std=gnu11 $(FUZZ_FLAGS) $(AM_CPPFLAGS) $(CPPFLAGS) \
		-Wl,--wrap=hms_sys_open \
		-Wl,--wrap=hms_sys_close \
		-Wl,--wrap=hms_sys_fstat \
		-Wl,--wrap=hms_sys_pread \
		-Wl,--wrap=hms_sys_mmap \
		-Wl,--wrap=hms_sys_munmap \
		-o $@ "$$@"

# Names in symbol tables.
tests/fuzz/demangle_fuzz: $(fuzz_demangle_sources)
	$(AM_V_CCLD)$(MKDIR_P) tests/fuzz && set -- && \
	for f in $(fuzz_demangle_sources); do \
		test -f $$f || f=$(srcdir)/$$f; set -- "$$@" $$f; done && \
	$(CLANG) -std=gnu11 $(FUZZ_FLAGS) $(AM_CPPFLAGS) $(CPPFLAGS) \
		-o $@ "$$@"

# Tables of sites.
fuzz_sites_sources = tests/fuzz/sites_fuzz.c tests/fuzz/fuzz_arena.c \
	report/closest.c report/json.c report/render_asked.c report/render_devices.c report/render_learning.c \
	report/render_sites.c report/render_sites_json.c \
	report/render_text.c base/text.c
EXTRA_DIST += tests/fuzz/sites_fuzz.c tests/fuzz/sites.sh
TESTS += tests/fuzz/sites.sh
CLEANFILES += tests/fuzz/sites_fuzz

tests/fuzz/sites_fuzz: $(fuzz_sites_sources)
	$(AM_V_CCLD)$(MKDIR_P) tests/fuzz && set -- && \
	for f in $(fuzz_sites_sources); do \
		test -f $$f || f=$(srcdir)/$$f; set -- "$$@" $$f; done && \
	$(CLANG) -std=gnu11 $(FUZZ_FLAGS) $(AM_CPPFLAGS) $(CPPFLAGS) \
		-o $@ "$$@"

# Recordings for hms replay, and the planners that run on them.
fuzz_trace_sources = tests/fuzz/trace_fuzz.c tests/fuzz/fuzz_arena.c \
	engine/policy/draft.c engine/policy/none.c engine/policy/planners.c \
	engine/policy/pool.c engine/policy/rate.c engine/policy/rate_judge.c \
	engine/policy/rate_look.c engine/policy/threshold.c \
	engine/policy/tpp.c tools/replay/best.c tools/replay/generate.c \
	tools/replay/generate_ranks.c tools/replay/generate_sets.c \
	tools/replay/load.c tools/replay/model.c tools/replay/run.c \
	base/poisson.c
EXTRA_DIST += tests/fuzz/trace_fuzz.c tests/fuzz/trace.sh \
	tests/fuzz/traces/sampled tests/fuzz/traces/single
TESTS += tests/fuzz/trace.sh
CLEANFILES += tests/fuzz/trace_fuzz

tests/fuzz/trace_fuzz: $(fuzz_trace_sources)
	$(AM_V_CCLD)$(MKDIR_P) tests/fuzz && set -- && \
	for f in $(fuzz_trace_sources); do \
		test -f $$f || f=$(srcdir)/$$f; set -- "$$@" $$f; done && \
	$(CLANG) -std=gnu11 $(FUZZ_FLAGS) $(AM_CPPFLAGS) $(CPPFLAGS) \
		-o $@ "$$@" -lm

# Unwind tables, of modules that the fuzzer makes.
tests/fuzz/unwind_fuzz: $(fuzz_unwind_sources)
	$(AM_V_CCLD)$(MKDIR_P) tests/fuzz && set -- && \
	for f in $(fuzz_unwind_sources); do \
		test -f $$f || f=$(srcdir)/$$f; set -- "$$@" $$f; done && \
	$(CLANG) -std=gnu11 $(FUZZ_FLAGS) $(AM_CPPFLAGS) $(CPPFLAGS) \
		-Wl,--wrap=_dl_find_object -o $@ "$$@" -ldl

# What sources decode.
fuzz_source_sources = tests/fuzz/source_fuzz.c tests/fuzz/fuzz_arena.c \
	engine/source/pmu_format.c engine/source/smaps.c engine/source/spe.c \
	base/sys.c base/text.c base/faults.c
EXTRA_DIST += tests/fuzz/source_fuzz.c tests/fuzz/source.sh \
	tests/fuzz/samples/format tests/fuzz/samples/smaps \
	tests/fuzz/samples/spe
TESTS += tests/fuzz/source.sh
CLEANFILES += tests/fuzz/source_fuzz

tests/fuzz/source_fuzz: $(fuzz_source_sources)
	$(AM_V_CCLD)$(MKDIR_P) tests/fuzz && set -- && \
	for f in $(fuzz_source_sources); do \
		test -f $$f || f=$(srcdir)/$$f; set -- "$$@" $$f; done && \
	$(CLANG) -std=gnu11 $(FUZZ_FLAGS) $(AM_CPPFLAGS) $(CPPFLAGS) \
		-o $@ "$$@"

if HAVE_CLANG
check_DATA += tests/fuzz/source_fuzz tests/fuzz/sites_fuzz \
	tests/fuzz/trace_fuzz
check_DATA += tests/fuzz/policy_fuzz tests/fuzz/topology_fuzz \
	tests/fuzz/acpi_fuzz tests/fuzz/elf_fuzz tests/fuzz/demangle_fuzz \
	tests/fuzz/unwind_fuzz
fuzz: tests/fuzz/policy_fuzz tests/fuzz/topology_fuzz tests/fuzz/acpi_fuzz \
		tests/fuzz/elf_fuzz tests/fuzz/demangle_fuzz \
		tests/fuzz/unwind_fuzz tests/fuzz/sites_fuzz \
		tests/fuzz/source_fuzz tests/fuzz/trace_fuzz
	$(MKDIR_P) tests/fuzz/found tests/fuzz/found_machines \
		tests/fuzz/found_tables tests/fuzz/found_elves \
		tests/fuzz/found_symbols tests/fuzz/found_sites \
		tests/fuzz/found_unwind
	$(MKDIR_P) tests/fuzz/found_samples
	tests/fuzz/source_fuzz -max_total_time=$(FUZZ_SECONDS) -timeout=10 \
		-max_len=2048 -print_final_stats=1 tests/fuzz/found_samples \
		$(srcdir)/tests/fuzz/samples
	$(MKDIR_P) tests/fuzz/found_traces
	tests/fuzz/trace_fuzz -max_total_time=$(FUZZ_SECONDS) -timeout=10 \
		-max_len=4096 -print_final_stats=1 tests/fuzz/found_traces \
		$(srcdir)/tests/fuzz/traces
	tests/fuzz/sites_fuzz -max_total_time=$(FUZZ_SECONDS) -timeout=10 \
		-max_len=4096 -print_final_stats=1 tests/fuzz/found_sites
	tests/fuzz/unwind_fuzz -max_total_time=$(FUZZ_SECONDS) -timeout=10 \
		-max_len=2048 -print_final_stats=1 tests/fuzz/found_unwind \
		$(srcdir)/tests/fuzz/tables_unwind
	tests/fuzz/elf_fuzz -max_total_time=$(FUZZ_SECONDS) -timeout=10 \
		-max_len=8192 -print_final_stats=1 tests/fuzz/found_elves \
		$(srcdir)/tests/fuzz/elves
	tests/fuzz/demangle_fuzz -max_total_time=$(FUZZ_SECONDS) -timeout=10 \
		-max_len=4096 -print_final_stats=1 tests/fuzz/found_symbols \
		$(srcdir)/tests/fuzz/symbols
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
