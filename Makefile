# make demo    walks the whole way: builds, distils, validates, writes cards, trains, evaluates, reports
# make test    runs every test, in two processes (WORKERS=4 make test: in four)
# make lint    checks style and types
# make docs    writes docs/options.md anew, out of the commands
# make bench   measures how fast each verb is
# make star    lets small models teach themselves sums, with and without hints (20 minutes on 2 cores)
# make mario   lets small models learn from what they write, sorted by rewards (15 to 25 minutes on 2 cores)
# make study   trains models with and without explanations and compares them (half an hour on 2 cores)
PYTHON ?= python3
WORKERS ?= 2
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

# Tests start hundreds of programs: ours are compiled once, whatever the shell says.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test lint docs bench star mario study clean

demo: .venv/.all
	PATH="$(CURDIR)/$(BIN):$$PATH" bash docs/demo.sh out

test: .venv/.dev
	$(BIN)/pytest -n $(WORKERS)

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python tests/house/check_types.py mypy ty
	MYPYPATH=typings:benchmarks:tests/support $(BIN)/mypy benchmarks/*.py

docs: .venv/.dev
	$(BIN)/python docs/options.py

bench: .venv/.dev
	for each in benchmarks/*ing.py; do $(BIN)/python $$each || exit 1; done

star: .venv/.all
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python benchmarks/star.py --out star

mario: .venv/.all
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python benchmarks/mario.py --out mario

study: .venv/.all
	$(BIN)/synth study explained-listops --out study --jobs 2

clean:
	rm -rf .venv out

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.all: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) -e '.[all]'
	touch $@

.venv/.dev: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) -e '.[dev]'
	touch $@ .venv/.all
