# Everything a developer or a curious user does with this repository. `make help` lists it.
.DEFAULT_GOAL := help
.PHONY: help install demo ui picture test test-quick test-live test-gp browser-test chaos verify-again verify-browser verify-chaos verify-cluster verify-live verify-steered verify-taxi verify-mysql test-mysql test-pages verify-pooler test-pooler check types style pages built-pages check-pages docs docs-serve format schema bench bench-pods wheel cluster-up cluster-test cluster-down clean

PYTHON ?= python3
UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
RUN := $(UV) run --frozen --no-sync
QUICK ?=
# Whatever runs Python here keeps what it compiles: hundreds of processes would compile this package again.
unexport PYTHONDONTWRITEBYTECODE
# Live tests share a busy machine with what they test: files with a failure are run once more, and both tries are shown.
LIVE := $(RUN) python -m tests.again
# What takes too long for every change writes a line into docs/verified.md.
VERIFY := $(RUN) python -m tests.verify
# A server and what its driver is built from, on Debian; tests that ask for a database run on MariaDB only.
MARIADB := --program mariadb-install-db=mariadb-server-core --program my_print_defaults=mariadb-client-core \
	--program mariadb_config=libmariadb-dev --program gcc=gcc --program pkg-config=pkg-config
ON_MARIADB := env HPO_DATABASES=mysql $(UV) run --frozen --extra mysql python -m pytest -k mysql
# The same through a pooler, which is in a folder that not every user's path has.
THROUGH_POOLER := env HPO_DATABASES=pgbouncer $(RUN) python -m pytest
# The theme announces its successor at every build, and importing Airflow makes a folder in its home.
MKDOCS := NO_MKDOCS_2_WARNING=1 AIRFLOW_HOME=$(CURDIR)/site $(RUN) mkdocs

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-15s %s\n", $$1, $$2}'

.tools/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed, but this is " + sys.version)'
	$(PYTHON) -m venv .tools
	.tools/bin/python -m pip install --quiet uv

.venv/.installed: uv.lock pyproject.toml | $(if $(findstring .tools,$(UV)),.tools/bin/uv)
	@echo "Installing the locked environment into .venv, once: a minute or two."
	$(UV) sync --frozen --quiet --compile-bytecode
	@touch $@

install: .venv/.installed ## Install the locked environment into .venv

demo: install ## Tune a real model on real data through a real Airflow (about three minutes; YEAR=1: twelve decisions as a table)
	$(RUN) python -m demo$(if $(YEAR),.year)

ui: install ## Open the demo in Airflow's own UI (until Ctrl-C)
	$(RUN) python -m demo.ui

picture: install ## Draw docs/parts.svg, and take docs/ui.png of the README's DAG in Airflow's UI (needs Chromium; a minute)
	$(RUN) python docs/parts.py
	$(RUN) python -m demo.picture

test: test-quick test-live ## Run the tests that need no cluster (ALL=1: every live test on both databases)

test-quick: install
	$(RUN) pytest -o testpaths="tests/unit tests/integration" -m "not long" -n 2

test-live: install
	$(if $(ALL),HPO_ALL_DATABASES=1 )$(LIVE) -o testpaths=tests/system -m "not long"

verify-live: install ## Run every live test on both databases (half an hour)
	$(VERIFY) live -- env HPO_ALL_DATABASES=1 python -m pytest tests/system

check: types style docs check-pages ## Check format, style, types, layers, docs and the pages' build

types: install
	$(RUN) mypy

style: install
	$(RUN) ruff format --check .
	$(RUN) ruff check .
	$(RUN) lint-imports

ui/node_modules/.package-lock.json: ui/package-lock.json
	cd ui && npm ci --no-audit --no-fund --silent && touch node_modules/.package-lock.json

built-pages: ui/node_modules/.package-lock.json
	cd ui && npm run --silent types && npm test --silent && npm run --silent build

pages: built-pages ## Check, test and build ui/ into airflow_hpo/pages/static (needs Node 20)
	rm -rf airflow_hpo/pages/static
	cp -r ui/dist airflow_hpo/pages/static

# The same sources give the same bytes, so what is committed must be what is built.
check-pages: built-pages
	diff -rq ui/dist airflow_hpo/pages/static || (echo "The committed pages are not those of ui/: run make pages, and commit both." >&2; exit 1)

docs: install ## Build the pages into site/, strictly
	$(MKDOCS) build --strict --quiet

docs-serve: install ## Show the pages at http://127.0.0.1:8000 while they are written (until Ctrl-C)
	$(MKDOCS) serve

format: install ## Format the code
	$(RUN) ruff format .
	$(RUN) ruff check --fix .

schema: install ui/node_modules/.package-lock.json ## Write the JSON schemas of declarations, and the description of the pages' API with its types
	$(RUN) python -m airflow_hpo.core.json_schema > airflow_hpo/study.schema.json
	$(RUN) python -m airflow_hpo.retuning.region_schema > airflow_hpo/region.schema.json
	$(RUN) python -m airflow_hpo.plugin.openapi airflow_hpo/pages/openapi.json
	cd ui && npm run --silent schema

