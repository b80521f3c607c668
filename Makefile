# One command each: `make bench` runs the main job, `make test` passes the tests.

# PYTHON=/path/to/python3 chooses one; otherwise .ci/venv finds it.
PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.NOTPARALLEL:

help: ## show what there is
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F '|' '{printf "%-18s %s\n", $$1, $$2}'

bench: setup ## run both scenarios with the default local model (10 to 20 minutes) and report
	@$(BIN)/bench run

bench-full: setup ## measure every stratum, for hours if need be; the same command resumes
	@$(BIN)/bench run --full

smoke: setup ## the whole pipeline with the smallest model and the reference, under a minute
	@$(BIN)/bench run --smoke

test: setup-dev ## run the tests
	@$(BIN)/python -m pytest

check: setup-dev ## lint, types, spelling, workflows
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/typos
	@$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(BIN)/check-jsonschema --builtin-schema vendor.github-actions action.yml
	@$(BIN)/zizmor --offline --quiet .github/workflows action.yml

format: setup-dev ## format the code and mend what can be mended
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

perf: setup-dev ## time calls of hosted models, the harness, then plain code with calibrated rounds
	@$(BIN)/python -m tests.benchmarks.calls
	@$(BIN)/python -m tests.benchmarks.harness
	@$(BIN)/python -m pytest tests/benchmarks -m "slow or not slow" --benchmark-enable --benchmark-only

# Both return at once when there is nothing to do; .ci/venv compares contents, not times.
setup: ## create .venv and install what running needs
	@PYTHON="$(PYTHON)" VENV="$(VENV)" sh .ci/venv requirements.lock

setup-dev: ## the same, with what developing needs
	@PYTHON="$(PYTHON)" VENV="$(VENV)" sh .ci/venv requirements-dev.lock requirements.lock

lock: ## resolve the dependencies anew (needs uv)
	uv pip compile pyproject.toml --group build $(LOCK) -o requirements.lock
	uv pip compile pyproject.toml --group build --group dev -c requirements.lock $(LOCK) -o requirements-dev.lock

LOCK := --universal --generate-hashes --no-header --no-annotate --python-version 3.11 --only-binary :all: --quiet

clean: ## remove the virtual environment and caches, keep results
	rm -rf $(VENV) .mypy_cache .ruff_cache .benchmarks

.PHONY: help bench bench-full smoke test check format perf setup setup-dev lock clean
