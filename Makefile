# make app, make test: each prepares .venv first, the second time at once.
PYTHON ?= python3.11
VENV := .venv
# A file to a process, in the order of tests/conftest.py. One process more than there are cores: much of the time is spent
# waiting for browsers and for programs to start.
CORES := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
PARALLEL := -n $(shell expr $(CORES) + 1) --maxprocesses 4 --dist loadfile --no-loadscope-reorder
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
CORE := $(VENV)/.core
TEST := $(VENV)/.test
WARM := $(VENV)/.warm
WHEELS := wheels

# One thread a process: on small machines several are slower, and results stay the same from run to run.
test test-long lint warm: export OMP_NUM_THREADS := 1
test test-long lint warm: export OPENBLAS_NUM_THREADS := 1

# The corpora and encoders of a developer's machine, where they lie beside the project.
ifndef SER_DATA
ifneq ($(wildcard ../shared/corpora),)
test test-long: export SER_DATA := $(abspath ../shared/corpora)
endif
endif
ifndef SER_ENCODERS
ifneq ($(wildcard ../shared/encoders),)
test test-long: export SER_ENCODERS := $(abspath ../shared/encoders)
endif
endif

# numba keeps compiled code under the home folder; where that is read-only it needs another place.
ifndef NUMBA_CACHE_DIR
ifeq ($(shell test -w "$$HOME" || echo read-only),read-only)
export NUMBA_CACHE_DIR := $(CURDIR)/.cache/numba
endif
endif

.PHONY: help app test test-long lint warm format notebooks docs wheels licences audit clean

help:  ## list what make can do
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/make \1|\2/p' Makefile | column -t -s '|'

app: warm  ## install, then open the app in the browser
	$(BIN)/python -m streamlit run app.py

test: $(TEST) warm lint  ## install the test tools, check style and types, run the tests
	$(BIN)/python -m pytest -m "not long" $(PARALLEL) $(PYTEST_ARGS)

test-long: $(TEST) warm  ## run the tests that make test leaves out for their length
	$(BIN)/python -m pytest -m long $(PARALLEL) $(PYTEST_ARGS)

lint: $(TEST)  ## style, format, types and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(TEST)  ## put the code into its format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

warm: $(WARM)  ## compile what librosa and the speech detector need on their first use

notebooks: $(VENV)/.notebooks $(WARM)  ## open the three notebooks in JupyterLab
	$(BIN)/jupyter lab --LabApp.news_url=None --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate notebooks

docs: $(VENV)/.docs  ## check the links, then build docs/ as a website in .cache/site
	$(BIN)/python scripts/check_links.py
	$(BIN)/mkdocs build --quiet

wheels: $(CORE)  ## gather in wheels/ all that an installation without a network needs
	$(PIP) wheel --quiet -r requirements-encoders.txt -r requirements-live.txt -w $(WHEELS)

licences: $(CORE)  ## list the licences of all that the app needs; fails on one that does not fit
	$(BIN)/python scripts/licences.py

# Versions as the index knows them: torch's +cpu is no version there. Strict, since what cannot be asked for is not clean.
audit: $(VENV)/.audit  ## ask for known weaknesses of the installed packages (needs a network)
	$(PIP) freeze | sed 's/+[a-z0-9.]*$$//' > $(VENV)/installed.txt
	$(BIN)/pip-audit --strict --no-deps --disable-pip -r $(VENV)/installed.txt $(AUDIT_ARGS)

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 was not found: install it, or name it with 'make app PYTHON=/path/to/python3.11'." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(CORE): requirements.txt requirements-encoders.txt requirements-live.txt constraints.txt | $(BIN)/python
	$(PIP) install --quiet -r requirements-encoders.txt -r requirements-live.txt
	@touch $@

$(TEST): requirements-test.txt requirements-cluster.txt $(CORE)
	$(PIP) install --quiet -r requirements-test.txt
	@touch $@

$(VENV)/.notebooks: requirements-notebooks.txt $(CORE)
	$(PIP) install --quiet -r $<
	@touch $@

$(VENV)/.docs: requirements-docs.txt | $(BIN)/python
	$(PIP) install --quiet -r $<
	@touch $@

$(VENV)/.audit: requirements-audit.txt | $(BIN)/python
	$(PIP) install --quiet -r $<
	@touch $@

$(WARM): scripts/warm.py $(CORE)
	$(BIN)/python scripts/warm.py
	@touch $@

clean:  ## remove .venv and the tools' caches; data/, runs/ and computed features stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .cache/numba
	find . -name __pycache__ -type d -not -path './.git/*' -exec rm -rf {} +
