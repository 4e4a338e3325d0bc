# Works with plain pip; everything is installed into .venv on first need.
PYTHON ?= python3
# More arguments for pip, for example a package index of your own.
PIP_ARGS ?=
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS)
RUN := .venv/.run
DEV := .venv/.dev

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow test-all check bench peers docs coverage clean

help:
	@echo "make demo             the whole workflow on labelled sample data"
	@echo "make demo DATA=F      the same on a file of yours (more options: ARGS='--symbol S ...')"
	@echo "make check            lint, format, types, import order"
	@echo "make test             the quick tests; test-slow the heavy ones, test-all both"
	@echo "make coverage         line coverage"
	@echo "make bench            all benchmarks; make peers installs what they compare with"
	@echo "make docs             the documentation as a site"
	@echo "make clean            remove what these targets made"

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "hftsim needs Python 3.11 or newer: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv

# What a run needs, and what development needs on top; again whenever pyproject.toml changes.
$(RUN): pyproject.toml | $(BIN)/python
	$(PIP) -e '.[ml]'
	@touch $@

$(DEV): pyproject.toml | $(BIN)/python
	$(PIP) -e '.[dev]'
	@touch $(RUN) $@

demo: $(RUN)
	$(BIN)/hftsim demo $(if $(DATA),--data '$(DATA)') $(ARGS)

test: $(DEV)
	$(BIN)/python -m pytest -n 2 -m "not slow"

test-slow: $(DEV)
	$(BIN)/python -m pytest -n 2 -m slow

test-all: $(DEV)
	$(BIN)/python -m pytest -n 2

check: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(DEV)
	$(BIN)/hftsim bench all

# What benchmarks compare with, in an environment of its own.
peers: | $(BIN)/python
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) 'backtesting>=0.6.6' 'vectorbt>=1.2' 'ta>=0.11' 'hftbacktest>=2.4.4'

docs: $(DEV)
	$(PIP) -e '.[docs]'
	$(BIN)/mkdocs build --strict

coverage: $(DEV)
	$(BIN)/python -m pytest -n 2 -m "not slow" --cov=hftsim --cov-report=term

clean:
	rm -rf .venv .venv-peers site build dist htmlcov .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests bench examples -name __pycache__ -type d -prune -exec rm -rf {} +
