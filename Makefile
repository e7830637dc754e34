# `make` lists what can be made. All paths are relative: make cannot handle a clone in "a folder with spaces" otherwise.

PYTHON ?= $(shell for python in python3.11 python3; do $$python -c "" 2>/dev/null && echo $$python && break; done)
VENV_PYTHON = .venv/bin/python
# What the tests and checks run with; the developer's own `.env` and data under `var/` stay out of it.
TESTING = DEBUG=1 ENV_FILE=/dev/null AUTOMATEHQ_VAR="$${AUTOMATEHQ_VAR:-var/tests}" AUTOMATEHQ_PG_FAST=1
ARGS =

.PHONY: help demo run test test-all test-server bench check runtime environment clean clean-data clean-environment
.PHONY: lock hooks messages format lint types imports migrations deployment spelling audit pictures prove

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

demo: runtime ## AutomateHQ with sample businesses, on http://localhost:8000; keeps its data under var/
	@DEBUG="$${DEBUG:-1}" $(VENV_PYTHON) manage.py quickstart $(ARGS)

run: runtime ## The development server alone, on the data that are there
	@DEBUG="$${DEBUG:-1}" $(VENV_PYTHON) manage.py runserver $(ARGS)

# Workers take tests of one module in a row, and from another worker when they have none left.
PYTEST = $(VENV_PYTHON) -m pytest -n logical --dist worksteal

test: environment ## All tests but the crawls; `make test ARGS="-k tenancy"` for a part
	@$(PYTEST) -m "not crawl" $(ARGS); status=$$?; \
	echo 'Left out: the crawls, which visit every page and endpoint. `make test-all` runs them too.'; exit $$status

test-all: environment ## The whole suite
	$(PYTEST) $(ARGS)

test-server: environment ## The tests whose outcome depends on the version of PostgreSQL
	$(PYTEST) -m server $(ARGS)

bench: environment ## Measure speed, against PostgreSQL alone and without the locks; keeps its data under var/bench
	DEBUG=1 ENV_FILE=/dev/null AUTOMATEHQ_VAR="$${AUTOMATEHQ_VAR:-var/bench}" $(VENV_PYTHON) -m benchmarks $(ARGS)

check: format lint types imports migrations deployment spelling audit test-all ## All that must pass before a change is delivered

# The lock files list each version with the hashes of its files for every platform. Without ARGS a locked version stays as long as
# the ranges in requirements*.txt allow it.
LOCK = $(VENV_PYTHON) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock"
lock: environment ## Renew requirements*.lock from requirements*.txt; `make lock ARGS=--upgrade` takes the newest versions
	$(LOCK) $(ARGS) requirements-dev.txt --output-file requirements-dev.lock
	$(LOCK) requirements.txt --constraints requirements-dev.lock --output-file requirements.lock
	@$(MAKE) --no-print-directory environment

hooks: environment ## Run the quick checks of .pre-commit-config.yaml before each commit
	$(VENV_PYTHON) -m pre_commit install

messages: environment ## Bring the Hebrew catalogue up to date with the source, compile it, and say what is missing
	$(VENV_PYTHON) devtools/messages.py

format: environment
	$(VENV_PYTHON) -m ruff format --check .
	$(VENV_PYTHON) devtools/static_files.py --check

lint: environment # Code, and the words that CONTRIBUTING.md forbids
	$(VENV_PYTHON) -m ruff check .
	$(VENV_PYTHON) -m djlint --lint --quiet .
	$(VENV_PYTHON) devtools/prose.py

types: environment
	$(TESTING) $(VENV_PYTHON) -m mypy .

imports: environment
	$(VENV_PYTHON) -c 'import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())'

migrations: environment
	$(TESTING) $(VENV_PYTHON) manage.py makemigrations --check --dry-run

deployment: environment # Django's own checks, with settings as in production
	DATABASE_URL="$$($(TESTING) $(VENV_PYTHON) manage.py localpg url)" DEBUG=0 ENV_FILE=/dev/null \
	SECRET_KEY="$$($(VENV_PYTHON) -c 'import secrets; print(secrets.token_urlsafe(50))')" \
	ALLOWED_HOSTS=hours.example CSRF_TRUSTED_ORIGINS=https://hours.example \
	$(VENV_PYTHON) manage.py check --deploy --fail-level WARNING --database default

spelling: environment
	$(VENV_PYTHON) -m codespell_lib

audit: environment
	devtools/audit $(VENV_PYTHON) requirements-dev.lock

# Always of new data: what somebody did to the last would be seen.
PICTURES = DEBUG=1 ENV_FILE=/dev/null AUTOMATEHQ_VAR=var/pictures AUTOMATEHQ_PG_FAST=1
pictures: environment ## Take the pictures of README.md and docs/ anew, of demo data of their own
	@[ ! -e var/pictures ] || $(PICTURES) $(VENV_PYTHON) manage.py localpg remove
	rm -rf var/pictures
	$(PICTURES) LOG_LEVEL=WARNING $(VENV_PYTHON) manage.py screenshots
	@$(PICTURES) $(VENV_PYTHON) manage.py localpg remove
	rm -rf var/pictures

prove: environment ## Try to break what keeps businesses apart (docs/isolation.md); `make prove ARGS=walker` for a part
	$(TESTING) $(VENV_PYTHON) -m isolation $(ARGS)

runtime:
	@"$(or $(PYTHON),$(error AutomateHQ needs Python 3.11 or newer, and there is none on the PATH))" devtools/environment.py requirements.lock

environment:
	@"$(or $(PYTHON),$(error AutomateHQ needs Python 3.11 or newer, and there is none on the PATH))" devtools/environment.py requirements-dev.lock

clean: ## Remove what tools left behind; data and .venv stay
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage htmlcov static-root

clean-data: runtime ## Stop this clone's database servers and delete all data under var/
	@find var -name pg.lock 2>/dev/null | while read -r lock; do \
		DEBUG=1 ENV_FILE=/dev/null AUTOMATEHQ_VAR="$$(dirname "$$lock")" $(VENV_PYTHON) manage.py localpg remove || exit 1; \
	done
	rm -rf var

clean-environment: ## Delete .venv
	rm -rf .venv
