# opinion-stream: `make run` runs the whole road, `make test` proves it. `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
STAMP := .venv/.installed
# Two at once. The end-to-end tests one by one, as each brings up a road of its own and waits much; the others by file.
SPREAD := -n 2 --dist worksteal
BY_FILE := -n 2 --dist loadfile
# A road starts many processes: from bytecode each needs half the time.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: $(shell grep -oE '^[a-z0-9-]+:' $(MAKEFILE_LIST) | tr -d :)

help:  ## List the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(STAMP): requirements.lock pyproject.toml $(wildcard src/opinion_stream/native/*.[ch])
	@$(PYTHON) -c 'import sys; ok = sys.version_info[:2] == (3, 11); sys.exit(0 if ok else "Python 3.11 is needed, found " + sys.version.split()[0] + ": install it, or name it: make PYTHON=/path/to/python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing the locked dependencies into .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(BIN)/python -c 'from opinion_stream.native import native; native("postings") or print("no C compiler or no Python headers: the inner loops run in Python, with equal results, at half the speed")'
	@touch $(STAMP)

setup: $(STAMP)  ## Make .venv from the lock file

run: setup  ## Run the whole road on the embedded broker with the shipped scenario; Ctrl-C stops it
	@exec $(BIN)/opinion-stream demo

test: setup lint type unit e2e  ## Lint, types, unit tests, end-to-end tests on the embedded broker

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

type: setup
	$(BIN)/mypy

unit: setup  ## Unit tests alone (no broker)
	$(BIN)/pytest $(BY_FILE) --ignore=tests/broker --ignore=tests/e2e

e2e: setup  ## End-to-end tests on the embedded broker
	$(BIN)/pytest $(SPREAD) tests/e2e tests/broker

test-kafka: setup  ## The same end-to-end tests on a real Apache Kafka (needs Java 17 and Maven)
	@bash deploy/kafka/kafka.sh run $(BIN)/pytest $(SPREAD) tests/e2e tests/broker; code=$$?; \
	if [ $$code -eq 3 ] && [ -z "$$CI" ]; then echo "test-kafka: skipped, see the line above"; exit 0; fi; exit $$code

test-postgres: setup  ## The ledger's tests on a real PostgreSQL (Debian's package; installed if you are root)
	@bash deploy/postgres/postgres.sh run $(BIN)/pytest tests/adapters/ledger tests/broker/test_ledger.py; code=$$?; \
	if [ $$code -eq 3 ] && [ -z "$$CI" ]; then echo "test-postgres: skipped, see the line above"; exit 0; fi; exit $$code

bench-ledger: setup  ## Records and rows a second into the ledger, on SQLite and on PostgreSQL (where it can be had)
	$(BIN)/python benchmarks/ledger.py
	@bash deploy/postgres/postgres.sh run $(BIN)/python benchmarks/ledger.py; code=$$?; \
	if [ $$code -eq 3 ]; then echo "bench-ledger: no PostgreSQL here, see the line above"; exit 0; fi; exit $$code

contracts: setup  ## Check the message contracts: equal to the code, compatible, and valid AsyncAPI (needs node)
	$(BIN)/opinion-stream contracts check
	@if command -v npm >/dev/null; then cd contracts/validator && npm ci --silent --no-audit --no-fund && node validate.mjs ../asyncapi.yaml; \
	elif [ -n "$$CI" ]; then echo "contracts: npm is missing"; exit 1; else echo "contracts: AsyncAPI not validated, npm is missing"; fi
MINUTES ?= 10
FAULTS ?= 0
SEED ?= 20161
test-faults: setup  ## Strike faults on a real Kafka and prove that nothing is lost or doubled (MINUTES=10 FAULTS=0 SEED=20161)
	@PYTHONPATH=tests $(BIN)/python -m faults --minutes $(MINUTES) --faults $(FAULTS) --seed $(SEED) $(FAULTS_ARGS); code=$$?; \
	if [ $$code -eq 3 ] && [ -z "$$CI" ]; then echo "test-faults: skipped, see the line above"; exit 0; fi; exit $$code

deploy-check: setup  ## Check compose files, Kubernetes manifests, image recipe and units by their own validators
	@bash deploy/check.sh

metrics-check: setup  ## Check metrics, alert rules and their tests, and routes by promtool and amtool (Debian packages)
	@bin=$$(bash deploy/prometheus/prometheus.sh get) && bash deploy/prometheus/prometheus.sh check && \
	PATH="$$bin:$$PATH" $(BIN)/pytest -q tests/test_observability.py; code=$$?; \
	if [ $$code -eq 3 ] && [ -z "$$CI" ]; then echo "metrics-check: skipped, see the line above"; exit 0; fi; exit $$code

dashboards: setup  ## Write the Grafana dashboards from their code
	@$(BIN)/python -m opinion_stream.dashboards

dashboards-lint: setup  ## Hold the committed dashboards against their code, and lint them with grafana/dashboard-linter (needs go)
	@$(BIN)/python -m opinion_stream.dashboards --check
	@bash deploy/grafana/lint.sh

observability: setup  ## The scenario against a real PostgreSQL and Prometheus: every panel's query, a staged fault, pictures
	@bash deploy/observability/observability.sh

pictures: setup  ## Draw the dashboards again from what the last `make observability` found
	@$(BIN)/python deploy/observability/pictures.py

bench: setup  ## End-to-end speed on the real message file (see benchmarks/README.md)
	$(BIN)/python benchmarks/road.py

bench-assessment: setup  ## The bars of the assessment on the real data, baselines beside ours, in one table (minutes)
	@$(BIN)/python benchmarks/table.py

fuzz: setup  ## Bad records through collection: make fuzz FUZZ_RECORDS=200000 FUZZ_SEED=1
	@FUZZ_RECORDS=$(or $(FUZZ_RECORDS),100000) FUZZ_SEED=$(or $(FUZZ_SEED),$$RANDOM) $(BIN)/pytest tests/domain/collection/test_fuzz.py --timeout=0 -s

bench-trend: setup  ## Expected volume and early warnings on the real data: intervals, lead times, false alarms (minutes)
	$(BIN)/python benchmarks/trend.py

bench-intake: setup  ## The HTTP intake at 500 posts/s for a minute, on the embedded broker and on a real Kafka (where Java is)
	$(BIN)/python benchmarks/intake.py
	@bash deploy/kafka/kafka.sh run $(BIN)/python benchmarks/intake.py; code=$$?; \
	if [ $$code -eq 3 ]; then echo "bench-intake: no real Kafka here, see the line above"; exit 0; fi; exit $$code

bench-privacy: setup  ## Masking of personal data on the made-up corpus: recall and precision per kind
	@$(BIN)/python benchmarks/privacy.py

lock: setup  ## Renew requirements.lock from pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --all-extras --generate-hashes --no-annotate --no-header --no-emit-index-url pyproject.toml -o requirements.lock

clean:  ## Remove what setup and runs have made
	rm -rf src/opinion_stream/native/*.so .venv .opinion-stream .pytest_cache .mypy_cache .ruff_cache build src/*.egg-info
