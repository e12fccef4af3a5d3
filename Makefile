# The verbs of this project. `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCKS := deploy/locks
# One environment: the command line first, which is all that a demo needs; then what tests need.
CONSOLE := $(VENV)/.console
DEV := $(VENV)/.dev
# A lock is that of the extra of its name, but for these.
LOCK_build := --group build
LOCK_dev := --extra console --group dev pyproject.toml
LOCK_training := --extra enrich --group training pyproject.toml
NAMES := ingest enrich index cli console build dev training

.DEFAULT_GOAL := help
DATA ?= ../shared/data

.PHONY: help demo up down test test-measured test-monitoring faults faults-root check format lock fields evaluate env sbom audit clean

help: ## List the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Made again when a lock file or the project's own declaration changes. The sizes were measured.
$(CONSOLE): $(LOCKS)/console.txt $(LOCKS)/build.txt pyproject.toml
	@$(PYTHON) deploy/venv.py $(VENV) "the command line, 100 MB to fetch, 380 MB on disk" $(LOCKS)/console.txt $(LOCKS)/build.txt
	@touch $@

$(DEV): $(LOCKS)/dev.txt $(CONSOLE)
	@$(PYTHON) deploy/venv.py $(VENV) "what tests need, 110 MB more to fetch, 390 MB more on disk" $(LOCKS)/dev.txt
	@touch $@

demo: $(CONSOLE) ## Start everything here, push articles, show one as it comes out
	@$(BIN)/newsline demo

up: $(CONSOLE) ## Start Kafka, Elasticsearch and the workers on this machine
	@$(BIN)/newsline up

down: $(CONSOLE) ## Stop them; the data stay
	@$(BIN)/newsline down

# Most of a live test is waiting for servers, so there are more processes than cores.
JOBS ?= 4
SIDE_BY_SIDE = -n $(JOBS) --dist loadfile --no-loadscope-reorder

test: $(DEV) ## Run all tests side by side, on real servers that they start themselves
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE)

test-measured: $(DEV) ## Compare processor time and memory with their limits, one test at a time
	@$(BIN)/python -m pytest -m measured

test-monitoring: $(DEV) ## Check what needs Prometheus and kcat (Debian: apt-get install prometheus kcat)
	@$(BIN)/python -m pytest -m debian tests

faults: $(DEV) ## Run the slow rows of the failure matrix (about 25 minutes)
	@$(BIN)/python -m pytest -m faults tests

faults-root: $(DEV) ## Run the rows that fill small file systems (as root, on Linux)
	@$(BIN)/python -m pytest -m root tests

check: $(DEV) ## Lint, format, types, and the boundaries between packages
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(DEV) ## Bring the code into its form
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: $(DEV) $(NAMES:%=lock-%) ## Resolve all dependencies anew, with hashes

lock-%: $(DEV)
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		$(or $(LOCK_$*),--extra $* pyproject.toml) --output-file $(LOCKS)/$*.txt

fields: $(DEV) ## Write the reference of stored fields anew (services/contracts/FIELDS.md)
	@$(BIN)/python -m tests.docs.fields

evaluate: $(DEV) ## Score the models (DATA=folder of the gold data)
	@$(BIN)/python -m services.enrich.training.evaluation --data $(DATA)

env: ## Write .env with random passwords, for docker compose
	@$(PYTHON) deploy/compose/env.py

sbom: $(DEV) ## List what each lock is made of (CycloneDX, into build/sbom)
	@mkdir -p build/sbom
	@for name in $(NAMES); do \
		$(BIN)/uvx --quiet --from cyclonedx-bom==7.5.0 cyclonedx-py requirements $(LOCKS)/$$name.txt \
			--pyproject pyproject.toml --output-format JSON --output-file build/sbom/$$name.json || exit 1; \
	done

audit: $(DEV) ## Ask the public databases for known vulnerabilities
	@for name in $(NAMES); do \
		$(BIN)/uvx --quiet --from pip-audit==2.10.1 pip-audit --disable-pip --require-hashes \
			--requirement $(LOCKS)/$$name.txt || exit 1; \
	done

clean: ## Remove the environment and caches; the stack's data stay
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
