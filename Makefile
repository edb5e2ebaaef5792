# Everything a person does here, one word each. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# Build jobs: as many as there are cores.
JOBS ?= $(shell nproc)
SWIFT_FLAGS ?= -j $(JOBS)
# As it is shipped: a server needs no Swift, only Debian's libraries.
SHIPPED := -c release --static-swift-stdlib
APT := DEBIAN_FRONTEND=noninteractive apt-get
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

# What a bare Debian 12 with Swift lacks: libraries to build with, servers to test against.
LIBRARIES := libzmq3-dev libsodium-dev libssl-dev libsqlite3-dev git ca-certificates
SERVERS := php8.2-fpm php8.2-cli php-apcu libfcgi-bin curl procps redis-server memcached
WEB_SERVERS := apache2-bin libapache2-mod-php8.2 varnish haproxy nginx
DATABASES := libmariadb3 mariadb-server-core mariadb-client-core libpq5 postgresql-15 sqlite3
PYTHON := python3-zmq python3-nacl python3-protobuf protobuf-compiler
PEERS := build-essential nats-server libnats-dev

# Installs what is in $$missing and starts no service: Debian asks this file before it does, and
# whoever has one keeps it. See invoke-rc.d(8).
POLICY := /usr/sbin/policy-rc.d
INSTALL = echo "installing:$$missing"; \
	[ -e $(POLICY) ] || { trap '$(SUDO) rm -f $(POLICY)' EXIT; \
	    printf '\#!/bin/sh\nexit 101\n' | $(SUDO) install -m 755 /dev/stdin $(POLICY); }; \
	$(SUDO) $(APT) update -qq && $(SUDO) $(APT) install -y -qq --no-install-recommends $$missing >/dev/null

.PHONY: help
help: ## Show this list.
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

.PHONY: setup
setup: ## Install what this machine lacks (Debian 12; asks for sudo where needed).
	@command -v swift >/dev/null || { echo "Swift 6.2 or newer is needed: see https://www.swift.org/install/linux/"; exit 69; }
	@missing=""; for package in $(LIBRARIES) $(SERVERS) $(WEB_SERVERS) $(DATABASES) $(PYTHON); do \
	    dpkg-query -W -f='$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$package"; \
	done; \
	[ -z "$$missing" ] || { $(INSTALL); }

.PHONY: build
build: setup ## Build everything, for debugging.
	swift build $(SWIFT_FLAGS) --build-tests

# One test at a time: many start real servers, and two cores serve them all.
.PHONY: test
test: build ## Run every test, the demo included.
	swift test $(SWIFT_FLAGS) --skip-build --no-parallel
	examples/three-servers/run --quiet

.PHONY: demo
demo: setup ## Three servers on this machine: the main job, step by step. KEEP=1 leaves them running.
	swift build $(SWIFT_FLAGS) --product sitestacker
	KEEP=$(KEEP) examples/three-servers/run

.PHONY: release
release: setup ## Build the program as it is shipped.
	swift build $(SWIFT_FLAGS) $(SHIPPED) --product sitestacker

.PHONY: benchmark
benchmark: setup ## Measure, side by side with peers and the floor; writes docs/performance.md. ROUNDS=5
	@missing=""; for package in $(PEERS); do \
	    dpkg-query -W -f='$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$package"; \
	done; [ -z "$$missing" ] || { $(INSTALL); }
	commit=$$(git describe --always --dirty --exclude '*') && \
	    swift build $(SWIFT_FLAGS) $(SHIPPED) --product sitestacker && \
	    swift build $(SWIFT_FLAGS) $(SHIPPED) --product sitestacker-benchmark && \
	    COMMIT=$$commit examples/benchmark/run $(ROUNDS)

.PHONY: simulate
simulate: setup ## Run whole clusters from seeds. SEED=n reproduces one; SEEDS=n runs many.
	swift build $(SWIFT_FLAGS) --product sitestacker-simulator
	.build/debug/sitestacker-simulator $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),500))

.PHONY: fuzz
fuzz: setup ## Fuzz every decoder for SECONDS_EACH=10; failing inputs go to .build/fuzz. TARGET=name
	swift build $(SWIFT_FLAGS) --product sitestacker-fuzz
	@ulimit -v 4194304; broken=""; \
	for target in $(or $(TARGET),$$(.build/debug/sitestacker-fuzz --list)); do \
	    SWIFT_BACKTRACE=enable=no .build/debug/sitestacker-fuzz --target $$target \
	        --seconds $(or $(SECONDS_EACH),10) || broken="$$broken $$target"; \
	done; \
	[ -z "$$broken" ] || { echo "broken:$$broken; inputs in .build/fuzz"; exit 1; }

.PHONY: format
format: ## Put every Swift file into the house format.
	swift format --in-place --parallel --recursive Sources Tests Package.swift

.PHONY: lint
lint: ## Check the format; any finding is an error.
	swift format lint --strict --parallel --recursive Sources Tests Package.swift

.PHONY: ci
ci: lint test ## What a change must pass.
