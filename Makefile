# Three commands for everybody: `make demo` and `make quick` (no PyTorch, offline once installed), `make test` (everything).
# Each sets up what it needs in a virtual environment beside this file.
PYTHON ?= python3
DEMO_VENV ?= .venv-demo
VENV ?= .venv
BIN = $(VENV)/bin
# One thread for each test process: two processes on two cores would only fight over more.
THREADS = OMP_NUM_THREADS=1 MKL_NUM_THREADS=1
CHECK_PYTHON = $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "pixelprep needs Python 3.11 or newer; run: make PYTHON=python3.11 ...")'
WHEELS_VENV = .venv-wheels
PILLOW_12 = 12.3.0
NATIVE = $(wildcard native/pyproject.toml native/CMakeLists.txt native/src/* native/python/pixelprep_native/*)

.PHONY: help demo quick tesseract matrix test fuzz lint types sanitize check wheels bench docs drift format clean

help:
	@echo "make demo    photographs into tensors with several models' configurations, without PyTorch"
	@echo "make quick   does the house stand? half a minute, without PyTorch, in the environment of make demo"
	@echo "make test    every test, comparisons with transformers included"
	@echo "make fuzz    hostile input for SECONDS=60 from SEED=0: settings, arrays, files, annotations, results of models"
	@echo "make bench   speed and memory against transformers, written into docs/benchmarks.md"
	@echo "make check   lint, types, sanitizers and tests; what continuous integration runs"
	@echo "make wheels  both distributions into dist/, checked, and the demo from them in an environment of its own"
	@echo "make matrix  the tables of docs that are what tests found: what agrees with transformers"
	@echo "make docs    the pages of docs/families and the type stubs"
	@echo "make drift OLD=5.18.0 NEW=5.24.0    what changed between two releases of transformers, into docs/drift-OLD-NEW.md"
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

# The program that reads words for LayoutLM; where it cannot be installed here, its tests say how.
tesseract:
	@command -v tesseract >/dev/null || { apt-get -qq update && apt-get -qq install -y tesseract-ocr; } || \
		echo "words of pages need the program tesseract: apt-get install tesseract-ocr, or brew install tesseract"

$(DEMO_VENV)/quick: $(DEMO_VENV)/ready
	$(DEMO_VENV)/bin/pip install --quiet --disable-pip-version-check pytest pytest-timeout pytest-xdist hypothesis
	touch $@

quick: $(DEMO_VENV)/quick
	$(THREADS) $(DEMO_VENV)/bin/python -m pytest -n 2 tests/unit tests/families -m "not more"

# No test of `make test` skips for want of a package: what an import lacks is a failure.
test: $(VENV)/ready tesseract
	PIXELPREP_TEST_ALL=1 $(THREADS) $(BIN)/python -m pytest -n 2 --dist loadgroup
	@echo "The pil backend once more, on Pillow $(PILLOW_12):"
	$(THREADS) PYTHONPATH=$(VENV)/pillow-12 $(BIN)/python -m pytest -n 2 tests/reference -k "pil or Pil"

SECONDS = 60
SEED = 0
fuzz: $(VENV)/ready
	$(BIN)/python -m pixelprep.testing fuzz --seconds $(SECONDS) --seed $(SEED)
	$(BIN)/python -m pixelprep.testing fuzz --seconds $(SECONDS) --seed $(SEED) --backend native

# The tables of docs that are what tests found: which families agree with transformers on which backends.
matrix: $(VENV)/ready tesseract
	$(THREADS) $(BIN)/python -m pytest -n 2 --write-pages tests/reference/test_families.py \
		tests/reference/test_configs.py tests/ops/test_conformance.py tests/reference/test_videos.py \
		-k "references_outputs or families_keep or published_configurations"

lint: $(VENV)/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/ready
	$(BIN)/mypy

# The kernels' own test under the address and undefined-behaviour sanitizers.
sanitize: $(VENV)/ready
	PATH="$(abspath $(BIN)):$$PATH" BUILD_DIR=$(VENV)/sanitized native/tests/run_sanitized.sh 50

check: lint types sanitize test

# Wheels are made from the sdists, which shows that those hold what they need. -E: nothing but what is installed.
wheels:
	$(CHECK_PYTHON)
	rm -rf dist $(WHEELS_VENV)
	$(PYTHON) -m venv $(WHEELS_VENV)/tools
	$(WHEELS_VENV)/tools/bin/pip install --quiet --disable-pip-version-check abi3audit build
	$(WHEELS_VENV)/tools/bin/python -m build --outdir dist .
	$(WHEELS_VENV)/tools/bin/python -m build --outdir dist native
	$(WHEELS_VENV)/tools/bin/python tests/check_wheels.py dist
	$(WHEELS_VENV)/tools/bin/abi3audit --strict --report dist/pixelprep_native-*.whl
	$(PYTHON) -m venv $(WHEELS_VENV)/clean
	$(WHEELS_VENV)/clean/bin/pip install --quiet --disable-pip-version-check \
		"$$(ls dist/pixelprep-*.whl)[native]" dist/pixelprep_native-*.whl
	$(WHEELS_VENV)/clean/bin/python -E -c "from pixelprep import ops; ops.get_ops('native')"
	$(WHEELS_VENV)/clean/bin/python -E examples/demo.py

bench: $(VENV)/ready
	$(BIN)/python -m benchmarks

docs: $(VENV)/ready
	$(BIN)/python docs/stubs.py
	$(BIN)/python docs/generate.py

drift: $(VENV)/ready
	@test -n "$(OLD)" -a -n "$(NEW)" || { echo "say which releases: make drift OLD=5.18.0 NEW=5.24.0"; exit 2; }
	$(BIN)/python -m pixelprep.testing drift $(OLD) $(NEW) --output docs/drift-$(OLD)-$(NEW).md

format: $(VENV)/ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) $(DEMO_VENV) build dist out
