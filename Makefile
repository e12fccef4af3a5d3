# The verbs of this project. `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
LOCKS := deploy/locks
EXTRAS := ingest enrich index console dev training

.DEFAULT_GOAL := help
DATA ?= ../shared/data

.PHONY: help demo up down test test-measured test-monitoring faults faults-root check format lock evaluate env sbom audit clean

help: ## List the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Made again when the lock file or the project's own declaration changes.
$(READY): $(LOCKS)/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Newsline needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.11 ...")'
	@echo "Making the environment in $(VENV) (once)…"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCKS)/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY) ## Start everything here, push articles, show one as it comes out
	@$(BIN)/newsline demo

up: $(READY) ## Start Kafka, Elasticsearch and the workers on this machine
	@$(BIN)/newsline up

down: $(READY) ## Stop them; the data stay
	@$(BIN)/newsline down

# Most of a live test is waiting for servers, so there are more processes than cores.
JOBS ?= 4
SIDE_BY_SIDE = -n $(JOBS) --dist loadfile --no-loadscope-reorder

test: $(READY) ## Run all tests side by side, on real servers that they start themselves
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE)

test-measured: $(READY) ## Compare processor time and memory with their limits, one test at a time
	@$(BIN)/python -m pytest -m measured

test-monitoring: $(READY) ## Check the alert rules with a real Prometheus (Debian: apt-get install prometheus)
	@$(BIN)/python -m pytest -m debian tests/deploy

faults: $(READY) ## Run the slow rows of the failure matrix (about 25 minutes)
	@$(BIN)/python -m pytest -m faults tests

faults-root: $(READY) ## Run the rows that fill small file systems (as root, on Linux)
	@$(BIN)/python -m pytest -m root tests

check: $(READY) ## Lint, format, types, and the boundaries between packages
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(READY) ## Bring the code into its form
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: $(READY) ## Resolve all dependencies anew, with hashes
	@for extra in $(EXTRAS); do \
		$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
			--no-header --no-annotate --extra $$extra --output-file $(LOCKS)/$$extra.txt pyproject.toml; \
	done

evaluate: $(READY) ## Score the models (DATA=folder of the gold data)
	@$(BIN)/python -m services.enrich.training.evaluation --data $(DATA)

env: ## Write .env with random passwords, for docker compose
	@$(PYTHON) deploy/compose/env.py

sbom: $(READY) ## List what each extra is made of (CycloneDX, into build/sbom)
	@mkdir -p build/sbom
	@for extra in $(EXTRAS); do \
		$(BIN)/uvx --quiet --from cyclonedx-bom==7.5.0 cyclonedx-py requirements $(LOCKS)/$$extra.txt \
			--pyproject pyproject.toml --output-format JSON --output-file build/sbom/$$extra.json || exit 1; \
	done

audit: $(READY) ## Ask the public databases for known vulnerabilities
	@for extra in $(EXTRAS); do \
		$(BIN)/uvx --quiet --from pip-audit==2.10.1 pip-audit --disable-pip --require-hashes \
			--requirement $(LOCKS)/$$extra.txt || exit 1; \
	done

clean: ## Remove the environment and caches; the stack's data stay
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
