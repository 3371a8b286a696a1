# Two targets do everything on a machine that has Python 3.11 or newer, git and make:
#   make demo   runs the main job in a scratch folder (QUICK=1: a short form)
#   make test   runs every check and test
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# What installs are made from; a change of it makes them anew.
INPUTS := pyproject.toml requirements.lock
SURVIVE := tests/faults tests/concurrency tests/mlflow/test_mlflow_network.py tests/randomised

.PHONY: demo test fast survive check bench lock clean

demo: $(VENV)/.train
	$(BIN)/python demo/run.py $(if $(QUICK),--quick)

# Random work has a seed of its own each time, printed at the end; FT_REGISTRY_SEED=N gives one.
test: $(VENV)/.dev check
	$(BIN)/python -m pytest -n auto

# The unit tests alone: seconds.
fast: $(VENV)/.dev
	$(BIN)/python -m pytest -n auto -m "not integration"

# Faults at every point, races, a lossy network, random work: minutes, and it tells its seeds.
survive: $(VENV)/.dev
	$(BIN)/python -m pytest -n auto $(SURVIVE)

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(VENV)/.bench
	$(BIN)/python benchmarks/run.py

$(VENV)/.base: $(INPUTS)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable .
	@# Without compiled files every start is three times slower; some machines forbid writing them later.
	$(BIN)/python -m compileall -q registry cli
	touch $@

$(VENV)/.dev: $(VENV)/.base
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable '.[dev]'
	touch $@

$(VENV)/.train: $(VENV)/.base
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable '.[train]'
	touch $@

$(VENV)/.bench: $(VENV)/.base
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable '.[bench]'
	touch $@

# Needs uv. No hashes: PyTorch has builds of one version that differ by machine.
lock:
	echo "# Constraints for reproducible installs (pip install --constraint). Made by: make lock" > requirements.lock
	uv pip compile pyproject.toml --universal --all-extras --python-version 3.11 --no-emit-index-url --no-annotate --no-header --quiet >> requirements.lock

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis demo-registry
