# Development of the collection; `make help` lists the targets. Users install the tarball and need none of this.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.SUFFIXES:

PYTHON3 ?= python3
TOOL := $(PYTHON3) -m tools
BIN := .venv/bin
# Compiled modules are kept, whatever the machine's own setting: without them each start of Ansible compiles it anew.
export PYTHONDONTWRITEBYTECODE :=
# Ansible and its linters find their own programs on PATH; the checkout is found in the environment's site-packages.
export PATH := $(CURDIR)/$(BIN):$(PATH)
export ANSIBLE_HOME ?= $(CURDIR)/.ansible
PYTEST := $(BIN)/python -m pytest
# A file stays on one worker, so that the server its tests share is started once.
SPREAD := -n 2 --dist loadfile
# The link tree under which Python and Ansible tools see the checkout by the collection's full name.
TREE := .cache/tree
FQCN_ROOT := $(TREE)/ansible_collections/strategic/service_store
# Where the tarball is installed to, and an empty folder to run from.
INSTALLED := build/installed
RUN := build/run
SCENARIOS = $(notdir $(patsubst %/,%,$(wildcard extensions/molecule/*/)))

# Side by side: the first lane needs the processor and gives way, the second mostly waits for the lab. The rest is done by
# the lane that is free first. Molecule's scenarios have containers and networks of their own; they only share the lab's image.
LANES = --yielding-lane build lint docs-lint execution-environment import:build unit unit-min \
        --lane lab-up rollout:build,lab-up integration-installed:build,lab-up lab-down \
        --shared sanity sanity-min molecule-installed:build,lab-up

##@ Everyday
.PHONY: help setup demo demo-down test test-fast
help: ## show this list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z-]+:.*## / {printf "  %-22s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## virtual environments and Debian packages; a moment when nothing changed
	@$(TOOL).setup

demo: setup ## start the lab, roll out to five cloud accounts, show the proofs and a report
	@$(TOOL).demo

.PHONY: rollout
rollout: setup ## what `make demo` does, as a test: it fails where a proof does not hold
	@$(TOOL).demo

demo-down: setup ## stop the lab and remove everything it made
	@$(BIN)/python -m lab down

test: setup ## every test, as CI runs it, with a table of stages at the end
	@$(TOOL).stages $(LANES)

test-fast: setup ruff ## what a developer runs all day, in under a minute: ruff, and the unit tests that are not slow
	@$(PYTEST) -q $(SPREAD) -m "not slow and not long and not openstack and not lab" tests/unit

##@ Tests
.PHONY: unit unit-min integration integration-installed molecule molecule-installed test-long
unit: setup ## unit and contract tests on the newest pair of versions
	@$(PYTEST) $(SPREAD) -m "not long and not lab" tests/unit tests/contract

# The contract suite says the same of every provider and store, so one of each is the sample, and of the unit tests those
# that start no playbook; `make test-long` has all.
MIN = PATH="$(CURDIR)/.venv-min/bin:$$PATH" .venv-min/bin/python -m pytest $(SPREAD)
ONE_PAIR = echo "this machine has one Python: the other pair is not tested here"

unit-min: setup ## unit tests on the oldest pair, Python 3.11 with ansible-core 2.19, and contract tests of one provider
	@if [ -d .venv-min ]; then \
	  $(MIN) -m "not long and not lab and not openstack and not slow" tests/unit && \
	  $(MIN) -m "not long and not lab and not openstack and not slow" -k "(cloudstack or encrypted_file) and not (fault or kill or spoiled)" \
	    tests/contract; \
	else $(ONE_PAIR); fi

integration: setup lab-up ## integration tests against the lab, on the checkout (leaves the lab up)
	@$(PYTEST) -m "not long" tests/integration

integration-installed: setup install ## integration tests on the installed tarball, run from an empty folder
	@rm -rf $(RUN) && mkdir -p $(RUN)
	@cd $(RUN) && ANSIBLE_COLLECTIONS_PATH=$(CURDIR)/$(INSTALLED) LAB_DIR=$${LAB_DIR:-$(CURDIR)/.lab} \
	  $(CURDIR)/$(BIN)/python -m pytest -c $(CURDIR)/pyproject.toml --rootdir $(CURDIR) -m "not long" $(CURDIR)/tests/integration

molecule: setup ## role tests on the checkout; one scenario with SCENARIO=name
	@cd extensions && for scenario in $(or $(SCENARIO),$(SCENARIOS)); do molecule test -s $$scenario || exit 1; done

# A tree and a lab folder of its own: the integration tests may be using theirs.
molecule-installed: INSTALLED := build/installed-molecule
molecule-installed: export LAB_DIR := $(CURDIR)/build/molecule-lab
molecule-installed: setup install ## role tests on the installed tarball
	@cd extensions && for scenario in $(SCENARIOS); do \
	  ANSIBLE_COLLECTIONS_PATH=$(CURDIR)/$(INSTALLED) molecule test -s $$scenario || exit 1; done

test-long: setup ## tests that take minutes each, and every unit, contract and sanity test on the oldest pair
	@$(PYTEST) -m long tests
	@if [ -d .venv-min ]; then $(MIN) -m "not long and not lab and not openstack" tests/unit tests/contract && \
	  $(TOOL).sanity .venv-min; else $(ONE_PAIR); fi

.PHONY: bench
bench: setup ## API calls and seconds of audits, allowlists and tunnels, beside other collections' modules (BENCH="--subject allowlist --only aws")
	@$(BIN)/python -m tools.bench $(BENCH)

##@ Lab
.PHONY: lab-up lab-down
lab-up: setup ## start the lab unless it is up
	@mkdir -p build
	@$(BIN)/python -m lab status >/dev/null 2>&1 || { touch build/lab-started; $(BIN)/python -m lab up; }

lab-down: setup ## stop the lab if lab-up started it; demo-down stops it in any case
	@if [ -e build/lab-started ]; then $(BIN)/python -m lab down && rm build/lab-started; fi

##@ Checks
.PHONY: ruff types ansible-lint lint sanity sanity-min docs-lint format
ruff: setup ## linter and format of Python files
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: setup tree ## mypy on plugins, lab and tools
	@MYPYPATH=$(TREE) $(BIN)/mypy $(FQCN_ROOT)/plugins lab tools

ansible-lint: setup tree ## ansible-lint with the production profile
	@ANSIBLE_COLLECTIONS_PATH=$(CURDIR)/$(TREE) $(BIN)/ansible-lint --profile production --offline

lint: ruff types shellcheck ansible-lint ## all of the above

.PHONY: shellcheck
shellcheck: setup ## shell scripts
	@$(BIN)/shellcheck $$(git ls-files -co --exclude-standard -- '*.sh' .ci/run)

sanity: setup ## ansible-test sanity on the newest pair
	@$(TOOL).sanity .venv

# These read the same sources with the same rules on either pair, and the newest tries the other Pythons: once in `make test`.
SAME = $(addprefix --skip-test ,pylint pep8 yamllint shellcheck)
sanity-min: setup ## ansible-test sanity on the oldest pair, of what depends on it
	@if [ -d .venv-min ]; then \
	  $(TOOL).sanity .venv-min $(SAME) --python "$$(.venv-min/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')"; \
	else $(ONE_PAIR); fi

docs-lint: setup tree ## documentation of plugins and roles, changelog fragments
	@$(BIN)/antsibull-changelog lint
	@ANSIBLE_COLLECTIONS_PATH=$(CURDIR)/$(TREE) $(BIN)/antsibull-docs lint-collection-docs --plugin-docs \
	  --validate-collection-refs self --skip-rstcheck .

format: setup ## let ruff sort imports, modernise and format
	@$(BIN)/ruff check --select I,UP,F401 --fix --unsafe-fixes . && $(BIN)/ruff format .

##@ Packaging
.PHONY: execution-environment
execution-environment: setup ## the build context of an execution environment, without building the image
	@rm -rf build/ee && $(BIN)/ansible-builder create --file execution-environment.yml --context build/ee

.PHONY: build install import changelog lock clean tree
build: setup ## the collection's tarball, in build/
	@$(TOOL).tree build

install: setup ## install the tarball into an empty tree, build/installed
	@$(TOOL).tree install $(INSTALLED)

import: setup ## galaxy-importer on the tarball
	@$(TOOL).galaxy_import

changelog: setup tree ## write CHANGELOG.rst from the fragments for the version of galaxy.yml
	@ANSIBLE_COLLECTIONS_PATH=$(CURDIR)/$(TREE) $(BIN)/antsibull-changelog release --update-existing --reload-plugins

lock: setup ## resolve the requirement files anew
	@$(TOOL).lock

clean: ## remove results and caches, keep the environments
	@rm -rf build .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis .ansible
	@find . -name __pycache__ -not -path './.venv*' -prune -exec rm -rf {} +

tree:
	@mkdir -p $(dir $(FQCN_ROOT)) && ln -sfn $(CURDIR) $(FQCN_ROOT)
