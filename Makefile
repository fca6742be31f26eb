# Two commands for everybody: `make demo` (no PyTorch, offline once installed) and `make test` (everything).
# Each sets up what it needs in a virtual environment beside this file.
PYTHON ?= python3
DEMO_VENV ?= .venv-demo
VENV ?= .venv
BIN = $(VENV)/bin
# One thread for each test process: two processes on two cores would only fight over more.
THREADS = OMP_NUM_THREADS=1 MKL_NUM_THREADS=1
CHECK_PYTHON = $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "pixelprep needs Python 3.11 or newer; run: make PYTHON=python3.11 ...")'
PILLOW_12 = 12.3.0
NATIVE = $(wildcard native/pyproject.toml native/CMakeLists.txt native/src/* native/python/pixelprep_native/*)

.PHONY: help demo test lint types sanitize check bench docs format clean

help:
	@echo "make demo    photographs into tensors with several models' configurations, without PyTorch"
	@echo "make test    every test, comparisons with transformers included"
	@echo "make bench   speed and memory against transformers, written into docs/benchmarks.md"
	@echo "make check   lint, types, sanitizers and tests; what continuous integration runs"
	@echo "make docs    the pages of docs/families"
	@echo "make format  format the code"

$(DEMO_VENV)/ready: pyproject.toml $(NATIVE)
	$(CHECK_PYTHON)
	$(PYTHON) -m venv $(DEMO_VENV)
	$(DEMO_VENV)/bin/pip install --quiet --disable-pip-version-check --editable .
	$(DEMO_VENV)/bin/pip install --quiet --disable-pip-version-check ./native
	touch $@

$(VENV)/ready: pyproject.toml $(NATIVE)
	$(CHECK_PYTHON)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	$(BIN)/pip install --quiet --disable-pip-version-check ./native
	$(BIN)/pip install --quiet --disable-pip-version-check --target $(VENV)/pillow-12 pillow==$(PILLOW_12)
	touch $@

demo: $(DEMO_VENV)/ready
	$(DEMO_VENV)/bin/python examples/demo.py

test: $(VENV)/ready
	$(THREADS) $(BIN)/python -m pytest -n 2
	@echo "The pil backend once more, on Pillow $(PILLOW_12):"
	$(THREADS) PYTHONPATH=$(VENV)/pillow-12 $(BIN)/python -m pytest -n 2 tests/test_parity.py tests/test_configs.py -k "pil or Pil"

lint: $(VENV)/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/ready
	$(BIN)/mypy

# The kernels' own test under the address and undefined-behaviour sanitizers.
sanitize: $(VENV)/ready
	PATH="$(abspath $(BIN)):$$PATH" BUILD_DIR=$(VENV)/sanitized native/tests/run_sanitized.sh 50

check: lint types sanitize test

bench: $(VENV)/ready
	$(BIN)/python -m benchmarks

docs: $(VENV)/ready
	$(BIN)/python docs/generate.py

format: $(VENV)/ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) $(DEMO_VENV) build dist out
