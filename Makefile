# One command per habit, the same here and in CI (.ci/run).
#   make demo    set up and plan the first example      make test    set up and run the tests
#   make check   formatting, lint and types             make test-slow   the long tests
#   make app     the what-if page in a browser          make bench   time the planner
#   make format  put the formatting right               make fuzz    damaged inputs, for 20 s
#   make test-all    both at once, as CI runs them
#   make walls   all tests at full size, an hour
#   make lock    lock the tested versions with hashes    make audit   look up known vulnerabilities
#   make docs    build the documentation site strictly, into out/site
#   make pictures    make the documents' pictures from the running product
#   make litellm an environment of its own for the tests of the exported gateway files
#   make mutants mutation testing of the verifier and of the mathematics of bounds, hours
#   make clean   remove what make made
# Python 3.11 or newer; another one: make PYTHON=python3.12 ...

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed
GATEWAY := .venv-litellm
LITELLM := litellm==1.110.2
TOOLS := .venv-tools
DOCS := .venv-docs
UV := uv==0.13.9
PIP_AUDIT := pip-audit==2.10.1
MUTMUT := mutmut==3.8.1
ROOMS := app.py app_pages planner models profiles reports tests bench examples docs/site
SOURCES = $(wildcard $(ROOMS))

.DEFAULT_GOAL := help
.PHONY: help venv demo app docs pictures litellm lock audit test test-slow test-all walls fuzz mutants check format-check lint types format bench clean

help:
	@sed -n 's/^# \{0,1\}//p; /^$$/q' Makefile

venv: $(STAMP)

$(STAMP): requirements.txt requirements-dev.txt requirements-dev.lock
	@"$(or $(PYTHON),python3)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "The planner needs Python 3.11 or newer, and $(or $(PYTHON),python3) is not; install one, or name it: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; \
		exit 1; }
	@test -x $(PY) && $(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || "$(PYTHON)" -m venv --clear $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

demo: $(STAMP)
	$(PY) -m planner plan examples/paper-trio/scenario.yaml

app: $(STAMP)
	$(PY) -m streamlit run app.py

litellm: $(GATEWAY)/.installed

$(GATEWAY)/.installed: Makefile
	"$(PYTHON)" -m venv --clear $(GATEWAY)
	$(GATEWAY)/bin/python -m pip install --quiet --disable-pip-version-check "$(LITELLM)" numpy
	@touch $@

docs: $(DOCS)/.installed
	NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/mkdocs build --strict
	@echo "The site is in out/site; search needs a server: python3 -m http.server --directory out/site"

$(DOCS)/.installed: requirements-docs.lock
	"$(PYTHON)" -m venv --clear $(DOCS)
	$(DOCS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-docs.lock
	@touch $@

pictures: $(STAMP)
	$(PY) -m docs.site.pictures

# Tools of their own environment: the locked set must not depend on them.
$(TOOLS)/.installed: Makefile
	"$(PYTHON)" -m venv --clear $(TOOLS)
	$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check "$(UV)" "$(PIP_AUDIT)"
	@touch $@

# Keeps what is locked already; `make lock UPGRADE=--upgrade` takes the newest.
lock: $(TOOLS)/.installed
	for name in requirements-dev requirements requirements-docs; do \
		$(TOOLS)/bin/uv pip compile --quiet $$name.txt --output-file $$name.lock --universal --python-version 3.11 \
			--generate-hashes --no-annotate --custom-compile-command "make lock" $(UPGRADE) || exit 1; \
	done

audit: $(TOOLS)/.installed
	$(TOOLS)/bin/python .ci/audit.py requirements-dev.lock
	$(TOOLS)/bin/python .ci/audit.py requirements-docs.lock

# Tests start hundreds of processes, which must not compile the planner anew each: bytecode is
# written, whatever the environment says. worksteal keeps a file's tests on one process, which
# makes its plans only once.
test test-slow test-all walls: export PYTHONDONTWRITEBYTECODE =
PYTEST := $(PY) -m pytest -n 4 --dist worksteal

test: $(STAMP)
	$(PYTEST) -m "not slow"

test-slow: $(STAMP)
	$(PYTEST) -m slow

test-all: $(STAMP)
	$(PYTEST)

walls: $(STAMP)
	PLANNER_WALLS=full $(PYTEST)

fuzz: $(STAMP)
	FUZZ_PATIENCE=10 $(PY) -m tests.fuzz --seconds 20 --seed 1

# An environment of its own, which sees the packages of the other one: the locked set must not
# depend on mutmut.
mutants: $(STAMP)
	test -x .venv-mutants/bin/mutmut || "$(PYTHON)" -m venv --clear .venv-mutants
	$(PY) -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
		>"$$(.venv-mutants/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/main.pth"
	.venv-mutants/bin/python -m pip install --quiet --disable-pip-version-check "$(MUTMUT)"
	.venv-mutants/bin/mutmut run --max-children 1
	.venv-mutants/bin/mutmut results

check: format-check lint types

format-check: $(STAMP)
	$(PY) -m ruff format --check $(SOURCES)

lint: $(STAMP)
	$(PY) -m ruff check $(SOURCES)

types: $(STAMP)
	$(PY) -m mypy

format: $(STAMP)
	$(PY) -m ruff format $(SOURCES)
	$(PY) -m ruff check --fix --select I $(SOURCES)

bench: $(STAMP)
	$(PY) -m bench

clean:
	rm -rf $(VENV) $(GATEWAY) $(TOOLS) $(DOCS) .venv-mutants mutants .pytest_cache .ruff_cache .mypy_cache .hypothesis
