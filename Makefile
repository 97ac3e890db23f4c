# `make` lists what there is to do. setup/ brings what a machine lacks, into PULT_CACHE where it can.

export PULT_CACHE ?= $(or $(XDG_CACHE_HOME),$(or $(HOME),/root)/.cache)/pult
export CARGO_TARGET_DIR ?= $(PULT_CACHE)/target
export PATH := $(PULT_CACHE)/bin:$(PULT_CACHE)/tools/bin:$(PATH)
# dev or release
PROFILE ?= dev

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.SILENT:
.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help run dev test lint bench soak fuzz build clean advisories phases prepare test-web test-rust test-desktops rust node

# A shell function: runs a command whose output matters only when it fails.
quietly := quietly() { local out; out=$$("$$@" 2>&1) || { printf '%s\nfailed: %s\n' "$$out" "$$*" >&2; return 1; }; }
# By another name, so that `make -n` does not run the recipes it is in.
make := $(MAKE) --no-print-directory
program = $(CARGO_TARGET_DIR)/$(if $(filter dev,$(1)),debug,$(1))/pult
# Everything with the features of the tests, so that nothing is compiled a second time. There is no example: the word
# makes cargo take the features of [dev-dependencies] too, as it does for tests.
all := --locked --workspace --all-features --examples

help: ## what there is to do
	awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

run: rust frontend/dist/index.html ## the product with a demo, on http://localhost:8080 (PROFILE=release: faster)
	cargo build --locked --profile $(PROFILE) --bin pult
	setup/desktops
	setup/packages nftables
	host=$$(setup/engine env)
	echo
	echo 'Ctrl-C ends Pult. Desktops run on, and so does the engine: `setup/engine stop` ends one that was started here.'
	# the lock tells setup/with-parts that the engine is in use
	PULT_ENGINE__HOST=$${host#DOCKER_HOST=} PULT_STORAGE__ROOT=$${PULT_STORAGE__ROOT:-./data} \
	  exec flock --shared --no-fork $(PULT_CACHE)/parts.lock $(call program,$(PROFILE)) serve --demo

dev: rust frontend/node_modules/.package-lock.json ## the same, with the web app reloaded as you type
	setup/desktops
	host=$$(setup/engine env)
	cargo build --bin pult
	(cd frontend && exec node_modules/.bin/vite --clearScreen false) &
	trap 'kill $$!' EXIT
	PULT_ENGINE__HOST=$${host#DOCKER_HOST=} PULT_STORAGE__ROOT=$${PULT_STORAGE__ROOT:-./data} \
	  flock --shared $(PULT_CACHE)/parts.lock cargo run --quiet -- serve --demo

build: rust frontend/dist/index.html ## the program, optimised, with the web app in it
	cargo build --locked --release --bin pult
	echo $(call program,release)

test: ## everything that proves the product
	setup/with-parts $(make) phases PHASES='prepare lint test-web test-rust test-desktops'

lint: rust node frontend/dist/index.html ## silent when all is well
	setup/tools
	setup/packages shellcheck
	$(quietly)
	quietly cargo fmt --all --check
	strict='-D warnings'
	case "$$(cargo --version)" in
	"cargo $(shell sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)".*) ;;
	*) echo "$$(cargo --version) is newer than we are: its new warnings are shown and not enforced"; strict= ;;
	esac
	cargo clippy --quiet $(all) --all-targets -- $$strict
	RUSTDOCFLAGS="$$strict -A rustdoc::private-intra-doc-links" \
	  cargo doc --quiet $(all) --lib --bins --no-deps --document-private-items
	unlinted=$$(grep -LzE '\[lints\]\s+workspace = true' Cargo.toml */Cargo.toml || true)
	[ -z "$$unlinted" ] || { echo "these do not say [lints] workspace = true: $$unlinted" >&2; exit 1; }
	quietly cargo machete
	quietly cargo deny --locked --log-level error check bans licenses sources
	quietly shellcheck --external-sources $$(grep -rlE '^#! ?/.*sh$$|^# shellcheck shell=' setup compose tests .ci)
	quietly npm --silent --prefix frontend run lint
	# what is generated is what the source says
	cargo build --quiet $(all) --bin pult
	$(call program,dev) openapi | diff -u --label api/openapi.json --label 'pult openapi' api/openapi.json -
	cd frontend
	quietly node_modules/.bin/openapi-typescript ../api/openapi.json --check --output src/api/schema.d.ts
	cd ..
	# these depend on the day, not on this tree, so they are told and not enforced
	$(make) advisories || true

