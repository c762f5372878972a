# `make run` starts the dashboard, `make test` checks everything; both set up what they need first.
PYTHON ?= python3
VENV ?= .venv
HOST ?= 127.0.0.1
PORT ?= 8501
BIN := $(VENV)/bin

.PHONY: run test lint types pytest format pocket-art pocket-train pocket-fast pocket-scorer pocket-eval bench bench-openvino bench-gpu clean

run: $(VENV)/.run-ready
	$(BIN)/python -m streamlit run streamlit_app.py --server.address $(HOST) --server.port $(PORT)

test: lint types pytest

lint: $(VENV)/.test-ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.test-ready
	$(BIN)/mypy

# ARGS picks tests, as in `make pytest ARGS=tests/engine`. The browser tests hold the dashboard to times, so they run alone.
TEST_WORKERS ?= $(shell getconf _NPROCESSORS_ONLN)
pytest: $(VENV)/.test-ready
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not browser" -n $(TEST_WORKERS) --dist loadfile $(ARGS)
	$(BIN)/python -m pytest -m browser $(ARGS)

format: $(VENV)/.test-ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The artwork that Pocket is trained on; needs npm. Running and testing never need it.
pocket-art: $(VENV)/.test-ready
	$(BIN)/python -m dashboard.pocket.train --art

# BUDGET=smoke, cpu or gpu. Stop it with Ctrl-C; the same command goes on from there. WORKERS=1 leaves cores free.
BUDGET ?= cpu
WORKERS ?= $(shell getconf _NPROCESSORS_ONLN)
pocket-train: $(VENV)/.test-ready
	$(BIN)/python -m dashboard.pocket.train --budget $(BUDGET) --workers $(WORKERS)

# Pocket Fast, from the shipped weights; to be made again whenever those change.
pocket-fast: $(VENV)/.test-ready
	$(BIN)/python -m dashboard.pocket.train.distil

# The scorer, the judge and the data explorer's pictures; to be made again when the world or the autoencoder changes.
pocket-scorer: $(VENV)/.test-ready
	$(BIN)/python -m dashboard.pocket.train.scorer
	$(BIN)/python -m dashboard.pocket.train.judge
	$(BIN)/python -m dashboard.pocket.train.gallery

# What the shipped weights can do, into dashboard/pocket/report.json; to be made again with every new set of weights.
IMAGES ?= 2000
pocket-eval: $(VENV)/.run-ready
	$(BIN)/python -m dashboard.pocket.evaluate --images $(IMAGES)

# On the processor, with Pocket; and on a graphics card, with random weights in Stable Diffusion 1.x's exact shape,
# which are made in memory. SHAPE=tiny tries the second one anywhere.
SHAPE ?= sd-1
ROUNDS ?= 5
RESULTS ?= benchmarks/results
bench: $(VENV)/.run-ready
	mkdir -p $(RESULTS)
	DASHBOARD_DEVICE=cpu $(BIN)/python -m dashboard bench --rounds $(ROUNDS) --out $(RESULTS)/pocket-cpu.json

# The same with the U-Net in OpenVINO, which is installed first.
bench-openvino: $(VENV)/.run-ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-openvino.txt
	mkdir -p $(RESULTS)
	DASHBOARD_DEVICE=cpu DASHBOARD_SPEED=openvino $(BIN)/python -m dashboard bench \
		--rounds $(ROUNDS) --out $(RESULTS)/pocket-cpu-openvino.json

bench-gpu: $(VENV)/.run-ready
	mkdir -p $(RESULTS)
	$(BIN)/python -m dashboard bench --random-weights $(SHAPE) --rounds $(ROUNDS) --out $(RESULTS)/$(SHAPE)-gpu.json

# What can be made again in minutes; the artwork and the training's state in .cache stay.
clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache

$(VENV)/.venv-made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is needed; set PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV) || { echo "No venv module: on Debian or Ubuntu, apt install python3-venv"; exit 1; }
	@touch $@

$(VENV)/.run-ready: requirements.txt $(VENV)/.venv-made
	@echo "Installing what the dashboard needs; the first time takes minutes (torch is large)."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.test-ready: requirements-dev.txt $(VENV)/.run-ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
