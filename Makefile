# Everything that a person needs. Each target sets up what it needs first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UPGRADE := --upgrade

.DEFAULT_GOAL := help
.PHONY: help install demo dist deps test quick tests checks php reliability hostile fuzz mutation plugins pictures docs lint lint-php types imports format lock sbom clean

# `##` marks what an admin needs, `###` what whoever changes the program needs.
help: ## list these targets
	@echo "To run it:"
	@grep -hE '^[a-z-]+:.*[^#]## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14 | sed 's/^/  /'
	@echo "To change it:"
	@grep -hE '^[a-z-]+:.*### ' $(MAKEFILE_LIST) | sed -E 's/:.*### /\t/' | expand -t 14 | sed 's/^/  /'

install: $(VENV)/.$(or $(EXTRA),installed) ## build .venv with enom-bridge in it, to try it; EXTRA=postgres adds PostgreSQL's driver
	@echo "enom-bridge is in $(BIN). Next: $(BIN)/enom-bridge init"

demo: $(VENV)/.demo ## run the main job end to end on this machine, showing each step
	$(BIN)/enom-bridge demo

dist: $(VENV)/.installed ## build what is installed elsewhere into dist/: the program, its lock files, the plug-ins
	@rm -rf dist/*.whl dist/*.lock dist/*.zip
	@$(BIN)/pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .
	@cp requirements.lock requirements-postgres.lock dist/
	@$(BIN)/python -m contrib.plugins
	@ls -1 dist/*.whl dist/*.lock

test: $(VENV)/.test ## run every check and every test (minutes)
	@$(MAKE) --no-print-directory --jobs=2 checks
	@$(MAKE) --no-print-directory tests

quick: $(VENV)/.test ### the tests that need no bridge: pure parts, backends, hooks, simulator (half a minute; before each commit)
	$(BIN)/python -m pytest -q -n $$(getconf _NPROCESSORS_ONLN) --maxprocesses 8 --dist worksteal tests/core tests/hooks tests/sim tests/backends

deps: ### install what the tests need beyond Python (Debian, as root): without it those tests are skipped
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$(sed 's/#.*//' .ci/packages) >/dev/null

# Also where the environment says otherwise: each process would compile the program and the tests anew.
tests quick: export PYTHONDONTWRITEBYTECODE =

tests: $(VENV)/.test ### the tests in Python, spread over the cores: two processes for each, since many only wait; eight at most
	$(BIN)/python -m pytest -q -n $$((2 * $$(getconf _NPROCESSORS_ONLN))) --maxprocesses 8 --dist worksteal

checks: lint lint-php types imports docs php ### everything else that make test runs, before the tests: side by side each takes longer

php: ### phpunit over the PHP kit and the plug-in for WHMCS; says what to install where that is missing
	@tests/php/run --test

reliability: $(VENV)/.test ### kill, stop and lie for an hour or more: the long form of docs/reliability.md; and arbitrary data, a thousand of each
	$(BIN)/python -m pytest -q tests/flow --long
	$(BIN)/python -m pytest -q tests/core tests/hooks tests/backends tests/security tests/web --hypothesis-profile=long

hostile: $(VENV)/.test ### send a million hostile requests to a bridge in one process; prints one line of counts
	@$(BIN)/python -m tests.security.stand

fuzz: $(VENV)/.test build/fuzz/bin/schemathesis ### let schemathesis take /openapi.json at its word, with signed requests (some minutes)
	@$(BIN)/python -m tests.security.fuzz

build/fuzz/bin/schemathesis: Makefile
	$(PYTHON) -m venv build/fuzz
	build/fuzz/bin/pip install --quiet --disable-pip-version-check schemathesis==4.32.5
	@touch $@

mutation: ### change the pure core in two thousand ways, and count what no fast test notices (half an hour)
	@rm -rf build/mutation/tree && mkdir -p build/mutation/tree && cp -r bridge hooks tests pyproject.toml README.md LICENSE build/mutation/tree
	@test -x build/mutation/bin/mutmut || { $(PYTHON) -m venv build/mutation && \
	build/mutation/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-test.lock && \
	build/mutation/bin/pip install --quiet --disable-pip-version-check mutmut==3.8.1; }
	cd build/mutation/tree && PYTHONPATH=. ../bin/mutmut run && PYTHONPATH=. ../bin/mutmut results

plugins: $(VENV)/.installed ## build what is unpacked into a billing platform: dist/enom-bridge-<platform>-….zip
	@$(BIN)/python -m contrib.plugins

pictures: $(VENV)/.test ### take the pictures of docs/ anew (needs PHP and Chromium)
	$(BIN)/python -m contrib.pictures

docs: $(VENV)/.test ### build the documentation as a site into build/site; any warning is an error
	@$(BIN)/python -m contrib.site.build

lint: $(VENV)/.test ### ruff: style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

lint-php: ### php -l over the PHP kit, the plug-in for WHMCS and their tests
	@tests/php/run --lint

types: $(VENV)/.test ### mypy, strict
	$(BIN)/mypy

imports: $(VENV)/.test ### who may import whom
	$(BIN)/lint-imports

format: $(VENV)/.test ### let ruff format everything
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# For the oldest Python that pyproject.toml allows: what runs on it runs on the others.
COMPILE = build/lock/bin/uv pip compile --quiet $(UPGRADE) --python-version $(OLDEST) --generate-hashes --no-header
OLDEST = $$(sed -n 's/^requires-python = ">=\([0-9.]*\)"/\1.0/p' pyproject.toml)

lock: ### resolve the lock files anew; with UPGRADE= only what a new dependency needs
	$(PYTHON) -m venv build/lock && build/lock/bin/pip install --quiet uv
	$(COMPILE) --output-file requirements.lock pyproject.toml
	$(COMPILE) --extra postgres --constraint requirements.lock --output-file requirements-postgres.lock pyproject.toml
	$(COMPILE) --extra demo --constraint requirements.lock --output-file requirements-demo.lock pyproject.toml
	$(COMPILE) --all-extras --constraint requirements-postgres.lock --constraint requirements-demo.lock --output-file requirements-test.lock pyproject.toml

sbom: build/sbom/bin/cyclonedx-py ## list what is installed with the bridge: dist/enom-bridge.cdx.json (CycloneDX)
	@mkdir -p dist
	@PYTHONWARNINGS=ignore build/sbom/bin/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible --output-file dist/enom-bridge.cdx.json requirements-postgres.lock
	@echo "Written: dist/enom-bridge.cdx.json"

build/sbom/bin/cyclonedx-py: Makefile
	$(PYTHON) -m venv build/sbom
	build/sbom/bin/pip install --quiet --disable-pip-version-check cyclonedx-bom==7.5.0
	@touch $@

clean: ## remove what these targets made
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# One lock for each set of extras; each has all of the first.
$(VENV)/.installed: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(VENV)/.postgres $(VENV)/.demo $(VENV)/.test: $(VENV)/.%: requirements-%.lock $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@
