# The static C programs. Run from the repository's root: make -f Sources/swiftlet-shim/shim.mk shim pause test-shim
# (the Makefile at the root includes this file).
SHIM_CC ?= cc
SHIM_OUT ?= build
SHIM_CFLAGS ?= -O2 -g0
SHIM_FLAGS := -std=c11 -D_GNU_SOURCE -ISources/CLinux/include -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wvla \
	-fno-strict-aliasing -fstack-protector-strong -D_FORTIFY_SOURCE=2 -ffunction-sections -fdata-sections
SHIM_LINK := -static -Wl,--gc-sections -Wl,-z,relro,-z,now,-z,noexecstack -s
SHIM_SOURCES := $(wildcard Sources/swiftlet-shim/*.c)
SHIM_OBJECTS := $(patsubst Sources/swiftlet-shim/%.c,$(SHIM_OUT)/obj/shim/%.o,$(SHIM_SOURCES))
SHIM_HEADERS := $(wildcard Sources/swiftlet-shim/*.h) Sources/CLinux/include/swl_wire.h

.PHONY: shim pause test-shim
shim: $(SHIM_OUT)/bin/swiftlet-shim
pause: $(SHIM_OUT)/bin/swiftlet-pause

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
		Sources/swiftlet-shim/paths.c Sources/swiftlet-shim/shim.c $(SHIM_HEADERS)
	@mkdir -p $(@D)
	@echo '  CC $(@F)'; $(SHIM_CC) $(SHIM_FLAGS) -ISources/swiftlet-shim $(SHIM_CFLAGS) -static -o $@ $(filter %.c,$^)

test-shim: shim pause $(SHIM_OUT)/obj/shim-test/overlay_test
	python3 -B Tests/shim/test_shim.py --bin $(SHIM_OUT)/bin --helpers $(SHIM_OUT)/obj/shim-test $(ARGS)
