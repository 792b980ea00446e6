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
SEEDS ?= 200
FIRST_SEED ?= 0
STEPS ?= 10000
CHECK ?=

BIN := build/bin
# Programs for other machines bring Swift's libraries with them.
# Installed programs are stripped, and compile much faster without debug information.
RELEASE_FLAGS := --static-swift-stdlib -debug-info-format none
SWIFT_FLAGS := -c $(CONFIGURATION) $(if $(filter release,$(CONFIGURATION)),$(RELEASE_FLAGS))
# The linker's map of swiftlet, from which .ci/binary-parts adds up its largest parts.
MAP := build/swiftlet.map
MAP_FLAGS := $(if $(filter release,$(CONFIGURATION)),-Xlinker -Map=$(CURDIR)/$(MAP))
# The tests' own package is Tests/labs.
PYTHON := PYTHONPATH="$(CURDIR)/Tests" python3 -B
BUILD_PACKAGES := build-essential pkg-config libnftnl-dev libmnl-dev libseccomp-dev libarchive-dev libyaml-dev zlib1g-dev
LINT_PACKAGES := clang-format shellcheck flake8
RUN_PACKAGES := containernetworking-plugins iproute2 nftables conntrack docker-registry busybox-static curl python3 python3-yaml python3-kubernetes util-linux runc

.PHONY: help build-deps deps build programs test build-tests test-swift test-node kubectls test-oci test-oci-public test-on-host test-in-machine vm-deps vm-image vm-test simulate simulate-planted bench-runtime bench-node bench-api bench-images bench-proxy soak-restarts soak-services lint lint-deps lint-swift lint-c lint-scripts lint-python format run stories install clean

help:
	@printf '%s\n' \
	  'make run            a node with an example in network namespaces of their own, until Ctrl-C; CHECK=1: look at it and end' \
	  'make test           everything: packages, build, lint, and all tests below' \
	  '' \
	  'make build          the programs, in $(BIN); CONFIGURATION=release for other machines than this one' \
	  'make shim pause     only the C programs' \
	  'make deps           installs what is missing from Debian'\''s packages' \
	  'make test-swift     Swift tests; FILTER=Name for some of them' \
	  'make test-shim      tests of the C programs; ARGS="-k name" for some of them' \
	  'make fuzz           the C that reads what others send, under libFuzzer; FUZZ_SECONDS=$(FUZZ_SECONDS) for each target' \
	  'make test-oci       containers from OCI bundles, by the command line of an OCI runtime; ARGS="-k name"' \
	  'make test-oci-public  the tests of crun, another OCI runtime, over this one; needs the network once' \
	  'make test-node      the whole agent against a control plane, with pods and traffic; ARGS="-k name"' \
	  'make vm-test        installs into a virtual machine with systemd and cgroup v2, tests there; ARGS="-k name"' \
	  'make simulate       lives of a node under random faults, on simulated time; SEEDS=$(SEEDS) FIRST_SEED=$(FIRST_SEED) STEPS=$(STEPS)' \
	  'make simulate-planted  plants bugs in a copy of this tree, one at a time, which the simulation must find; ARGS="--tree DIR NAME" for some of it' \
	  'make bench-runtime  the runtime beside crun, as a table; ARGS="--only pod,exec --runs 100" for some of it' \
	  'make bench-node     start and end of pods, cost of idle and probed ones, beside crun; ARGS="--only times --count 20" for some of it' \
	  'make bench-api      exec, port-forward, followed logs and copies through the node'\''s API; ARGS="--only exec --runs 100" for some of it' \
	  'make bench-images   pull and unpacking of images of 500 MB beside podman, as a table; ARGS="--size 100 --runs 1" for less of it' \
	  'make bench-proxy    rules of up to 50,000 Services beside nft -f and kube-proxy'\''s shape of rules; ARGS="--sizes 1000 --runs 1" for less' \
	  'make soak-restarts  pods that come and go while the agent is killed and started again, 50 times; ARGS="--count 10" for fewer' \
	  'make soak-services  requests to a Service for 10 minutes while everything around it changes; ARGS="--minutes 1" for less' \
	  'make stories        replays recorded lives of pods; STORIES=DIR has them ($(STORIES))' \
	  'make lint           formatting and rules of Swift, C, scripts and Python' \
	  'make format         puts Swift and C into that format' \
	  'make install        into DESTDIR=$(DESTDIR) PREFIX=$(PREFIX), built for release' \
	  'make clean          removes what was built, keeps fetched packages'

