# Set-up and everyday commands. `make help` lists them; each works from a fresh clone with Python 3.11, git and make.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# DVC starts the stages as `python -m stages.<name>`: the environment's python must come first.
export PATH := $(CURDIR)/.venv/bin:$(PATH)

# Once GPU=1 was asked for, the environment stays that of a GPU machine.
GPU := $(or $(GPU),$(wildcard .venv/.ready-gpu))
READY := .venv/.ready$(if $(GPU),-gpu)
ARCHIVE ?=
PATTERN ?=
NAME ?=
ONLY ?=
TESTS ?= tests
ARGS ?=
PYTEST := OMP_NUM_THREADS=1 python -m pytest -n logical --maxprocesses 8 --dist loadfile --no-loadscope-reorder

.PHONY: help setup repro serve test test-slow test-browser lint format verify doctor prune demo-real bench clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY)  ## make .venv and install the pinned packages (GPU=1: those of a GPU machine)

# The stamp is as new as the last complete installation; $(READY) is remade only when a pin changes.
$(READY): requirements.txt requirements-serve.txt constraints.txt pyproject.toml $(if $(GPU),requirements-gpu.txt)
	@if [ ! -x .venv/bin/python ]; then \
	  for python in python3.11 python3 python; do \
	    if "$$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then break; fi; python=; \
	  done; \
	  if [ -z "$$python" ]; then \
	    echo 'hemapipe needs Python 3.11: none of python3.11, python3 and python on PATH is one.' >&2; exit 1; \
	  fi; \
	  echo "Making .venv with $$("$$python" --version)"; \
	  "$$python" -m venv .venv || { rm -rf .venv; echo 'Python has no venv module: install python3.11-venv.' >&2; exit 1; }; \
	fi
	@echo 'Installing the pinned packages into .venv (2.2 GB, about two minutes)'
	@python -m pip install --quiet --requirement requirements.txt
	@python -m pip install --quiet --no-deps --editable .
ifneq ($(GPU),)
	@python -m pip uninstall --quiet --yes xgboost-cpu
	@python -m pip install --quiet --no-deps --requirement requirements-gpu.txt
endif
	@touch $@

repro: $(READY)  ## run what is out of date of the default pipeline
	@hemapipe prune
	@dvc repro

serve: $(READY)  ## the web page and the API at http://127.0.0.1:8000 (ARGS='--port 9000')
	@hemapipe serve $(ARGS)

test: $(READY)  ## the fast tests (TESTS=tests/split narrows them)
	@$(PYTEST) $(TESTS)

test-slow: $(READY)  ## the tests that take minutes: two whole runs, every network at its size, every paper as a toy
	@$(PYTEST) --slow -m slow $(TESTS)

test-browser: $(READY)  ## the web page in Chromium, which is fetched where the system has none
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null \
	  || python -m playwright install --with-deps chromium
	@$(PYTEST) --browser -m browser tests/serve

lint: $(READY)  ## ruff and mypy
	@ruff check .
	@ruff format --check .
	@mypy

format: $(READY)  ## let ruff rewrite what it can
	@ruff check --fix .
	@ruff format .

verify: $(READY)  ## compare this run's metrics with the committed ones
	@hemapipe verify

doctor: $(READY)  ## what is installed and what is missing
	@hemapipe doctor

prune: $(READY)  ## remove the outputs of models and features no longer in params.yaml
	@hemapipe prune

demo-real: $(READY)  ## the pipeline on real images: ARCHIVE=images.zip [PATTERN='{patient}/{label}/{name}'] [NAME=mine] [ONLY=recipe]
	@[ -n "$(ARCHIVE)" ] || { echo 'Say which archive: make demo-real ARCHIVE=path/to/images.zip (or a folder, or a CSV)' >&2; exit 1; }
	@hemapipe demo-real "$(ARCHIVE)" $(if $(PATTERN),--pattern '$(PATTERN)') $(if $(NAME),--name '$(NAME)') \
	  $(if $(ONLY),--only '$(ONLY)')

bench: $(READY)  ## every script of benchmarks/, each printing its ratios
	@for script in benchmarks/*.py; do echo "== $$script"; python "$$script"; done

clean:  ## remove the environment and caches of tools (data, models and DVC's cache stay)
	@rm -rf .venv .pytest_cache .ruff_cache .mypy_cache .hypothesis src/*.egg-info
	@find src stages tests -name __pycache__ -type d -prune -exec rm -rf {} +
