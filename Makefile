# `make` lists the targets. All paths are relative, because make cannot handle absolute paths with spaces.

PYTHON ?= $(shell for python in python3.11 python3; do $$python -c "" 2>/dev/null && echo $$python && break; done)
VENV_PYTHON = .venv/bin/python
# The environment of tests and checks. It ignores the developer's `.env` and data under `var/`.
TESTING = DEBUG=1 ENV_FILE=/dev/null AUTOMATEHQ_VAR="$${AUTOMATEHQ_VAR:-var/tests}" AUTOMATEHQ_PG_FAST=1
ARGS =
# A process that may not store compiled modules compiles Django at each start, which takes two seconds.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo run test test-all test-server bench check runtime environment clean clean-data clean-environment
.PHONY: lock hooks messages format lint types imports migrations deployment spelling audit pictures prove

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

demo: runtime ## Run AutomateHQ with sample businesses on http://localhost:8000; its data are under var/
	@DEBUG="$${DEBUG:-1}" $(VENV_PYTHON) manage.py quickstart $(ARGS)

run: runtime ## Run the development server only, on the existing data
	@DEBUG="$${DEBUG:-1}" $(VENV_PYTHON) manage.py runserver $(ARGS)

# A worker runs the tests of a module in a row. An idle worker takes tests from another worker.
PYTEST = $(VENV_PYTHON) -m pytest -n logical --dist worksteal

test: environment ## Run all tests except the crawls; `make test ARGS="-k tenancy"` selects tests
	@$(PYTEST) -m "not crawl" $(ARGS); status=$$?; \
	echo 'Left out: the crawls, which visit every page and endpoint. `make test-all` runs them too.'; exit $$status

test-all: environment ## Run all tests
	$(PYTEST) $(ARGS)

test-server: environment ## Run the tests whose outcome depends on the version of PostgreSQL
	$(PYTEST) -m server $(ARGS)

bench: environment ## Measure speed, compared with plain PostgreSQL and without the isolation layers; its data are under var/bench
	DEBUG=1 ENV_FILE=/dev/null AUTOMATEHQ_VAR="$${AUTOMATEHQ_VAR:-var/bench}" $(VENV_PYTHON) -m benchmarks $(ARGS)

check: format lint types imports migrations deployment spelling audit test-all ## Run all checks that a change must pass

# The lock files list each version with the hashes of its files for every platform. Without ARGS a locked version stays
# if the ranges in requirements*.txt allow it.
LOCK = $(VENV_PYTHON) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock"
lock: environment ## Update requirements*.lock from requirements*.txt; `make lock ARGS=--upgrade` selects the newest versions
	$(LOCK) $(ARGS) requirements-dev.txt --output-file requirements-dev.lock
	$(LOCK) requirements.txt --constraints requirements-dev.lock --output-file requirements.lock
	@$(MAKE) --no-print-directory environment

hooks: environment ## Run the quick checks of .pre-commit-config.yaml before each commit
	$(VENV_PYTHON) -m pre_commit install

messages: environment ## Update the Hebrew catalogue from the source, compile it, and report missing translations
	$(VENV_PYTHON) devtools/messages.py

format: environment
	$(VENV_PYTHON) -m ruff format --check .
	$(VENV_PYTHON) devtools/static_files.py --check

lint: environment # Code, templates, and the words that CONTRIBUTING.md forbids
	$(VENV_PYTHON) -m ruff check .
	$(VENV_PYTHON) -m djlint --lint --quiet .
	$(VENV_PYTHON) devtools/prose.py

types: environment
	$(TESTING) $(VENV_PYTHON) -m mypy .

imports: environment
	$(VENV_PYTHON) -c 'import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())'

migrations: environment
	$(TESTING) $(VENV_PYTHON) manage.py makemigrations --check --dry-run

deployment: environment # Django's checks, with settings of production
	DATABASE_URL="$$($(TESTING) $(VENV_PYTHON) manage.py localpg url)" DEBUG=0 ENV_FILE=/dev/null \
	SECRET_KEY="$$($(VENV_PYTHON) -c 'import secrets; print(secrets.token_urlsafe(50))')" \
	ALLOWED_HOSTS=hours.example CSRF_TRUSTED_ORIGINS=https://hours.example \
	$(VENV_PYTHON) manage.py check --deploy --fail-level WARNING --database default

spelling: environment
	$(VENV_PYTHON) -m codespell_lib

audit: environment
	devtools/audit $(VENV_PYTHON) requirements-dev.lock

# The data are always new, because a screenshot would show changes of an earlier run.
PICTURES = DEBUG=1 ENV_FILE=/dev/null AUTOMATEHQ_VAR=var/pictures AUTOMATEHQ_PG_FAST=1
pictures: environment ## Take the screenshots of README.md and docs/, from separate demo data
	@[ ! -e var/pictures ] || $(PICTURES) $(VENV_PYTHON) manage.py localpg remove
	rm -rf var/pictures
	$(PICTURES) LOG_LEVEL=WARNING $(VENV_PYTHON) manage.py screenshots
	@$(PICTURES) $(VENV_PYTHON) manage.py localpg remove
	rm -rf var/pictures

prove: environment ## Attack the isolation of businesses (docs/isolation.md); `make prove ARGS=walker` runs one check
	$(TESTING) $(VENV_PYTHON) -m isolation $(ARGS)

runtime:
	@"$(or $(PYTHON),$(error AutomateHQ needs Python 3.11 or newer, and there is none on the PATH))" devtools/environment.py requirements.lock

environment:
	@"$(or $(PYTHON),$(error AutomateHQ needs Python 3.11 or newer, and there is none on the PATH))" devtools/environment.py requirements-dev.lock

clean: ## Delete caches and build files; data and .venv stay
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache static-root

clean-data: runtime ## Stop this clone's database servers and delete all data under var/
	@find var -name pg.lock 2>/dev/null | while read -r lock; do \
		DEBUG=1 ENV_FILE=/dev/null AUTOMATEHQ_VAR="$$(dirname "$$lock")" $(VENV_PYTHON) manage.py localpg remove || exit 1; \
	done
	rm -rf var

clean-environment: ## Delete .venv
	rm -rf .venv
