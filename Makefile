# Each target does its own set-up: Python 3.11 or newer is all that a fresh machine needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: help demo serve unit test test-sm system test-pages web check check-deep coverage watch hooks bench bench-scale schema dist test-dist locks clean

help:  ## What there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(INSTALLED): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Suxin needs Python 3.11 or newer; run make PYTHON=/path/to/python3.11 …")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(INSTALLED)  ## Exports go in, a city grows, every audience asks and is answered
	$(BIN)/suxin demo

serve: $(INSTALLED)  ## The demo city, served on http://127.0.0.1:8000 until Ctrl-C
	$(BIN)/suxin demo --serve

unit: $(INSTALLED)  ## Tests of pure rules: no database, a few seconds
	$(BIN)/python -m pytest -q tests/unit

test: $(INSTALLED)  ## Unit, engine and service tests, on PostgreSQL
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile tests/unit tests/engine tests/service

test-sm: $(INSTALLED)  ## The same tests with numbers, files and signatures of SM (docs/cryptography.md)
	SUXIN_CRYPTO=sm $(BIN)/python -m pytest --numprocesses 2 --dist loadfile tests/unit tests/engine tests/service

system: $(INSTALLED)  ## Tests of real processes, clients in other languages, state machines, and attacks
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile tests/system tests/attacks

test-pages: $(INSTALLED)  ## Tests of the pages in a browser (apt-get install chromium)
	$(BIN)/python -m pytest -q tests/pages

web: $(INSTALLED)  ## Build web/dist anew from web/
	$(BIN)/python -m nodejs build web

coverage: $(INSTALLED)  ## Branches that the tests reach, by file; the whole report is htmlcov/index.html
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --cov --cov-report=term:skip-covered --cov-report=html \
		tests/unit tests/engine tests/service

watch: $(INSTALLED)  ## Run the linter and the unit tests whenever a file changes
	$(BIN)/watchfiles --filter python 'sh -c "$(BIN)/ruff check . && $(BIN)/python -m pytest -q tests/unit"' .

hooks: $(INSTALLED)  ## Have git run the linter and the type checker before each commit
	$(BIN)/pre-commit install

check: $(INSTALLED)  ## Lint, types, layers, the committed schema, and what it breaks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/suxin schema | diff -u schema/schema.graphql - || (echo 'Run make schema and read the difference.' && false)
	$(BIN)/suxin schema diff schema/released.graphql --accepted schema/accepted_changes.toml
	$(BIN)/suxin policy | diff -u docs/policy.md - || (echo 'Run make schema and read the difference.' && false)
	$(BIN)/suxin catalogue export | diff -u docs/data_catalogue.csv - || (echo 'Declare the field in schema/sharing/fields.csv, run make schema and read the difference.' && false)
	$(BIN)/suxin visibility | diff -u docs/visibility.md - || (echo 'Run make schema and read the difference.' && false)
	$(BIN)/suxin import all --columns | diff -u docs/import_columns.md - || (echo 'Run make schema and read the difference.' && false)
	$(BIN)/suxin errors | diff -u docs/errors.md - || (echo 'Run make schema and read the difference.' && false)
	$(BIN)/suxin openapi | diff -u docs/openapi.json - || (echo 'Run make schema and read the difference.' && false)
	$(BIN)/suxin procedure | diff -u docs/procedure.md - || (echo 'Run make schema and read the difference.' && false)
	$(BIN)/suxin outcomes | diff -u docs/sandbox.md - || (echo 'Run make schema and read the difference.' && false)

schema: $(INSTALLED)  ## Write schema/schema.graphql, docs/policy.md, docs/visibility.md, docs/procedure.md and docs/errors.md anew
	$(BIN)/suxin schema > schema/schema.graphql
	$(BIN)/suxin policy > docs/policy.md
	$(BIN)/suxin catalogue export > docs/data_catalogue.csv
	$(BIN)/suxin visibility > docs/visibility.md
	$(BIN)/suxin openapi > docs/openapi.json
	$(BIN)/suxin procedure > docs/procedure.md
	$(BIN)/suxin import all --columns > docs/import_columns.md
	$(BIN)/suxin errors > docs/errors.md
	$(BIN)/suxin outcomes > docs/sandbox.md
	$(BIN)/suxin outcomes --language zh > docs/sandbox.zh.md

.PHONY: messages
messages: $(INSTALLED)  ## Collect the messages of the sources into the catalogues of languages/, where new ones await translation
	$(BIN)/pybabel -q extract --mapping languages/babel.cfg --no-location --sort-output --omit-header -o .messages.pot \
		auth casework commands demo engine ingest jobs languages models reports resolvers schema transport
	$(BIN)/pybabel -q update --no-fuzzy-matching --ignore-obsolete --omit-header -D suxin -i .messages.pot -d languages -l zh
	rm .messages.pot

check-deep: $(INSTALLED)  ## The generated tests at full size: 50,000 operations, long histories, long state machines
	TEST_OPERATIONS=5000 TEST_SCALE=10 $(BIN)/python -m pytest --numprocesses 2 --dist load -m generated tests

bench: $(INSTALLED)  ## All benchmarks: other servers, access log, hostile documents, overload, neighbours, pages, writes, imports, exports
	@command -v wrk >/dev/null || (echo 'The benchmark needs wrk: apt-get install wrk' && false)
	$(BIN)/python -m nodejs install bench/peers
	$(BIN)/python -m bench.reads.comparison
	$(BIN)/python -m bench.reads.comparison --connections 1 --rounds 2 --seconds 4
	$(BIN)/python -m bench.reads.comparison --connections 32 --rounds 2 --seconds 4
	$(BIN)/python -m bench.reads.profile
	$(BIN)/python -m bench.reads.log_share
	$(BIN)/python -m bench.reads.bound
	$(BIN)/python -m bench.reads.covered
	$(BIN)/python -m bench.reads.cold
	$(BIN)/python -m bench.reads.mixed
	$(BIN)/python -m bench.writes.proposals
	$(BIN)/python -m bench.reads.hostile
	$(BIN)/python -m bench.overload
	$(BIN)/python -m bench.neighbours
	$(BIN)/python -m bench.pages
	$(BIN)/python -m bench.imports.cases
	$(BIN)/python -m bench.imports.cases --crypto sm
	$(BIN)/python -m bench.imports.changes
	$(BIN)/python -m bench.writes.resealing
	$(BIN)/python -m bench.exports.events

bench-scale: $(INSTALLED)  ## What grows: ten years of partitions, ninety courts writing at once, reads on a standby
	$(BIN)/python -m bench.scale.partitions
	$(BIN)/python -m bench.scale.courts
	$(BIN)/python -m bench.scale.standby

dist:  ## Build dist/suxin_VERSION.deb for this Debian release (needs debhelper, dh-virtualenv)
	deploy/build_deb.sh

test-dist: $(INSTALLED)  ## Install the package in a clean Debian root and ask it (needs root, debootstrap, make dist)
	$(BIN)/python -m pytest tests/package -s

locks:  ## Resolve the locks anew (needs uv)
	uv pip compile -q pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o requirements.lock
	uv pip compile -q pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o requirements-dev.lock
	$(BIN)/python -m nodejs lock bench/peers tests/node clients/typescript examples/clients/typescript web

clean:  ## Remove the environment and the demo's data
	rm -rf $(VENV) .suxin
