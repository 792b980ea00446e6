# The static C programs. Run from the repository's root: make -f Sources/swiftlet-shim/shim.mk shim pause test-shim
# (the Makefile at the root includes this file).
SHIM_CC ?= cc
SHIM_OUT ?= build
SHIM_CFLAGS ?= -O2 -g0
# Position-independent, so that the one root process that reads what others send lies at a random address: its relocations are made once, by the
# spawner, and cost no page that would not be written anyway. No -fcf-protection: Debian's static C library is built without it, and the linker
# drops it from a program of which one part lacks it.
SHIM_FLAGS := -std=c11 -D_GNU_SOURCE -ISources/CLinux/include -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wvla \
	-fno-strict-aliasing -fstack-protector-strong -D_FORTIFY_SOURCE=3 -ffunction-sections -fdata-sections -fPIE
SHIM_LINK := -static-pie -Wl,--gc-sections -Wl,-z,relro,-z,now,-z,noexecstack -s
SHIM_SOURCES := $(wildcard Sources/swiftlet-shim/*.c)
SHIM_OBJECTS := $(patsubst Sources/swiftlet-shim/%.c,$(SHIM_OUT)/obj/shim/%.o,$(SHIM_SOURCES))
SHIM_HEADERS := $(wildcard Sources/swiftlet-shim/*.h) $(wildcard Sources/CLinux/include/swl_*.h)

.PHONY: shim pause shim-faults test-shim
shim: $(SHIM_OUT)/bin/swiftlet-shim
pause: $(SHIM_OUT)/bin/swiftlet-pause

# The same with its fail points, for tests that end it between two steps.
shim-faults:
	@$(MAKE) --no-print-directory shim SHIM_OUT=$(SHIM_OUT)/faults SHIM_CFLAGS='-O1 -g -DSWL_FAIL_POINTS'
	@install -D $(SHIM_OUT)/faults/bin/swiftlet-shim $(SHIM_OUT)/bin/faults/swiftlet-shim

$(SHIM_OUT)/obj/shim/%.o: Sources/swiftlet-shim/%.c $(SHIM_HEADERS)
	@mkdir -p $(@D)
	@echo '  CC $(@F)'; $(SHIM_CC) $(SHIM_FLAGS) $(SHIM_CFLAGS) -c -o $@ $<

$(SHIM_OUT)/bin/swiftlet-shim: $(SHIM_OBJECTS)
	@mkdir -p $(@D)
	@echo '  CC $(@F)'; $(SHIM_CC) $(SHIM_FLAGS) $(SHIM_CFLAGS) $(SHIM_LINK) -o $@ $^

$(SHIM_OUT)/bin/swiftlet-pause: Sources/swiftlet-pause/pause.c
	@mkdir -p $(@D)
	@echo '  CC $(@F)'; $(SHIM_CC) -std=c11 -Wall -Wextra -Werror -Os -static -nostdlib -nostartfiles -ffreestanding -fno-stack-protector -fno-builtin \
		-fno-asynchronous-unwind-tables -Wl,--build-id=none -Wl,-z,noexecstack -s -o $@ $<

$(SHIM_OUT)/obj/shim-test/overlay_test: Tests/shim/overlay_test.c Sources/swiftlet-shim/rootfs.c Sources/swiftlet-shim/mounts.c \
		Sources/swiftlet-shim/paths.c Sources/swiftlet-shim/user_namespace.c Sources/swiftlet-shim/shim.c $(SHIM_HEADERS)
	@mkdir -p $(@D)
	@echo '  CC $(@F)'; $(SHIM_CC) $(SHIM_FLAGS) -ISources/swiftlet-shim $(SHIM_CFLAGS) -static -o $@ $(filter %.c,$^)

$(SHIM_OUT)/obj/shim-test/hostile: Tests/shim/hostile.c
	@mkdir -p $(@D)
	@echo '  CC $(@F)'; $(SHIM_CC) $(SHIM_FLAGS) $(SHIM_CFLAGS) -static -o $@ $<

$(SHIM_OUT)/obj/shim-test/log_writer: Tests/shim/log_writer.c
	@mkdir -p $(@D)
	@echo '  CC $(@F)'; $(SHIM_CC) $(SHIM_FLAGS) $(SHIM_CFLAGS) -static -o $@ $<

test-shim: shim pause $(SHIM_OUT)/obj/shim-test/overlay_test $(SHIM_OUT)/obj/shim-test/log_writer $(SHIM_OUT)/obj/shim-test/hostile
	python3 -B Tests/shim/test_shim.py --bin $(SHIM_OUT)/bin --helpers $(SHIM_OUT)/obj/shim-test $(ARGS)
