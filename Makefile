# make demo | make test | make check | make bench: nothing but python3 and make is needed.
# The environment is made from requirements.lock (every file pinned by hash) with the pip kept in bootstrap/,
# because a bare Debian has neither pip nor ensurepip.
.PHONY: demo test check bench oracles lock clean
SHELL := /bin/sh
PY := .venv/bin/python
READY := .venv/.ready

demo: $(READY)
	@.venv/bin/sealpost demo $(DEMO)

# One process more than cores: many tests wait for servers, locks and clocks. Files in their own order: the one with the
# fewest tests would come last, and among those are the longest.
test: check
	$(PY) -m pytest -n $$(($$(nproc) + 1)) --dist loadfile --no-loadscope-reorder $(PYTEST)

check: $(READY)
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	.venv/bin/lint-imports

bench: $(READY)
	$(PY) -m benchmarks $(BENCH)

# What other people's tools say of our signatures; needs Maven and a JDK besides.
oracles: $(READY)
	$(PY) -m pytest tests/oracles/judges*.py $(PYTEST)

$(READY): requirements.lock pyproject.toml
	rm -rf .venv
	python3 -m venv --without-pip .venv
	$(PY) $(wildcard bootstrap/pip-*.whl)/pip install -q --no-index --find-links bootstrap pip
	$(PY) -m pip install -q --no-deps --require-hashes --only-binary :all: -r requirements.lock
	$(PY) -m pip install -q --no-deps --no-build-isolation --no-index -e .
	@touch $@

# Needs uv; run by whoever changes a dependency.
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --upgrade pyproject.toml --group dev -o requirements.lock

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
