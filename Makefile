# Every target sets itself up: nothing needs to be prepared but Python 3.11 to 3.13 and make.
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.complete

# The first interpreter that really runs and is of a supported version.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& command -v $$p && break; done)

# Keep what Python has compiled, whatever the shell says: the suite starts hundreds of processes.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo test check format bench load soak faults fuzz audit sbom screenshots lock clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(STAMP) ## build .venv from the locked requirements

$(STAMP): requirements/dev.txt requirements/bootstrap.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "make: no Python 3.11 to 3.13 with the venv module found (on Debian: apt-get install python3 python3-venv); or name one: make PYTHON=/path/to/python3"; exit 1; }
	@echo "Setting up $(VENV) with $$($(PYTHON) --version): about a minute the first time ..."
	@test -x $(BIN)/uv || { $(PYTHON) -m venv --clear $(VENV) && $(BIN)/python -m pip install \
		--quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt; }
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip sync --quiet --require-hashes requirements/dev.txt
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --editable .
	@touch $@

demo: $(STAMP) ## the whole service on this machine, with simulated feeds
	@exec $(BIN)/waitless demo $(ARGS)

test: $(STAMP) ## the test suite, several tests at once
	@$(BIN)/pytest --numprocesses $$(($$(nproc) + 1)) --dist worksteal $(ARGS)

check: $(STAMP) ## lint, types, package directions, area pack
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/waitless check

format: $(STAMP) ## rewrite to the project's format
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

bench: $(STAMP) ## every benchmark, or one: make bench ONLY=drive_truth
	@$(BIN)/python -m loadtests.benchmarks $(ONLY)

load: $(STAMP) ## a minute of patients, operators and providers; fails on a broken budget
	@$(BIN)/python -m loadtests.run

soak: $(STAMP) ## an hour of patients and faults that nobody dies of: memory and files stay flat
	@$(BIN)/python -m loadtests.faults.soak

faults: $(STAMP) ## every part killed, stopped, cut off while feeds and patients go on; or some: make faults ONLY=redis
	@$(BIN)/python -m loadtests.faults $(ONLY)

fuzz: $(STAMP) ## spoilt bytes for every parser: 200,000 mutations, or make fuzz FUZZ_COUNT=5000
	@FUZZ_COUNT=$(or $(FUZZ_COUNT),200000) $(BIN)/python -m tests.security.fuzz

audit: $(STAMP) ## known vulnerabilities of what is locked for run time (asks an advisory service)
	@$(BIN)/pip-audit --requirement requirements/run.txt --require-hashes --disable-pip --strict --progress-spinner off $(ARGS) \
		|| { echo "make audit: failed: a vulnerability above, or the advisory service was not reached (then nothing is known)"; exit 1; }

sbom: $(STAMP) ## what the service is made of, as CycloneDX: build/waitless.cdx.json
	@mkdir -p build
	@$(BIN)/cyclonedx-py requirements requirements/run.txt --pyproject pyproject.toml --output-reproducible \
		--of JSON --output-file build/waitless.cdx.json
	@echo "build/waitless.cdx.json"

screenshots: $(STAMP) ## pictures of the pages, for docs/screenshots
	@$(BIN)/python -m tests.pages.screenshots

lock: $(STAMP) ## resolve the requirements files afresh
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-annotate --upgrade requirements/bootstrap.in -o requirements/bootstrap.txt
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-annotate --upgrade pyproject.toml -o requirements/run.txt
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-annotate --upgrade --extra traces --constraint requirements/run.txt pyproject.toml -o requirements/traces.txt
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-annotate --upgrade --extra demo --extra traces --group dev pyproject.toml -o requirements/dev.txt

clean: ## remove what make has built
	rm -rf $(VENV) build loadtests/results .pytest_cache .mypy_cache .ruff_cache .hypothesis