include Sources/swiftlet-shim/shim.mk
include Tests/fuzz/fuzz.mk

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
	@mkdir -p $(dir $(MAP))
	swift build $(SWIFT_FLAGS) $(MAP_FLAGS) --product swiftlet
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
	@$(MAKE) --no-print-directory vm-deps || true
	+@mkdir -p build; \
	$(MAKE) --no-print-directory test-in-machine > build/test-in-machine.log 2>&1 & machine=$$!; \
	trap 'kill "$$machine"' INT TERM; \
	here=0; $(MAKE) --no-print-directory test-on-host || here=$$?; \
	there=0; wait "$$machine" || there=$$?; \
	cat build/test-in-machine.log; \
	exit $$((here || there))
	@echo '== all tests passed'

# Side by side: the release build and the virtual machine are long, and the tests on the host leave half of a processor free. SwiftPM lets only one
# of its commands into the build folder, so there is none among the tests on the host.

test-on-host:
	$(call step,test-shim)
	$(call step,fuzz-smoke)
	$(call step,test-oci)
	$(call step,test-oci-public)
	$(call step,test-node)

test-in-machine:
	$(call step,vm-test)

build-tests:
	swift build -c debug --build-tests
	@$(MAKE) --no-print-directory programs CONFIGURATION=debug

test-swift:
	timeout --foreground 20m swift test -c debug --no-parallel $(if $(FILTER),--filter '$(FILTER)')

# Other kubectls than the machine's own, below build/kubectl.
kubectls:
	@$(PYTHON) -m labs.kubectls

test-node: shim-faults kubectls
	@if (( EUID )); then \
	  echo 'SKIPPED: all node tests, they need root'; \
	else \
	  $(PYTHON) -m unittest discover -s Tests/node -v $(ARGS); \
	fi

# The virtual machine: the release programs and the units, on a base that is made once (vm-image). The control plane stays here, in its debug
# build; its release build is made too, because a program may compile in one configuration only.

VM := build/vm
VM_ARGS ?=
VM_RUN = $(PYTHON) Tests/vm/run.py --installed $(VM)/installed --cache $(VM) --logs $(VM)/logs

vm-deps:
	@$(call install_missing,qemu-system-x86 mmdebstrap e2fsprogs docker-registry busybox-static $(if $(shell command -v kubectl),,kubernetes-client))

vm-image: vm-deps
	@$(VM_RUN) --image-only

vm-test:
	@if (( EUID )); then echo 'SKIPPED: all tests in a virtual machine, they need root'; exit 0; fi; \
	if ! $(MAKE) --no-print-directory vm-deps; then echo 'SKIPPED: all tests in a virtual machine, qemu and mmdebstrap cannot be installed'; exit 0; fi; \
	swift build -c debug --product swiftlet-devcluster; \
	$(MAKE) --no-print-directory programs CONFIGURATION=debug; \
	rm -rf $(VM)/installed; \
	nice $(MAKE) --no-print-directory install CONFIGURATION=release DESTDIR="$(CURDIR)/$(VM)/installed"; \
	nice swift build -c release $(RELEASE_FLAGS) --product ResizeProbe; \
	nice swift build -c release $(RELEASE_FLAGS) --product swiftlet-devcluster; \
	install -D -s -m 755 -t "$(VM)/installed/usr/local/libexec" "$$(swift build -c release $(RELEASE_FLAGS) --show-bin-path)/ResizeProbe"; \
	$(VM_RUN) $(VM_ARGS) $(ARGS)

test-oci:
	@if (( EUID )); then \
	  echo 'SKIPPED: all OCI tests, they need root'; \
	else \
	  $(PYTHON) -m unittest discover -s Tests/oci -v $(ARGS); \
	fi

test-oci-public:
	$(PYTHON) Tests/oci/public.py $(ARGS)

# Lint.

SCRIPTS := .ci/run .ci/binary-parts Tests/RuntimeBench/run.sh systemd/swiftlet-end-pods Tests/labs/vm/guest/usr/local/libexec/vm-test

lint: lint-deps lint-swift lint-c lint-scripts lint-python

