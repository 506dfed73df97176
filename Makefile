# Every target is one command on a fresh machine with Python 3.11 or newer, and quick the second time.
SHELL := /bin/bash
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
# Without compiled files every start of Python would compile its imports again.
export PYTHONDONTWRITEBYTECODE :=
INSTALL = $(BIN)/uv pip install --quiet --python $(BIN)/python

.DEFAULT_GOAL := help

help:  ## Show what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

$(BIN)/uv:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/python"; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

$(VENV)/.demo: pyproject.toml | $(BIN)/uv
	@echo "installing (once)"
	@$(INSTALL) -e '.[serve]' --group demo
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/uv
	@echo "installing (once)"
	@$(INSTALL) -e '.[serve,dashboards,lab]' --group dev
	@touch $@ $(VENV)/.demo

demo: $(VENV)/.demo  ## Track, compare, register and deploy a model on real flights, without a person
	@$(BIN)/python notebooks/demo.py

test: $(VENV)/.dev  ## Lint, types, floors, tests, notebooks
	@$(MAKE) --no-print-directory lint types
	@$(BIN)/python -m pytest -q -n auto --dist loadfile
	@$(MAKE) --no-print-directory notebooks

cover: $(VENV)/.dev  ## The same tests, with coverage
	@$(BIN)/python -m pytest --cov --cov-report=term:skip-covered -q -n auto --dist loadfile

notebooks: $(VENV)/.dev  ## Run the example notebooks and compare their outputs
	@for notebook in notebooks/*.ipynb; do \
	  MLOPS_NB_STORE=$$(mktemp -d)/.mlops $(BIN)/python -m pytest --nbval --nbval-sanitize-with notebooks/sanitize.cfg \
	    -p no:randomly -q $$notebook || exit 1; done

lint: $(VENV)/.dev  ## Ruff, and the floors of the house
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/lint-imports --no-cache | tail -n 3

types: $(VENV)/.dev  ## Mypy, strict
	@$(BIN)/mypy

bench: $(VENV)/.dev  ## Measure beside the rivals, and print the table of the README
	@$(BIN)/python -m tests.benchmarks

docs: $(VENV)/.dev  ## Write the generated parts of the README
	@$(BIN)/python -m tests.readme --write

dist: $(VENV)/.dev  ## Build the wheel and the source distribution
	@$(BIN)/uv build --quiet --out-dir dist

clean:  ## Remove what the targets made, and the demo's store
	@rm -rf $(VENV) .demo .bench dist .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis

.PHONY: help demo test cover notebooks lint types bench docs dist clean
