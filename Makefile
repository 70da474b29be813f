# `make up` runs the platform, `make test` tests it. Everything else is for people who work on it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := $(VENV)/.installed
DEV := $(VENV)/.installed-dev

.PHONY: up test lint bench chaos nightly lock clean

up: $(RUN)  ## start everything; Ctrl-C stops it
	@$(BIN)/python -m crm_platform.launcher

test: $(DEV)  ## the whole suite, with servers of its own
	@$(BIN)/python -m tests.kit.run

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint --lint --quiet crm_platform metadata layouts objects openapi workflows
	$(BIN)/mypy crm_platform metadata objects layouts openapi workflows
	$(BIN)/lint-imports --no-cache

bench: $(DEV)  ## the product beside a hand-written twin and bare SQL, in one run
	@$(BIN)/python -m tests.benchmarks

chaos: $(DEV)  ## kill, flush and race at full size
	@CHAOS=full $(BIN)/python -m tests.kit.run -m chaos -n 0

nightly: $(DEV)  ## expressions and reach over records against chance, at full size
	@EXPRESSIONS=20000 FUZZ=100000 PAIRS=100000 $(BIN)/python -m tests.kit.run tests/metadata/expressions \
		tests/metadata/field_types/test_fuzz.py tests/objects/access/test_scope_property.py -n 0

lock:  ## resolve the dependencies of pyproject.toml anew
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes pyproject.toml -o requirements.lock --no-header
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes pyproject.toml --extra dev -o requirements-dev.lock --no-header

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "crm: Python 3.11 or newer is needed"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "crm: Python's venv is missing: apt-get install python3-venv"; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(RUN): requirements.lock | $(BIN)/python
	@echo "Installing the dependencies …"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.lock
	@touch $@

$(DEV): requirements-dev.lock $(RUN)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements-dev.lock
	@touch $@

clean:  ## remove what was built; keeps data
	rm -rf $(VENV) crm_platform/frontend/node_modules crm_platform/frontend/dist var/static
