# Runnel: every target sets up what it needs; only Python 3.11+, make and a network are taken for granted.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
JOBS ?= 3

.PHONY: setup up test check bench bench-ui screens docs services faults clean lock test-matrix

setup: $(VENV)/.ready ## make .venv with the locked dependencies, and build the editor
	$(BIN)/python -m tools.web build

$(VENV)/.ready: requirements.lock pyproject.toml
	$(PYTHON) tools/setup_venv.py $(VENV)
	@touch $@

up: setup ## start Runnel with the examples in workspace/, print the link that logs in, open it
	$(BIN)/python -m tools.up $(UP)

test: setup ## every check: lint, types, layers, unit, contract, matrix, property, integration, examples, docs
	$(BIN)/python -m tools.test -j $(JOBS)

check: setup ## lint, types, layers, sizes, also of the editor
	$(BIN)/python -m tools.check

bench: setup ## measure beside hand-written DuckDB, Polars and pandas; writes benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks $(NAME)

bench-ui: setup ## measure the editor in a real browser; writes benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks ui

screens: setup ## draw the pictures of the docs anew into docs/screens/
	$(BIN)/python -m tools.screens

docs: setup ## generate the reference and build the site into site/
	$(BIN)/python -m tools.docs

services: setup ## start the services that tests use and print their addresses; make services NAME=kafka,registry
	$(BIN)/python -m tools.services $(or $(NAME),all) start

faults: setup ## the long fault runs: make faults NAME=kill SEEDS=1-50
	$(if $(SEEDS),FAULT_SEEDS=$(SEEDS)) FAULT_RECORD=benchmarks/FAULTS.md $(BIN)/python -m pytest tests/faults -q $(if $(NAME),-k $(NAME))

test-matrix: setup ## run the tests with every Python from 3.11 to 3.13 that is found here; name the missing
	$(BIN)/python -m tools.test_matrix

lock: ## resolve the dependencies anew (needs the network)
	$(BIN)/uv pip compile pyproject.toml --all-extras --group dev --group bench --group docs --universal \
	  --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -o requirements.lock

clean: ## remove what was made
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis site reports .cache benchmarks/.data