advisories: rust node ## known weaknesses of what we use, where the network has the database
	export GIT_TERMINAL_PROMPT=0
	if ! timeout 10 git ls-remote --quiet https://github.com/rustsec/advisory-db HEAD >/dev/null 2>&1; then
	  echo 'advisories were not checked: their database cannot be reached from here' >&2
	  exit
	fi
	setup/tools
	$(quietly)
	quietly timeout 300 cargo deny --locked --log-level error check advisories
	quietly npm --prefix frontend audit --omit=dev

bench: rust frontend/dist/index.html ## figures, as ratios against the bare engine and other proxies (docs/bench.md)
	setup/desktops
	setup/packages nginx haproxy
	setup/with-parts cargo bench --locked --bench '*'
	cargo bench --locked --test streams

soak: rust frontend/dist/index.html ## thousands of streams for ten minutes, ten million steps of a worker, hostile octets for an hour
	cargo bench --locked --test streams -- soak
	PULT_SIMULATION_STEPS=$${PULT_SIMULATION_STEPS:-10000000} \
	  cargo test --release --locked --package worker --lib simulation -- --nocapture
	PULT_FUZZ_SECONDS=$${PULT_FUZZ_SECONDS:-3600} $(make) fuzz

fuzz: rust ## random input for all that reads what others wrote, for PULT_FUZZ_SECONDS (60)
	PULT_FUZZ_SECONDS=$${PULT_FUZZ_SECONDS:-60} \
	  cargo test --locked --package gateway --lib --test gateway fuzzed -- --nocapture

clean: ## what was built from this tree; data/, tools and the engine stay (setup/engine purge)
	rm -rf frontend/dist frontend/node_modules tests/provider/node_modules artefacts
	cargo clean

### the phases of `make test`

# Runs the targets PHASES one after the other and tells how long each took.
phases:
	took=
	for phase in $(PHASES); do
	  echo "=== $$phase"
	  SECONDS=0
	  $(make) $$phase || { echo "=== $$phase FAILED after $$SECONDS s"; exit 1; }
	  took+=$$(printf '%5d s  %s' $$SECONDS $$phase)$$'\n'
	done
	printf '=== all is well\n%s' "$$took"

prepare: rust node frontend/dist/index.html tests/provider/node_modules/.package-lock.json
	setup/tools
	setup/packages shellcheck
	[ -x /usr/bin/chromium ] || setup/packages chromium
	setup/packages apache2-bin caddy haproxy nginx iproute2 nftables
	setup/schemathesis
	setup/desktops
	setup/desktops --from tests/desktops

test-web: frontend/node_modules/.package-lock.json
	npm --silent --prefix frontend test

test-rust: rust frontend/dist/index.html
	mkdir -p artefacts
	cargo test --quiet --no-run --locked --workspace --all-features
	PULT_BIN=$(call program,dev) PULT_FUZZ_SECONDS=$${PULT_FUZZ_SECONDS:-60} \
	  cargo test --locked --workspace --all-features

test-desktops:
	compose/desktops/check
	mkdir -p artefacts
	cp $(PULT_CACHE)/screenshots/*.png artefacts/

### what the others need

rust:
	setup/rust

node:
	setup/node

tests/provider/node_modules/.package-lock.json: tests/provider/package-lock.json | node
	$(quietly)
	quietly npm --prefix tests/provider ci --loglevel=error --no-audit --no-fund

frontend/node_modules/.package-lock.json: frontend/package-lock.json | node
	$(quietly)
	quietly npm --prefix frontend ci --loglevel=error --no-audit --no-fund

frontend/dist/index.html: frontend/node_modules/.package-lock.json frontend/index.html frontend/csp.txt \
    $(wildcard frontend/*.ts frontend/build/*.ts) \
    $(shell find frontend/src frontend/public -type f ! -name '*.test.*')
	npm --silent --prefix frontend run build
