# Fuzzing of the C that parses foreign input: libFuzzer under ASan and UBSan. `make fuzz` runs each target for FUZZ_SECONDS, `make fuzz-smoke`
# for a few; findings stay in $(FUZZ_OUT).
FUZZ_CC ?= clang
FUZZ_SECONDS ?= 600
FUZZ_OUT ?= build/fuzz
FUZZ_TARGETS := record request log
# lld: clang's default linker may complain about every symbol of the sanitizer.
FUZZ_FLAGS := -std=c11 -D_GNU_SOURCE -ISources/CLinux/include -ISources/swiftlet-shim -Wall -Wextra -Werror -g -O1 -fno-strict-aliasing \
	-fno-sanitize-recover=all -fsanitize=fuzzer,address,undefined -fuse-ld=lld

FUZZ_SYSTEM := $(addprefix system/,clocks fault files packets)
FUZZ_SOURCES_record := $(patsubst Sources/swiftlet-shim/%.c,%,$(wildcard Sources/swiftlet-shim/record/*.c)) child/seccomp_filter wire/fields $(FUZZ_SYSTEM)
# The memory of a record comes from calloc(), so that the sanitizer knows its end.
FUZZ_FLAGS_record := -Dmmap=fuzz_mmap -Dmunmap=fuzz_munmap
FUZZ_SOURCES_request := wire/fields wire/message wire/request $(FUZZ_SYSTEM)
FUZZ_SOURCES_log := log/stream log/lines log/log_time $(FUZZ_SYSTEM)
FUZZ_RUN_record := -max_len=16384
FUZZ_RUN_request := -max_len=2048
FUZZ_RUN_log := -max_len=300

.PHONY: fuzz fuzz-smoke fuzz-targets fuzz-seeds
fuzz-targets: $(FUZZ_TARGETS:%=$(FUZZ_OUT)/fuzz_%)

$(FUZZ_OUT)/fuzz_%: Tests/fuzz/fuzz_%.c Tests/fuzz/check.h $(SHIM_SOURCES) $(SHIM_HEADERS)
	@mkdir -p $(@D)
	@echo '  CC $(@F)'; $(FUZZ_CC) $(FUZZ_FLAGS) $(FUZZ_FLAGS_$*) -o $@ $< $(FUZZ_SOURCES_$*:%=Sources/swiftlet-shim/%.c)

# $(call run_fuzzers,seconds): from the committed inputs; new ones go to FUZZ_OUT.
define run_fuzzers
	@if ! echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' | \
	  $(FUZZ_CC) -fsanitize=fuzzer,address,undefined -fuse-ld=lld -x c -o /dev/null - 2> /dev/null; then \
	  echo 'SKIPPED: fuzzing, $(FUZZ_CC) has no fuzzer runtime or no lld'; exit 0; \
	fi; \
	$(MAKE) --no-print-directory fuzz-targets; \
	for name in $(FUZZ_TARGETS); do \
	  mkdir -p "$(FUZZ_OUT)/new-$$name" "$(FUZZ_OUT)/found-$$name"; \
	  case $$name in record) options='$(FUZZ_RUN_record)';; request) options='$(FUZZ_RUN_request)';; *) options='$(FUZZ_RUN_log)';; esac; \
	  if ! nice "$(FUZZ_OUT)/fuzz_$$name" $$options -max_total_time=$(1) -print_final_stats=1 -verbosity=0 -timeout=20 -rss_limit_mb=2048 \
	    -artifact_prefix="$(FUZZ_OUT)/found-$$name/" "$(FUZZ_OUT)/new-$$name" "Tests/fuzz/corpus-$$name" 2> "$(FUZZ_OUT)/$$name.out"; then \
	    cat "$(FUZZ_OUT)/$$name.out"; echo "fuzz: $$name failed; the input is in $(FUZZ_OUT)/found-$$name" >&2; exit 1; \
	  fi; \
	  echo "fuzz: $$name, $$(sed -n 's/^stat::number_of_executed_units: *//p' "$(FUZZ_OUT)/$$name.out") inputs in $(1) s, nothing found"; \
	done
endef

fuzz:
	$(call run_fuzzers,$(FUZZ_SECONDS))

fuzz-smoke:
	$(call run_fuzzers,4)

# Makes the first inputs again from the definitions of the tests.
fuzz-seeds:
	$(PYTHON) Tests/fuzz/seeds.py Tests/fuzz
