# Two commands: `make sweep` runs the main job, `make test` the tests; both set everything up first.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup sweep test lint

setup: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

sweep: setup
	$(BIN)/python -m runner sweep experiments/xor.toml

test: setup
	$(BIN)/python -m pytest -n auto --dist worksteal

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
