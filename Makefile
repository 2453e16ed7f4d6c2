# Outvoted in two commands. Each makes its own virtual environment the first time and only
# looks at its stamp afterwards.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Bytecode is written when a module is first imported: most of what is installed never is.
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-compile --constraint constraints.txt
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test fuzz faults cluster-test demo-data clean

demo: $(VENV)/.runtime ## the browser on the embedded demo
	@$(BIN)/outvoted demo

test: $(VENV)/.test ## everything CI runs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest --numprocesses 2 --dist loadgroup

fuzz: $(VENV)/.test ## every property under thousands of new examples, every reader by coverage
	HYPOTHESIS_PROFILE=search $(BIN)/pytest --numprocesses 2 --dist loadgroup -m hypothesis
	$(PIP) --editable '.[fuzz]'
	$(BIN)/python -m tests.faults.search

faults: $(VENV)/.test ## kills, crowds, full disks, hostile input: the table of docs/faults.md
	$(BIN)/python -m tests.faults

cluster-test: $(VENV)/.test ## install Ray, and measure on a cluster of two workers, one of them killed
	$(PIP) --editable '.[cluster]'
	$(BIN)/pytest tests/engine/measure/test_on_ray.py

demo-data: $(VENV)/.runtime ## write, train and score the demo again (minutes)
	$(BIN)/python -m engine.demo.build

# Torch goes in first: with its version pinned nothing after it can pull another build in.
$(VENV)/.torch: constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) torch
	@touch $@

$(VENV)/.runtime: $(VENV)/.torch pyproject.toml
	$(PIP) --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.torch pyproject.toml
	$(PIP) --editable '.[test]'
	$(PIP) --no-deps dictionary-learning # a reference: one module of it is read, nnsight is not needed
	@touch $(VENV)/.runtime $@

clean: ## the virtual environment and what tools left behind
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
