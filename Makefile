# Two commands do everything on a machine with Python 3.11 or newer and make:
#   make train     make test
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
BENCH  := .bench-venv
RELEASE := .release-venv
SOURCE := $(shell find src -type f -not -path '*/__pycache__/*' -not -path '*.egg-info*') pyproject.toml constraints.txt

.DEFAULT_GOAL := help
.PHONY: help train test checks style types imports javascript chromium bwrap cc quick classroom bench features interop hosts soak fuzz findings mutants shipped docs gallery linkcheck dist wheel versions clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

train: $(VENV)/installed  ## train the handout's network on MNIST (half a minute)
	@$(BIN)/glasswork train

test: $(VENV)/installed-dev chromium bwrap cc  ## check style, types, imports and behaviour
	@$(MAKE) --no-print-directory --jobs 2 --output-sync checks
	$(BIN)/pytest --numprocesses 2 --dist worksteal tests/classroom  # apart, as it puts stand-ins in the place of libraries
	$(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder --ignore tests/classroom

checks: style types imports javascript  ## check what every commit must pass (a minute)

style: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell

types: $(VENV)/installed-dev
	$(BIN)/mypy

imports: $(VENV)/installed-dev
	$(BIN)/lint-imports --no-cache

javascript: $(VENV)/installed-dev
	PATH="$$PATH:$$($(BIN)/python tests/node_folder.py)" npx --yes --package typescript tsc --project tests/js/jsconfig.json

# The tests open the report page in Chromium, run submissions under bubblewrap and compile exported networks: root gets
# what is missing from Debian, others are told.
chromium bwrap cc:
	@command -v $@ >/dev/null \
	|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && echo "Installing $(DEBIAN_$@) ..." && apt-get -qq update \
	     && apt-get -qq install --yes --no-install-recommends $(DEBIAN_$@) >/dev/null; } \
	|| { echo "The tests need $@: install it with  sudo apt-get install $(DEBIAN_$@)" >&2; exit 1; }
DEBIAN_chromium := chromium
DEBIAN_bwrap := bubblewrap
DEBIAN_cc := gcc libc6-dev

quick: style types  ## check style, types and the fast half of the tests (under a minute)
	$(BIN)/pytest --numprocesses 2 -m "not slow" --ignore tests/classroom

classroom: $(VENV)/installed-dev bwrap  ## try every variant of every mistake of the classroom (five minutes)
	$(BIN)/pytest tests/classroom --every-variant

bench: $(BENCH)/installed  ## measure speed and memory against the peers (twelve quiet minutes; PARTS="deep wide" for some)
	@$(BENCH)/bin/python benchmarks/bench.py $(PARTS)

features: $(VENV)/installed-dev  ## compare the accuracy on tables of features with scikit-learn's (two minutes)
	@$(BIN)/python benchmarks/features.py

interop: $(BENCH)/installed  ## check that PyTorch, OpenVINO, JavaScript, TensorBoard and MLflow take what we write
	@$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt \
	".[dev,log]" openvino
	@$(BENCH)/bin/python tests/interop_torch.py
	@PATH="$$PATH:$$($(BENCH)/bin/python tests/node_folder.py)" $(BENCH)/bin/python tests/interop_others.py

hosts: $(VENV)/installed-dev bwrap  ## run a sweep on two hosts, as network namespaces (a minute; as root)
	@$(BIN)/python tests/two_hosts.py

soak: $(VENV)/installed-dev  ## kill a hundred runs and check that each ends with the bytes of an unbroken run (half an hour)
	@$(BIN)/python -u tests/soak.py

fuzz: $(VENV)/installed-dev  ## read 200,000 damaged files (half an hour)
	@$(BIN)/python -u tests/fuzz.py

findings: $(VENV)/installed-dev  ## train on right data of 17 kinds, and check that nothing false is found (five minutes)
	@$(BIN)/python -u tests/right_data.py

mutants: $(VENV)/installed-dev  ## change one thing at a time and see whether a test notices (an hour)
	@$(BIN)/python -u tools/mutants.py

shipped: $(VENV)/installed-dev  ## compute once more what is shipped for MNIST: its splits, and what tells strange images
	@$(BIN)/python tools/ship.py

docs: $(VENV)/installed-docs  ## build the documentation into docs/_build/html, and run the gallery, without a network (four minutes)
	@$(SPHINX) -b doctest docs docs/_build/doctest
	@$(SPHINX) -b html docs docs/_build/html
	@echo "Open docs/_build/html/index.html"

gallery: $(VENV)/installed-docs  ## run the examples of the gallery as notebooks (three minutes)
	@rm -rf build/notebooks
	@mkdir -p build
	@cp -r docs/gallery build/notebooks
	@$(BIN)/sphinx_gallery_py2jupyter build/notebooks/plot_*.py
	@$(BIN)/python -m pytest --nbmake build/notebooks  # nbmake leaves out what lies in docs/_build

linkcheck: $(VENV)/installed-docs  ## ask the network whether the links of the documentation lead somewhere
	@$(SPHINX) -b linkcheck docs docs/_build/linkcheck
SPHINX = $(BIN)/python -m sphinx --quiet --nitpicky --fail-on-warning --keep-going --doctree-dir docs/_build/doctrees

dist: $(RELEASE)/installed chromium bwrap  ## build sdist and wheel, check them, and try both far from the source (ten minutes)
	@$(RELEASE)/bin/python -u tools/release.py

wheel: $(VENV)/made  ## build the one file that a class installs: dist/glasswork-...whl
	@rm -rf build
	@$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .
	@rm -rf build
	@ls dist/glasswork-*.whl

versions: $(RELEASE)/installed $(VENV)/installed-dev  ## check each Python's types, and the lowest and newest dependencies
	@$(RELEASE)/bin/python -u tools/versions.py --python $(BIN)/python

clean:  ## remove the environment and what builds left, but no run
	rm -rf $(VENV) $(BENCH) $(RELEASE) build dist docs/_build docs/lookup/generated .mypy_cache .ruff_cache .pytest_cache .hypothesis src/*.egg-info

# The package is installed, not linked: what is tested is what users get.
$(VENV)/installed: $(SOURCE) | $(VENV)/made
	@echo "Installing glasswork into $(VENV) ..."
	@rm -rf build
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt .
	@rm -rf build
	@touch $@

$(VENV)/installed-dev: $(SOURCE) | $(VENV)/made
	@echo "Installing glasswork and what tests need ..."
	@rm -rf build
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt ".[classroom,dev,heic,interop,openml]"
	@rm -rf build
	@touch $(VENV)/installed $@

$(VENV)/installed-docs: $(VENV)/installed-dev
	@echo "Installing what builds the documentation ..."
	@rm -rf build
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt ".[docs]"
	@rm -rf build
	@touch $@

$(BENCH)/installed: $(SOURCE)
	@echo "Installing the peers into $(BENCH) ..."
	@rm -rf build
	@$(PYTHON) -m venv $(BENCH)
	@$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt ".[bench,fast,interop]"
	@touch $@

$(RELEASE)/installed: tools/release.txt
	@echo "Installing what a release needs into $(RELEASE) ..."
	@$(PYTHON) -m venv $(RELEASE)
	@$(RELEASE)/bin/python -m pip install --quiet --disable-pip-version-check --requirement tools/release.txt
	@touch $@

$(VENV)/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "glasswork needs Python 3.11 or newer; try: make PYTHON=python3.11")'
	@$(PYTHON) -m venv $(VENV)
	@touch $@
