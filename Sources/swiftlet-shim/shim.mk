# The static C programs. Run from the repository's root: make -f Sources/swiftlet-shim/shim.mk shim pause test-shim
# (the Makefile at the root includes this file).
SHIM_CC ?= cc
SHIM_OUT ?= build
SHIM_CFLAGS ?= -O2 -g0
# Position-independent, so that the root process that parses foreign input lies at a random address. The spawner makes the relocations once, in pages
# that are written anyway. No -fcf-protection: Debian's static C library is built without it, and the linker drops it from a program when one part
# lacks it.
SHIM_FLAGS := -std=c11 -D_GNU_SOURCE -ISources/CLinux/include -ISources/swiftlet-shim -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wvla \
	-fno-strict-aliasing -fstack-protector-strong -D_FORTIFY_SOURCE=3 -ffunction-sections -fdata-sections -fPIE
SHIM_LINK := -static-pie -Wl,--gc-sections -Wl,-z,relro,-z,now,-z,noexecstack -s
# For each wing the wings whose interface (WING/WING.h) its files may include. Every wing may include system.
SHIM_WINGS := system wire record loop log child sandbox spawner
SHIM_USES_record := wire
SHIM_USES_loop := wire
SHIM_USES_log := loop
SHIM_USES_child := record
SHIM_USES_sandbox := wire record loop log child
SHIM_USES_spawner := wire loop sandbox
SHIM_SOURCES := Sources/swiftlet-shim/main.c $(foreach wing,$(SHIM_WINGS),$(sort $(wildcard Sources/swiftlet-shim/$(wing)/*.c)))
SHIM_OBJECTS := $(patsubst Sources/swiftlet-shim/%.c,$(SHIM_OUT)/obj/shim/%.o,$(SHIM_SOURCES))
SHIM_HEADERS := $(wildcard Sources/swiftlet-shim/*/*.h) $(wildcard Sources/CLinux/include/swl_*.h)

.PHONY: shim pause shim-faults test-shim lint-wings
shim: $(SHIM_OUT)/bin/swiftlet-shim
pause: $(SHIM_OUT)/bin/swiftlet-pause

# The shim with fail points, for tests that end it between two steps.
shim-faults:
	@$(MAKE) --no-print-directory shim SHIM_OUT=$(SHIM_OUT)/faults SHIM_CFLAGS='-O1 -g -DSWL_FAIL_POINTS'
	@install -D $(SHIM_OUT)/faults/bin/swiftlet-shim $(SHIM_OUT)/bin/faults/swiftlet-shim

$(SHIM_OUT)/obj/shim/%.o: Sources/swiftlet-shim/%.c $(SHIM_HEADERS)
	@mkdir -p $(@D)
	@echo '  CC $*'; $(SHIM_CC) $(SHIM_FLAGS) $(SHIM_CFLAGS) -c -o $@ $<

$(SHIM_OUT)/bin/swiftlet-shim: $(SHIM_OBJECTS)
	@mkdir -p $(@D)
	@echo '  CC $(@F)'; $(SHIM_CC) $(SHIM_FLAGS) $(SHIM_CFLAGS) $(SHIM_LINK) -o $@ $^

$(SHIM_OUT)/bin/swiftlet-pause: Sources/swiftlet-pause/pause.c
	@mkdir -p $(@D)
	@echo '  CC $(@F)'; $(SHIM_CC) -std=c11 -Wall -Wextra -Werror -Os -static -nostdlib -nostartfiles -ffreestanding -fno-stack-protector -fno-builtin \
		-fno-asynchronous-unwind-tables -Wl,--build-id=none -Wl,-z,noexecstack -s -o $@ $<

OVERLAY_TEST_SOURCES := $(addprefix Sources/swiftlet-shim/,$(addprefix child/,overlay.c detached_mounts.c user_namespace.c) \
	$(addprefix system/,fault.c files.c))
$(SHIM_OUT)/obj/shim-test/overlay_test: Tests/shim/overlay_test.c $(OVERLAY_TEST_SOURCES) $(SHIM_HEADERS)
	@mkdir -p $(@D)
	@echo '  CC $(@F)'; $(SHIM_CC) $(SHIM_FLAGS) $(SHIM_CFLAGS) -static -o $@ $(filter %.c,$^)

$(SHIM_OUT)/obj/shim-test/hostile: Tests/shim/hostile.c
	@mkdir -p $(@D)
	@echo '  CC $(@F)'; $(SHIM_CC) $(SHIM_FLAGS) $(SHIM_CFLAGS) -static -o $@ $<

$(SHIM_OUT)/obj/shim-test/log_writer: Tests/shim/log_writer.c
	@mkdir -p $(@D)
	@echo '  CC $(@F)'; $(SHIM_CC) $(SHIM_FLAGS) $(SHIM_CFLAGS) -static -o $@ $<

test-shim: shim pause $(SHIM_OUT)/obj/shim-test/overlay_test $(SHIM_OUT)/obj/shim-test/log_writer $(SHIM_OUT)/obj/shim-test/hostile
	@if [ "$$(id -u)" != 0 ]; then \
	  echo 'SKIPPED: all shim tests, they need root'; \
	else \
	  PYTHONPATH="$(CURDIR)/Tests" SWIFTLET_TEST_BIN="$(abspath $(SHIM_OUT))/bin" SWIFTLET_TEST_PROGRAMS="$(abspath $(SHIM_OUT))/obj/shim-test" \
	    python3 -B -m unittest discover -s Tests/shim -v $(ARGS); \
	fi

# $(call wing_includes,wing): a regular expression for the headers that the wing's files may include.
empty :=
wing_includes = "(($(subst $(empty) $(empty),|,$(strip none $(SHIM_USES_$(1)))))/\2|system/[a-z_]+|$(1)/[a-z_]+)\.h"

lint-wings:
	@failed=; $(foreach wing,$(SHIM_WINGS),if grep -nE '#include "[a-z]+/' Sources/swiftlet-shim/$(wing)/*.[ch] | \
	  grep -vE '$(call wing_includes,$(wing))'; then failed=1; fi; )\
	if [ "$$failed" ]; then echo 'lint-wings: these includes cross a border between wings, see SHIM_USES in shim.mk' >&2; exit 1; fi
