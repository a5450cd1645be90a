# Everything a person or CI does with this repository. `make` alone lists it.
# Needs Debian 12 (or the like) and Rust 1.95; `setup` brings what else is missing.

SHELL := /bin/bash
export PATH := $(PATH):$(HOME)/.cargo/bin
CARGO ?= cargo
# What tests are compiled with: all there is, so that they share with the lints what both need.
FEATURES := otel
# Seconds for each fuzz target.
FUZZ_SECONDS ?= 5
BENCH := benches/target/release/remit-bench
# Tokens of `bench-large`; minutes of `soak`.
TOKENS ?= 10000000
SOAK_MINUTES ?= 30

.DEFAULT_GOAL := help
.PHONY: help setup check build test demo dist bench fuzz vectors fmt examples guides smoke smoke-build foreign interop \
	bench-large bench-libraries soak typescript explorer python c

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

setup: ## install what is missing: C and C++ compiler, libclang, rustfmt, clippy; compile RocksDB once (15 minutes)
	@tools/setup cc c++ rustfmt clippy libclang openssl strace rocksdb

check: ## formatting, lints, the verifier without features, links in its documentation, the house rules
	@tools/check
	@$(CARGO) test --test tidy --locked -q

build: setup ## the `remit` command, release profile, in target/release/
	$(CARGO) build --release --locked --features server

test: setup ## check, all tests, examples, demo, fuzzing and benchmarks in brief
	@tools/step "check; fuzz targets and benchmarks compiled" tools/abreast \
		tools/check "fuzz/run --build" "$(MAKE) -s smoke-build"
	@tools/step "tests" $(CARGO) test --workspace --lib --bins --tests --locked --features $(FEATURES) -q
	@tools/step "documentation, typescript, explorer, python, c" tools/abreast \
		"$(CARGO) test --workspace --doc --locked --features $(FEATURES) -q" \
		"$(MAKE) -s typescript explorer" "$(MAKE) -s python" "$(MAKE) -s c"
	@tools/step "foreign client" $(MAKE) -s foreign
	@tools/step "examples" tools/examples --features $(FEATURES)
	@tools/step "demo" $${CARGO_TARGET_DIR:-target}/debug/remit demo --json
	@tools/step "guides" $(MAKE) -s guides
	@tools/step "fuzz, $(FUZZ_SECONDS) s a target" env FUZZ_SECONDS=$(FUZZ_SECONDS) fuzz/run
	@tools/step "benchmarks, smoke" $(MAKE) -s smoke
	@echo "make test: all passed"

demo: setup ## the running example against a real server on loopback, told step by step
	@$(CARGO) run --release --locked --features server -q -- demo

guides: ## runs the guides of docs/service.md against what is built: a shop behind a real nginx, in FastAPI, axum, Express; vouchers
	@tools/setup nginx curl python3 venv cc node npm
	@examples/nginx/run
	@cd bindings/python && tools/install && tools/build
	@examples/fastapi/run
	@examples/axum/run
	@cd bindings/typescript && tools/install && npm run -s build
	@examples/express/run
	@examples/vouchers/run

examples: ## runs the examples on the data in this repository: one verdict of each kind, the recorded agents
	@tools/examples

dist: setup ## dist/: stripped command, Debian package, man pages, completions, bill of materials, checksums
	@tools/dist

bench: ## all measurements: three tables, report.json and ledger.json in target/bench/; ROWS="verify W1": some offline rows
	@tools/setup cc c++ libclang rocksdb postgresql
	@cd benches && $(CARGO) build --release --locked -q --target-dir target
	@$(BENCH) $(ROWS)
	@[ -n "$(ROWS)" ] || $(BENCH)-ledger
	@[ -n "$(ROWS)" ] || $(MAKE) -s bench-libraries

bench-large: ## a ledger of TOKENS tokens (default 10 million: 20 minutes): memory, opening after SIGKILL, presentations
	@tools/setup cc c++ libclang rocksdb
	@cd benches && $(CARGO) build --release --locked -q --target-dir target
	@$(BENCH)-ledger --large $(TOKENS)

bench-libraries: ## a verdict through each library, and requests through the sidecar, against one signature check of its runtime
	@tools/setup cc c++ libclang rocksdb python3 venv node npm openssl curl
	@benches/libraries/run

soak: ## SOAK_MINUTES (default 30) of load over HTTP with SIGKILLs: nothing acknowledged is lost, memory stays flat
	@tools/setup cc c++ libclang rocksdb
	@cd benches && $(CARGO) build --release --locked -q --target-dir target
	@$(BENCH)-ledger --soak $(SOAK_MINUTES)

smoke-build:
	@tools/setup cc c++ libclang rocksdb
	@cd benches && $(CARGO) build --profile smoke --locked -q --target-dir target

smoke: smoke-build
	@benches/target/smoke/remit-bench --smoke >/dev/null
	@benches/target/smoke/remit-bench-ledger --smoke >/dev/null

fuzz: ## every fuzz target for FUZZ_SECONDS each (default 5)
	@tools/setup cc c++
	@FUZZ_SECONDS=$(FUZZ_SECONDS) fuzz/run

vectors: ## writes spec/vectors/ anew; `make test` compares them with what is there
	@$(CARGO) run --locked -q --example vectors -- spec/vectors
	@rm -rf target/vectors && mkdir -p target/vectors spec/vectors
	@REMIT_VECTORS=$(CURDIR)/target/vectors $(CARGO) test --locked -q --test attacks >/dev/null
	@REMIT_VECTORS=$(CURDIR)/target/vectors $(CARGO) test --locked -q --test rules -- bugs:: leases:: value:: windows:: >/dev/null
	@$(CARGO) run --locked -q --example recorded -- target/vectors spec/vectors

foreign: ## a client of other people's logs reads an exported one: signature, tiles, inclusion, consistency
	@tools/setup curl python3
	@tools/foreign/run

interop: ## a second reading of the specification, in plain Python 3.11, against the vectors
	@tools/setup python3
	@python3 tools/reference/check.py

typescript: ## the verifier in TypeScript, held to all vectors, and ui/verify.html in a browser, if Chromium is there
	@tools/setup node npm python3
	@cd bindings/typescript && tools/install && npm test --silent
	@node --no-warnings bindings/typescript/tools/browser.mjs

explorer: ## the explorer in headless Chromium: every badge, and a server that lies
	@tools/setup chromium node npm cc c++ libclang rocksdb
	@cd bindings/typescript && tools/install && npm run -s build
	@$(CARGO) build --locked --features $(FEATURES) -q
	@node --no-warnings bindings/typescript/tools/explorer.mjs

python: ## the verifier for Python: a wheel in target/wheels, held to all vectors
	@tools/setup cc python3 venv
	@cd bindings/python && tools/install && tools/build && ../../target/python/bin/python -m unittest discover -s tests

c: ## the verifier for C: libraries in target/c, held to all vectors, and to every misuse under sanitizers
	@tools/setup cc c++ python3
	@cd bindings/c && tools/build && tools/test

fmt: ## formats all Rust files
	@$(CARGO) fmt --all
	@cd fuzz && $(CARGO) fmt
	@cd benches && $(CARGO) fmt
	@cd bindings/python && $(CARGO) fmt
	@cd bindings/c && $(CARGO) fmt
	@cd tools/foreign && $(CARGO) fmt
