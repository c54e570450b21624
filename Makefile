# Two commands for a newcomer: `make demo` and `make test`.  CONTRIBUTING.md says more.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help sync demo

export UV_PYTHON_DOWNLOADS := never
UV := .venv/bin/uv
UV_VERSION := 0.13.9

help:
	@echo "make demo    everything, with customers to play with (ARGS=\"--port 8080\" is passed on)"
	@echo "make test    the whole test-suite"
	@echo "make check   the fast loop: format, lint, types, layers, fast tests"

$(UV):
	/usr/bin/env python3 -m venv .venv
	.venv/bin/pip install -q --disable-pip-version-check uv==$(UV_VERSION)

sync: $(UV)
	@$(UV) sync --locked

demo: sync
	@.venv/bin/balcao demo $(ARGS)
