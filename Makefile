# Four commands are the whole contributor interface: make demo, make check, make quick, make test.
# Everything they need is installed into .venv and .cache beside this file; what Debian has to
# give (python3-venv; for the tests the real servers) is named before apt is called.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
PYTEST = $(BIN)/python -m pytest
export PIP_CACHE_DIR := $(CURDIR)/.cache/pip
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export TMPDIR := $(CURDIR)/.cache/tmp
# Tests start many programs: each would compile the product anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo quick test check format bench lock servers clean

help: ## say what there is
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' $(MAKEFILE_LIST) | expand -t 16

demo: $(VENV)/demo.stamp ## the whole chain on this machine: 39 venues, one real host; Ctrl-C ends it
	@exec $(BIN)/venuewatch demo $(ARGS)

quick: $(VENV)/dev.stamp ## the tests that start no other program: no apt, some two minutes
	$(PYTEST) -n 2 --dist loadfile -m "not real and not timed and not long" --hypothesis-profile=quick $(ARGS)

test: $(VENV)/dev.stamp ## all tests, against the real programs; make test ARGS=tests/wire for a part
ifdef ARGS
	@if $(PYTEST) --collect-only -qq -m real $(ARGS) >/dev/null; then $(MAKE) -s servers; fi
	$(PYTEST) $(ARGS)
else
	@$(MAKE) -s servers
	@$(MAKE) -s quick
	$(PYTEST) -n 2 --dist loadfile -m "(real or long) and not timed"
	$(PYTEST) -m timed
	.ci/other-pythons
endif

check: $(VENV)/dev.stamp ## lint, format, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(PYTEST) -q tests/house

format: $(VENV)/dev.stamp ## put the code into house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/dev.stamp servers ## measure: make bench ARGS="ingest --json"
	$(BIN)/python -m bench $(ARGS)

servers:
	@deploy/install-debian.sh mosquitto prometheus prometheus-alertmanager prometheus-node-exporter \
		monitoring-plugins-basic dnsmasq-base iproute2 nftables libfaketime openssl gnupg chromium

lock: $(VENV)/dev.stamp ## renew requirements/*.txt from pyproject.toml
	$(BIN)/python -m pip install --quiet uv
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python requirements/lock.py

clean: ## remove everything that make has installed here
	rm -rf $(VENV) .cache dist .hypothesis .mypy_cache .pytest_cache .ruff_cache

$(VENV)/%.stamp: requirements/%.txt requirements/build.txt pyproject.toml
	@mkdir -p $(TMPDIR)
	@deploy/make-venv.sh $(VENV)
	@echo "installing requirements/$*.txt into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/build.txt -r requirements/$*.txt
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
