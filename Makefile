# Everything runs in .venv, made from the locked, hash-checked requirements.

# Any Python 3.11; it is used once, to make .venv.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
# What a target needs is looked for first. Debian has the part of Python that makes environments in a package of its own.
NEEDS_PYTHON = @{ $(PYTHON) -c 'import ensurepip, sys; sys.exit(sys.version_info[:2] != (3, 11))'; } 2>/dev/null || \
	{ echo 'Python 3.11 is needed, and $(or $(PYTHON),python3) is not it, or not whole: install it (Debian:' \
	'python3.11-venv; else `uv python install 3.11`), and name it if need be: make PYTHON=/path/to/python3.11' >&2; exit 1; }
NEEDS_JAVA = @java=$${JAVA_HOME:+$$JAVA_HOME/bin/}java; \
	"$$java" -version 2>&1 | grep -Eq 'version "(17|18|19|20|21)[."]' || \
	{ echo "Java 17 to 21 is needed, and $$java is not it: install it (Debian: openjdk-17-jre-headless)," \
	'or name its folder by JAVA_HOME' >&2; exit 1; }
BIN := .venv/bin
export DBT_PROFILES_DIR := $(CURDIR)
export DBT_TARGET := duckdb

DEMO_WAREHOUSE := warehouse/factory.duckdb
DEMO_DOCUMENTS := documents
# Whose page `make report` writes, from which documents, and where.
ORG ?= acme-robotics
DOCUMENTS ?= $(DEMO_DOCUMENTS)
REPORT ?= report.html
# What people read: pages, and files with comments and messages.
PROSE = Makefile $(shell find * -name node_modules -prune -o -type f -regextype egrep \
	-regex '[^/]*\.(md|yml|toml|in)|(analyses|docs|macros|models|scripts|seeds|tests)/.*\.(md|yml|sql|py|html|css|conf|service)' -print)
PAGES = $(filter %.md,$(PROSE))

.DEFAULT_GOAL := help
.PHONY: help demo report serve docs test test-bi java test-spark lint format generate lock clean

help:  ## Show this help
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.venv/runtime: requirements.txt
	$(NEEDS_PYTHON)
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

.venv/dev: .venv/runtime requirements-dev.txt
	$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

.venv-bi/installed: requirements-bi.txt
	$(NEEDS_PYTHON)
	$(PYTHON) -m venv .venv-bi
	.venv-bi/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-bi.txt
	@touch $@

.venv-spark4/installed .venv-spark35/installed: .venv-%/installed: requirements-%.txt
	$(NEEDS_PYTHON)
	$(PYTHON) -m venv .venv-$*
	.venv-$*/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-$*.txt
	@touch $@

demo: export FACTORY_WAREHOUSE := $(DEMO_WAREHOUSE)
demo: .venv/runtime  ## From nothing to metrics of the demo factory, on screen and in files (VERBOSE=1 shows all)
	@$(BIN)/python scripts/demo.py --documents $(DEMO_DOCUMENTS) $(if $(VERBOSE),--verbose)

report: export ORG := $(ORG)
report: .venv/runtime  ## Write report.html, a page of an org's metrics: the demo's, or ORG=... DOCUMENTS=...
	test -e $(DOCUMENTS)/manifest.json || test $(DOCUMENTS) != $(DEMO_DOCUMENTS) || $(MAKE) demo
	$(BIN)/python scripts/write_report.py --org "$$ORG" --documents $(DOCUMENTS) --out $(REPORT)

serve: .venv/runtime  ## Serve the demo's metrics over HTTP, with a key to try
	test -e $(DEMO_WAREHOUSE) || $(MAKE) demo
	FACTORY_WAREHOUSE=$(DEMO_WAREHOUSE) $(BIN)/python scripts/serve.py --demo

docs: export FACTORY_WAREHOUSE := $(DEMO_WAREHOUSE)
docs: .venv/runtime  ## Write the documentation of all models as one HTML page, which needs no server
	test -e $(DEMO_WAREHOUSE) || $(MAKE) demo
	$(BIN)/dbt docs generate --static --quiet --target-path target/docs
	@echo "open target/docs/static_index.html in a browser"

test: .venv/dev  ## Run all tests: dbt's own, on the demo factory, and pytest's
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

test-bi: .venv/dev .venv-bi/installed  ## Test the published warehouse with a BI client, Apache Superset
	$(BIN)/python -m pytest tests/python/bi

java:
	$(NEEDS_JAVA)

test-spark: java .venv/dev .venv-spark4/installed .venv-spark35/installed  ## Test what runs on Apache Spark (needs Java 17 to 21)
	$(BIN)/python -m pytest tests/python/spark

lint: .venv/dev  ## Lint SQL, Python and prose, and check types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@$(BIN)/pymarkdown scan $(filter-out models/%,$(PAGES))
	@# dbt's blocks of docs begin with Jinja, not with a heading
	@$(BIN)/pymarkdown --disable-rules md041 scan $(filter models/%,$(PAGES))
	@$(BIN)/proselint check --config .proselintrc.json $(PAGES)
	@$(BIN)/codespell $(PROSE)
	@$(BIN)/python scripts/dev/check_words.py $(PROSE)
	FACTORY_WAREHOUSE=target/lint.duckdb $(BIN)/dbt seed --full-refresh --quiet
	FACTORY_WAREHOUSE=target/lint.duckdb $(BIN)/sqlfluff lint models tests/dbt analyses
	$(BIN)/dbt-bouncer run --only manifest_checks
	$(BIN)/python scripts/dev/check_dialect.py

format: .venv/dev  ## Format Python
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

generate: .venv/dev  ## Write the files that follow from others: a mart per range, openapi.json
	$(BIN)/python scripts/dev/write_ranges.py
	$(BIN)/python scripts/dev/write_openapi.py

lock: .venv/dev  ## Write the lock files from requirements*.in
	for name in requirements requirements-dev requirements-bi requirements-spark4 requirements-spark35; do \
		$(BIN)/uv pip compile --quiet --generate-hashes --no-strip-extras --no-emit-index-url --no-header \
			--python-version 3.11 $$name.in -o $$name.txt || exit 1; \
	done

clean:  ## Remove what the other targets made, except .venv and its like
	rm -rf target logs documents .documents.known report.html .mypy_cache .pytest_cache .ruff_cache .hypothesis
	rm -rf warehouse/factory.duckdb warehouse/factory.duckdb.wal warehouse/factory.duckdb.tmp
	rm -f warehouse/api_keys.sqlite warehouse/api_keys.sqlite-wal warehouse/api_keys.sqlite-shm
	@rmdir warehouse 2>/dev/null || true
