# swiftlet. `make` alone explains itself.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

ifeq ($(filter install,$(MAKECMDGOALS)),install)
CONFIGURATION ?= release
endif
CONFIGURATION ?= debug
PREFIX ?= /usr
DESTDIR ?=
STORIES ?= ../shared/reference
CHECK ?=

BIN := build/bin
# Programs for other machines bring Swift's libraries with them.
SWIFT_FLAGS := -c $(CONFIGURATION) $(if $(filter release,$(CONFIGURATION)),--static-swift-stdlib)
PYTHON := python3 -B
BUILD_PACKAGES := build-essential pkg-config libnftnl-dev libmnl-dev libseccomp-dev libarchive-dev
RUN_PACKAGES := iproute2 nftables conntrack docker-registry busybox-static curl python3 python3-yaml util-linux

.PHONY: help build-deps deps build programs test build-tests test-swift test-node lint lint-swift lint-c lint-scripts format run stories install clean

help:
	@printf '%s\n' \
	  'make run            a node with an example in network namespaces of their own, until Ctrl-C; CHECK=1: look at it and end' \
	  'make test           everything: packages, build, Swift tests, shim tests, node tests, lint' \
	  '' \
	  'make build          the programs, in $(BIN); CONFIGURATION=release for other machines than this one' \
	  'make shim pause     only the C programs' \
	  'make deps           installs what is missing from Debian'\''s packages' \
	  'make test-swift     Swift tests; FILTER=Name for some of them' \
	  'make test-shim      tests of the C programs; ARGS="-k name" for some of them' \
	  'make test-node      the whole agent against a control plane, with pods and traffic; ARGS="-k name"' \
	  'make stories        replays recorded lives of pods; STORIES=DIR has them ($(STORIES))' \
	  'make lint           formatting and rules of Swift, C and scripts' \
	  'make format         puts Swift and C into that format' \
	  'make install        into DESTDIR=$(DESTDIR) PREFIX=$(PREFIX), built for release' \
	  'make clean          removes what was built, keeps fetched packages'

include Sources/swiftlet-shim/shim.mk

# Packages. Nothing is fetched when nothing is missing.

# $(call install_missing,packages): the shell commands.
define install_missing
	missing=(); \
	if ! command -v dpkg-query > /dev/null; then \
	  echo 'deps: this is no Debian, so install by hand what these are called here: $(1)'; \
	  exit 0; \
	fi; \
	for package in $(1); do \
	  [[ $$(dpkg-query -W -f '$${db:Status-Status}' "$$package" 2> /dev/null) == installed ]] || missing+=("$$package"); \
	done; \
	if (( $${#missing[@]} )); then \
	  if (( EUID )); then echo "deps: missing and only root can install them: $${missing[*]}" >&2; exit 1; fi; \
	  echo "deps: installing $${missing[*]}"; \
	  apt-get update -q; \
	  DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$${missing[@]}"; \
	fi
endef

build-deps:
	@$(call install_missing,$(BUILD_PACKAGES))

deps:
	@$(call install_missing,$(BUILD_PACKAGES) $(RUN_PACKAGES) $(if $(shell command -v kubectl),,kubernetes-client))

# Programs.

build: build-deps
	swift build $(SWIFT_FLAGS) --product swiftlet
	swift build $(SWIFT_FLAGS) --product swiftlet-devcluster
	@$(MAKE) --no-print-directory programs CONFIGURATION=$(CONFIGURATION)

# Brings to $(BIN) what Swift has built.
programs: shim pause
	@for name in swiftlet swiftlet-devcluster; do \
	  ln -sfn "$$(swift build $(SWIFT_FLAGS) --show-bin-path)/$$name" "$(BIN)/$$name"; \
	done

# Tests. Each step says how long it took; tests that need root or something of the kernel say so when they skip.

# $(call step,goal): makes it.
define step
	+@start=$$SECONDS; echo "== $(1)"; \
	$(MAKE) --no-print-directory $(1) || { echo "== $(1): FAILED after $$((SECONDS - start)) s"; exit 1; }; \
	echo "== $(1): $$((SECONDS - start)) s"
endef

test:
	$(call step,deps)
	$(call step,lint)
	$(call step,build-tests)
	$(call step,test-swift)
	$(call step,test-shim)
	$(call step,test-node)
	@echo '== all tests passed'

build-tests:
	swift build -c debug --build-tests
	@$(MAKE) --no-print-directory programs CONFIGURATION=debug

test-swift:
	timeout --foreground 20m swift test -c debug --no-parallel $(if $(FILTER),--filter $(FILTER))

test-node:
	@if (( EUID )); then \
	  echo 'SKIPPED: all node tests, they need root'; \
	else \
	  $(PYTHON) -m unittest discover -s Tests/node -v $(ARGS); \
	fi

# Lint.

lint: lint-swift lint-c lint-scripts

lint-swift:
	swift format lint --strict --recursive --parallel Sources Tests Package.swift

lint-c:
	@if command -v clang-format > /dev/null; then \
	  find Sources Tests -name '*.[ch]' -print0 | xargs -0 clang-format --dry-run -Werror; \
	else echo 'SKIPPED: format of C, clang-format is not installed'; fi

lint-scripts:
	@if command -v shellcheck > /dev/null; then shellcheck .ci/run; \
	else echo 'SKIPPED: scripts, shellcheck is not installed'; fi

format:
	swift format --in-place --recursive --parallel Sources Tests Package.swift
	@if command -v clang-format > /dev/null; then find Sources Tests -name '*.[ch]' -print0 | xargs -0 clang-format -i; fi

# Trying it out.

define need_root
	@if (( EUID )); then echo 'make $@ needs root: it makes namespaces, cgroups, mounts and nftables rules' >&2; exit 1; fi
endef

run:
	$(need_root)
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory build
	$(PYTHON) Tests/node/run.py $(if $(CHECK),--check)

stories:
	$(need_root)
	@for file in replay_stories.py compare_stories.py stories; do \
	  [[ -e "$(STORIES)/$$file" ]] || { echo "make stories: found no $$file in $(STORIES), wanted the recordings there: make stories STORIES=DIR" >&2; exit 1; }; \
	done
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory build
	$(PYTHON) Tests/node/stories.py $(STORIES) $(ARGS)

# Installing.

install: build
	install -d "$(DESTDIR)/etc/swiftlet"
	install -D -s -m 755 $(BIN)/swiftlet "$(DESTDIR)$(PREFIX)/bin/swiftlet"
	install -D -m 755 -t "$(DESTDIR)$(PREFIX)/libexec/swiftlet" $(BIN)/swiftlet-shim $(BIN)/swiftlet-pause
	install -D -m 644 -t "$(DESTDIR)$(PREFIX)/lib/systemd/system" systemd/swiftlet.service systemd/swiftlet-pods.service
	install -D -m 644 -t "$(DESTDIR)$(PREFIX)/share/doc/swiftlet" README.md LICENSE config/swiftlet.yaml

clean:
	rm -rf build
	swift package clean
