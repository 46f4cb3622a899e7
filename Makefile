# Everything that a person needs. Each target sets up what it needs first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UPGRADE := --upgrade

.DEFAULT_GOAL := help
.PHONY: help install demo test tests checks php reliability hostile fuzz mutation plugins pictures docs lint lint-php types imports format lock sbom clean

help: ## list these targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

install: $(VENV)/.installed ## build .venv with enom-bridge in it
	@echo "enom-bridge is in $(BIN). Next: $(BIN)/enom-bridge init"

demo: $(VENV)/.installed ## run the main job end to end on this machine, showing each step
	$(BIN)/enom-bridge demo

test: $(VENV)/.tested ## run every check and every test
	@$(MAKE) --no-print-directory --jobs=2 tests checks

tests: $(VENV)/.tested ## the tests in Python, spread over the cores: two processes for each, since many only wait; eight at most
	$(BIN)/python -m pytest -q -n $$((2 * $$(getconf _NPROCESSORS_ONLN))) --maxprocesses 8 --dist worksteal

checks: lint lint-php types imports docs php ## everything else that make test runs, beside the tests

php: ## phpunit over the plug-in for WHMCS; says what to install where that is missing
	@tests/php/run --test

reliability: $(VENV)/.tested ## kill, stop and lie for an hour or more: the long form of docs/reliability.md
	$(BIN)/python -m pytest -q tests/flow --long

hostile: $(VENV)/.tested ## send a million hostile requests to a bridge in one process; prints one line of counts
	@$(BIN)/python -m tests.security.stand

fuzz: $(VENV)/.tested build/fuzz/bin/schemathesis ## let schemathesis take /openapi.json at its word, with signed requests (some minutes)
	@$(BIN)/python -m tests.security.fuzz

build/fuzz/bin/schemathesis: Makefile
	$(PYTHON) -m venv build/fuzz
	build/fuzz/bin/pip install --quiet --disable-pip-version-check schemathesis==4.32.5
	@touch $@

mutation: ## change the pure core in two thousand ways, and count what no fast test notices (half an hour)
	@rm -rf build/mutation/tree && mkdir -p build/mutation/tree && cp -r bridge hooks tests pyproject.toml README.md LICENSE build/mutation/tree
	@test -x build/mutation/bin/mutmut || { $(PYTHON) -m venv build/mutation && \
	build/mutation/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-test.lock -r requirements.lock && \
	build/mutation/bin/pip install --quiet --disable-pip-version-check mutmut==3.8.1; }
	cd build/mutation/tree && PYTHONPATH=. ../bin/mutmut run && PYTHONPATH=. ../bin/mutmut results

plugins: $(VENV)/.installed ## build what is unpacked into a billing platform: dist/enom-bridge-whmcs-….zip
	@$(BIN)/python -m contrib.plugins

pictures: $(VENV)/.tested ## take the pictures of docs/ anew (needs PHP and Chromium)
	$(BIN)/python -m contrib.pictures

docs: $(VENV)/.tested ## build the documentation as a site into build/site; any warning is an error
	@$(BIN)/python -m contrib.site.build

lint: $(VENV)/.tested ## ruff: style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

lint-php: ## php -l over the plug-in for WHMCS and its tests
	@tests/php/run --lint

types: $(VENV)/.tested ## mypy, strict
	$(BIN)/mypy

imports: $(VENV)/.tested ## who may import whom
	$(BIN)/lint-imports

format: $(VENV)/.tested ## let ruff format everything
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: ## resolve the lock files anew; with UPGRADE= only what a new dependency needs
	$(PYTHON) -m venv build/lock && build/lock/bin/pip install --quiet pip-tools
	build/lock/bin/pip-compile --quiet $(UPGRADE) --generate-hashes --strip-extras --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-header --extra postgres --extra demo --output-file requirements.lock pyproject.toml
	build/lock/bin/pip-compile --quiet $(UPGRADE) --generate-hashes --strip-extras --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-header --all-extras --constraint requirements.lock --output-file requirements-test.lock pyproject.toml

sbom: build/sbom/bin/cyclonedx-py ## list what is installed with the bridge: dist/enom-bridge.cdx.json (CycloneDX)
	@mkdir -p dist
	@PYTHONWARNINGS=ignore build/sbom/bin/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible --output-file dist/enom-bridge.cdx.json requirements.lock
	@echo "Written: dist/enom-bridge.cdx.json"

build/sbom/bin/cyclonedx-py: Makefile
	$(PYTHON) -m venv build/sbom
	build/sbom/bin/pip install --quiet --disable-pip-version-check cyclonedx-bom==7.5.0
	@touch $@

clean: ## remove what these targets made
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(VENV)/.tested: requirements-test.lock $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-test.lock
	@touch $@