# As anybody but root what is missing stays missing, and its goal says that it is skipped.
lint-deps:
	@if (( EUID == 0 )); then $(call install_missing,$(LINT_PACKAGES)); fi

# $(call lint_with,program,subject,command)
define lint_with
	@if command -v $(1) > /dev/null; then $(3); else echo 'SKIPPED: $(2), $(1) is not installed'; fi
endef

lint-swift:
	swift format lint --strict --recursive --parallel Sources Tests Package.swift

lint-c: lint-wings
	$(call lint_with,clang-format,format of C,find Sources Tests -name '*.[ch]' -print0 | xargs -0 clang-format --dry-run -Werror)

lint-scripts:
	$(call lint_with,shellcheck,scripts,shellcheck $(SCRIPTS))

lint-python:
	$(call lint_with,flake8,Python,flake8 Tests)

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

# Built for release, and the C programs as they are installed.
bench-runtime: shim pause
	$(need_root)
	@$(call install_missing,$(BUILD_PACKAGES) busybox-static crun util-linux)
	swift build -c release --product RuntimeBench
	Tests/RuntimeBench/run.sh "$$(swift build -c release --show-bin-path)/RuntimeBench" --programs "$(CURDIR)/$(BIN)" $(ARGS)

# A program below Tests/bench, with release builds on a node in namespaces, and the packages that it needs besides.
define bench_on_node
	$(need_root)
	@$(MAKE) --no-print-directory deps
	$(if $(2),@$(call install_missing,$(2)))
	@$(MAKE) --no-print-directory build CONFIGURATION=release
	$(PYTHON) Tests/bench/$(1).py $(ARGS)
endef

bench-node:
	$(call bench_on_node,node,crun)

bench-api:
	$(call bench_on_node,api)

bench-images:
	$(call bench_on_node,images,podman zstd)

soak-restarts:
	$(call bench_on_node,restarts)

soak-services:
	$(call bench_on_node,services)

bench-proxy:
	$(need_root)
	@$(call install_missing,$(BUILD_PACKAGES) iproute2 nftables)
	swift build -c release $(RELEASE_FLAGS) --product ProxyBench
	$(PYTHON) Tests/bench/proxy.py --program "$$(swift build -c release $(RELEASE_FLAGS) --show-bin-path)/ProxyBench" $(ARGS)

# One course of things for each seed, which needs the same order of dictionaries in each run.
simulate:
	swift build -c release $(RELEASE_FLAGS) --product Simulate
	SWIFT_DETERMINISTIC_HASHING=1 "$$(swift build -c release $(RELEASE_FLAGS) --show-bin-path)/Simulate" $(FIRST_SEED) $(SEEDS) $(STEPS)

simulate-planted:
	$(PYTHON) Tests/planted.py $(ARGS)

stories:
	$(need_root)
	@for file in replay_stories.py compare_stories.py stories; do \
	  [[ -e "$(STORIES)/$$file" ]] || { echo "make stories: found no $$file in $(STORIES), wanted the recordings there: make stories STORIES=DIR" >&2; exit 1; }; \
	done
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory build
	$(PYTHON) Tests/node/stories.py $(STORIES) $(ARGS)

# Installing.

install: build-deps shim pause
	@mkdir -p $(dir $(MAP))
	swift build $(SWIFT_FLAGS) $(MAP_FLAGS) --product swiftlet
	install -d "$(DESTDIR)/etc/swiftlet"
	install -D -s -m 755 "$$(swift build $(SWIFT_FLAGS) --show-bin-path)/swiftlet" "$(DESTDIR)$(PREFIX)/bin/swiftlet"
	install -D -m 755 -t "$(DESTDIR)$(PREFIX)/libexec/swiftlet" $(BIN)/swiftlet-shim $(BIN)/swiftlet-pause systemd/swiftlet-end-pods
	install -D -m 644 -t "$(DESTDIR)$(PREFIX)/lib/systemd/system" systemd/swiftlet.service systemd/swiftlet-spawner.service systemd/swiftlet-pods.service
	install -D -m 644 -t "$(DESTDIR)$(PREFIX)/share/doc/swiftlet" README.md LICENSE config/swiftlet.yaml
	@$(if $(MAP_FLAGS),.ci/binary-parts "$(DESTDIR)$(PREFIX)/bin/swiftlet" $(MAP))

clean:
	rm -rf build
	swift package clean