bench: install ## Measure cost and quality (QUICK=--quick for a short form)
	$(RUN) python -m benchmarks.parse_cost
	$(RUN) python -m benchmarks.metric_cost
	$(RUN) python -m benchmarks.search_cost $(QUICK)
	$(RUN) python -m benchmarks.purge_cost
	$(RUN) python -m benchmarks.pages_cost
	$(RUN) python -m benchmarks.list_cost
	$(RUN) python -m benchmarks.search_quality $(QUICK)
	$(RUN) python -m benchmarks.constrained_search $(QUICK)
	$(RUN) python -m benchmarks.constrained_search --metric $(QUICK)
	$(RUN) python -m benchmarks.guardrails_in_search $(QUICK)
	$(RUN) python -m benchmarks.giving_up $(QUICK)
	$(RUN) python -m benchmarks.task_cost $(QUICK)
	$(RUN) python -m benchmarks.comparison_error_rates $(QUICK)
	$(RUN) python -m benchmarks.evidence_error_rates $(QUICK)
	$(RUN) python -m benchmarks.dependent_error_rates $(QUICK)
	$(RUN) python -m benchmarks.error_over_a_year $(QUICK)

bench-pods: install ## Measure pod trials beside bare pods and plain pod tasks, on a cluster that runs
	$(RUN) python -m benchmarks.pod_cost $(QUICK)
	$(RUN) python -m benchmarks.print_and_exit $(if $(QUICK),--pods 40)

wheel: install ## Build the wheel into dist/ and try it in a clean environment beside Airflow
	$(RUN) python -m tests.wheel

test-pages: install ui/node_modules/.package-lock.json ## Look at the pages with made-up data in Chromium, and walk to them in a live Airflow; axe reads both (two minutes; ALL=1: also how fast charts are)
	cd ui && npm run --silent build-dev
	$(RUN) python -m pytest tests/pages $(if $(ALL),,-m "not long")
	$(LIVE) -o testpaths=tests/browser/test_pages.py

test-mysql: install ## Run the tests of locks, claims, ends and migrations on MariaDB, which must be installed (a minute)
	$(ON_MARIADB) -n 2 $(addprefix tests/integration/,storage/test_locks.py storage/test_mysql.py storage/test_sessions.py storage/test_migrate.py \
		storage/test_upgrading.py storage/test_metric_series.py trials/test_claim.py trials/test_conclude.py evaluations/test_charge.py)

verify-mysql: install ## Run every test of the database on MariaDB (minutes)
	$(VERIFY) mysql $(MARIADB) -- $(ON_MARIADB) -n 2 tests/integration

test-pooler: install ## Run a grid and the faults of a pooler through PgBouncer, which must be installed (half a minute)
	$(THROUGH_POOLER) tests/integration/storage/test_pooler.py

verify-pooler: install ## Run every test of the database through PgBouncer in transaction mode (minutes)
	$(VERIFY) pooler --program /usr/sbin/pgbouncer=pgbouncer -- $(THROUGH_POOLER) -k pgbouncer -n 2 tests/integration

test-gp: ## Run the tests of the Gaussian process in an environment with torch (a download of gigabytes)
	$(UV) run --frozen --isolated --all-groups --extra gp pytest tests/extras

cluster-test: install ## Run the tests on a real Kubernetes, started for them unless one runs
	$(LIVE) -o testpaths=tests/cluster -m "not long"

verify-cluster: install ## Run all of them, and those that start a second cluster (a quarter of an hour)
	$(VERIFY) cluster -- python -m pytest tests/cluster

verify-taxi: install ## Retune the taxis of two regions on a real Kubernetes, 100 trials of seven pods each (hours; TRIALS=24: fewer)
	$(VERIFY) "taxi$(if $(TRIALS), TRIALS=$(TRIALS))" -- env HPO_TAXI_TRIALS=$(or $(TRIALS),100) python -m pytest tests/cluster/test_taxi.py

verify-again: install ## Run what docs/operate/again.md says, row by row, on a live Airflow (a quarter of an hour)
	$(VERIFY) again -- python -m pytest -m again tests/system

verify-steered: install ## Steer a study of 60 from two processes while six run its trials (a minute)
	$(VERIFY) steered -- python -m pytest -m long tests/integration

verify-browser: install ui/node_modules/.package-lock.json ## Approve, refuse and rerun in Airflow's UI with a real Chromium (5 minutes)
	$(VERIFY) browser --program chromium=chromium -- python -m pytest tests/browser

browser-test: verify-browser

verify-chaos: install ## Break everything for real and write docs/faults.md (an hour; make chaos QUICK=1 is a short form)
	$(VERIFY) chaos --program faketime=faketime -- python -m tests.chaos

ifdef QUICK
chaos: install
	$(LIVE) -o testpaths=tests/chaos -m short
else
chaos: verify-chaos
endif

cluster-up: ## Start a real Kubernetes on this machine (KUBECONFIG, kind, or built from source)
	$(PYTHON) -m cluster up

cluster-down: ## Stop it and remove what it left
	$(PYTHON) -m cluster down

clean: ## Remove what these commands made
	rm -rf .venv .tools dist site demo-home ui-home
