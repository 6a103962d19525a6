# `make` alone lists what there is. All it needs is Python 3.11 or later; nothing is installed outside .venv and demo.
# Another Python: `make test PYTHON=python3.13`.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
# Some machines forbid Python to keep what it has compiled. Many tests start the program: it would be compiled anew each time.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
READY := .venv/.installed

.DEFAULT_GOAL := help
.PHONY: help setup demo test slow check lint format docs bench lock dist release clean

help:  ## list these commands
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

setup: $(READY)  ## install everything into .venv, as locked

$(READY): pyproject.toml requirements-dev.txt
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or later with venv was found. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@echo "Setting up .venv (once; a minute or two) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY)  ## a made-up council's mornings, as its managers would get them, in the folder demo
	$(BIN)/alerting demo --dir demo

# Three on two processors: each waits now and then for the engine, a server or the disk. Tests that stand together mostly stay with
# one of them, as what they start from takes long to make.
test: $(READY)  ## the tests; the browser's and PostgreSQL's are skipped, and say so, where there is none
	$(BIN)/python -m pytest -n 3 --dist worksteal -m "not slow"

slow: $(READY)  ## the tests that kill processes, fill disks, live through months, or take a second
	$(BIN)/python -m pytest -n 3 --dist worksteal -m slow

lint: $(READY)  ## style, types, and which module may import which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

check: lint test slow  ## what a change must pass

format: $(READY)  ## settle layout and what ruff can mend by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Without --quiet, which would take what --strict stops at with it. What the theme says at each start about another program is left out.
docs: $(READY)  ## the docs as a site, in the folder site; opened as files they have no search
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

# What the service is compared with is installed beside it for this alone.
bench: $(READY)  ## how long things take, as ratios: all of it, or `make bench PART=daily`; bench/README.md says which parts there are
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --editable ".[bench]"
	$(BIN)/python -m bench $(PART)

# The addresses of a package registry do not belong in a lock: hashes say what is meant, wherever it comes from.
LOCKED = --generate-hashes --universal --python-version 3.11 --no-emit-index-url --no-emit-find-links --no-annotate --no-header --quiet
lock:  ## make requirements.txt and requirements-dev.txt anew from pyproject.toml
	$(PYTHON) -m venv .venv-lock && .venv-lock/bin/python -m pip install --quiet uv
	{ sed -n '/^#/p' requirements.txt; .venv-lock/bin/uv pip compile pyproject.toml --extra postgres --extra web $(LOCKED); } > .venv-lock/run
	{ sed -n '/^#/p' requirements-dev.txt; .venv-lock/bin/uv pip compile pyproject.toml --extra postgres --extra web --extra dev $(LOCKED); } > .venv-lock/dev
	mv .venv-lock/run requirements.txt && mv .venv-lock/dev requirements-dev.txt && rm -rf .venv-lock

dist: $(READY)  ## a wheel, with the rules and the words of the messages in it
	$(BIN)/python -m hatchling build --target wheel --directory dist

release: $(READY)  ## wheel, sdist, constraints with hashes and an SBOM, where version, CHANGELOG.md and tag agree
	$(BIN)/python release.py

clean:  ## remove what the other commands made
	rm -rf .venv .venv-lock demo dist site .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
