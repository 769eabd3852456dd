# The two commands of a newcomer are `make up` and `make test`; each creates what it needs. Every other target is one
# command of `.venv/bin/holdfast`, or a check.
PYTHON ?= python3
STACK ?= rehearsal
BIN := .venv/bin

# IMAGE, SSM (with UNTIL, its end), KEY and PERMISSIONS override one run and are written nowhere; FAULT is a fault of the emulated account.
SET :=
ifdef IMAGE
SET += --set 'image=$(IMAGE)'
endif
ifdef ARTIFACT
SET += --set 'artifact=$(ARTIFACT)'
endif
ifdef SSM
SET += --set 'ssmAccess=$(if $(filter on true yes 1,$(SSM)),true,false)'
endif
ifdef UNTIL
SET += --set 'ssmAccessUntil=$(UNTIL)'
endif
ifdef KEY
SET += $(if $(filter disabled,$(KEY)),--set 'keyEnabled=false',--set 'key=$(if $(filter removed,$(KEY)),none,$(KEY))')
endif
ifdef PERMISSIONS
SET += --set 'permissions=$(PERMISSIONS)'
endif
RUN := --stack $(STACK) $(if $(ENGINE),--engine $(ENGINE)) $(if $(JSON),--json)

.PHONY: help up preview destroy refresh status recommend test lint format soak kill-points parity parity-record bench clean
.DEFAULT_GOAL := help

help: ## What there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /|/' | awk -F'|' '{ printf "  make %-14s %s\n", $$1, $$2 }'

up: .venv/.runs ## Deploy the stack, or roll it: IMAGE= SSM= UNTIL= KEY= PERMISSIONS= STACK= FAULT= ENGINE=
	@$(BIN)/holdfast up $(RUN) $(SET) $(if $(FAULT),--fault $(FAULT))

preview: .venv/.runs ## What `make up` would do, and what stands against it
	@$(BIN)/holdfast preview $(RUN) $(SET)

destroy: .venv/.runs ## Take the stack down
	@$(BIN)/holdfast destroy $(RUN) $(SET) $(if $(FAULT),--fault $(FAULT))

refresh: .venv/.runs ## Bring the stack's state in line with the account
	@$(BIN)/holdfast refresh $(RUN)

status: .venv/.runs ## The stack's endpoints and their health
	@$(BIN)/holdfast status $(RUN)

recommend: .venv/.runs ## Which instance type the stack's model should run on: STACK= ARGS="--yes --apply"
	@$(BIN)/holdfast recommend $(RUN) $(SET) $(ARGS)

test: .venv/.tests ## All tests
	@$(BIN)/python -m pytest $(ARGS)

lint: .venv/.tests ## Style, types and the layers of the house
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

format: .venv/.tests ## Let ruff format everything
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

parity: .venv/.tests ## Compare the embedded engine with what the real one did, case by case
	@$(BIN)/python tests/parity/compare.py

bench: .venv/.tests ## What the engine and the packs cost, beside the Pulumi CLI where it is on PATH
	@$(BIN)/python benchmarks/engines.py
	@$(BIN)/python benchmarks/policy_packs.py
	@$(BIN)/python benchmarks/model_registry.py

soak: .venv/.tests ## Thousands of random histories that must break nothing; carries on where it stopped: HISTORIES= MINUTES= PROGRAM=
	@$(BIN)/python tests/reliability/soak.py --histories $(or $(HISTORIES),1000) $(if $(MINUTES),--minutes $(MINUTES)) --program $(or $(PROGRAM),holdfast)

kill-points: .venv/.tests ## The engine killed at every step of a deployment, a roll and a destruction: EVERY= MINUTES=
	@$(BIN)/python tests/reliability/kill_points.py $(if $(EVERY),--every $(EVERY)) $(if $(MINUTES),--minutes $(MINUTES))

parity-record: .venv/.tests ## Record cases and stories anew on the `pulumi` that is on PATH
	@$(BIN)/python tests/parity/record.py tests/parity/cases.json tests/parity/transcripts
	@$(BIN)/python tests/parity/record.py tests/parity/grown.json tests/parity/grown
	@$(BIN)/python tests/parity/stories.py

clean: ## Forget every rehearsal: their states and accounts
	rm -rf .rehearsal

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Holdfast needs Python 3.11 or newer; $(PYTHON) is `$(PYTHON) --version 2>&1`. Name another: make PYTHON=python3.12 ..."; exit 1; }
	@echo "Creating the virtual environment .venv ..."
	@$(PYTHON) -m venv .venv || { echo "Python could not create a virtual environment; on Debian and Ubuntu install python3-venv."; exit 1; }

.venv/.runs: .venv/bin/python requirements.txt constraints.txt pyproject.toml
	@echo "Installing what the program runs on (about a minute the first time) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -c constraints.txt setuptools==82.0.1
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.tests: .venv/.runs requirements-dev.txt
	@echo "Installing what the tests need (about half a minute the first time) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt -c constraints.txt
	@touch $@
