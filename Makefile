# The verbs of this project. `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
LOCKS := deploy/locks
EXTRAS := ingest enrich index console dev

.DEFAULT_GOAL := help
.PHONY: help demo up down test check format lock clean

help: ## List the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

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

test: $(READY) ## Run all tests, on real servers that they start themselves
	@$(BIN)/python -m pytest

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

clean: ## Remove the environment and caches; the stack's data stay
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
