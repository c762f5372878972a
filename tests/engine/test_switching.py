"""Switching models without a restart: at most so many in memory, started images finish, memory is really freed."""

from __future__ import annotations

import gc
import os
import threading
import time
import weakref
from pathlib import Path

import psutil
import pytest
from asking import ask
from tiny_model import save_tiny_model

from dashboard.engine import ModelRegistry, ModelUnavailable
from dashboard.engine import loader as loader_module

NAMES = ("one", "two", "three")


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("switching")
    return {name: save_tiny_model(root / name, seed=seed) for seed, name in enumerate(NAMES)}


@pytest.fixture
def models(folders) -> ModelRegistry:
    return ModelRegistry.build([f"{name}={folder}" for name, folder in folders.items()], device="cpu")


def networks_alive(models: ModelRegistry, name: str) -> list[weakref.ref]:
    networks = models.get(name).networks("float32")
    return [weakref.ref(part) for part in (networks.unet, networks.vae, networks.text_encoder)]


def test_the_least_recently_wanted_goes_and_its_networks_with_it(make_engine, models):
    engine = make_engine(models, max_models=2)
    for name in ("one", "two"):
        engine.submit([ask(model=name)]).results(timeout=60)
    kept, gone = networks_alive(models, "two"), networks_alive(models, "one")
    results = engine.submit([ask(model="three")]).results(timeout=60)
    assert results[0].model_id == "three" and set(models.loaded_ids()) == {"two", "three"}
    gc.collect()
    assert all(ref() is None for ref in gone) and all(ref() is not None for ref in kept)


def test_a_model_that_came_back_gives_the_same_image(make_engine, models):
    engine = make_engine(models, max_models=1)
    asked = [ask(model=name) for name in ("one", "two", "one", "two")]
    first, second, third, fourth = (engine.submit([request]).results(timeout=60)[0] for request in asked)
    assert (first.sha256, second.sha256) == (third.sha256, fourth.sha256) and first.sha256 != second.sha256
    assert [r.model_id for r in (first, second, third, fourth)] == ["one", "two", "one", "two"]
    assert models.loaded_ids() == ("two",)


def test_the_projects_own_small_models_take_nobodys_place(make_engine, models, monkeypatch):
    monkeypatch.setattr(loader_module, "OURS", {"one", "two"})
    engine = make_engine(models, max_models=1)
    for name in (*NAMES, "one"):
        engine.submit([ask(model=name)]).results(timeout=60)
    assert set(models.loaded_ids()) == set(NAMES)


def test_many_models_at_once_all_get_their_images(make_engine, models, monkeypatch):
    """More models wanted than fit, all the time: each has its turn, and no started image is dropped."""
    monkeypatch.setattr(loader_module, "TURN_SECONDS", 0.05)
    most, plain = [], ModelRegistry.get

    def get(self, model_id):
        most.append(len(set(self.loaded_ids()) | {model_id}))
        return plain(self, model_id)

    monkeypatch.setattr(ModelRegistry, "get", get)
    engine = make_engine(models, max_models=1, max_rows=4)
    jobs = [
        engine.submit([ask(model=name, seed=seed, num_inference_steps=6) for seed in range(6)], learner=name)
        for name in NAMES
    ]
    for name, job in zip(NAMES, jobs, strict=True):
        assert {result.model_id for result in job.results(timeout=120)} == {name}
    assert max(most) == 1 and len(models.loaded_ids()) == 1


def test_started_images_finish_before_their_model_goes(make_engine, models, monkeypatch, ticks):
    monkeypatch.setattr(loader_module, "TURN_SECONDS", 0.0)
    engine = make_engine(models, max_models=1, max_rows=2)
    ticks.hold()
    first = engine.submit([ask(model="one", seed=seed, num_inference_steps=8) for seed in range(2)], learner="a")
    assert ticks.reached.wait(30)
    second = engine.submit([ask(model="two")], learner="b")
    ticks.go.set()
    assert len(second.results(timeout=60)) == 1 and len(first.results(timeout=60)) == 2
    order = [(tick[0].model, tick[0].seed) for tick in ticks.requests]
    blocks = list(dict.fromkeys(order))
    assert blocks == [("one", 0), ("two", 0), ("one", 1)]  # the image begun, the other model, then the rest
    assert order == sorted(order, key=blocks.index)  # none was interrupted


def test_a_refusal_that_nobody_waits_for_keeps_no_place(make_engine, models, monkeypatch):
    """The learner left while the model was loading, and then it could not be loaded."""
    loading, go, plain = threading.Event(), threading.Event(), ModelRegistry.get

    def get(self, model_id):
        if model_id != "one":
            return plain(self, model_id)
        loading.set()
        assert go.wait(30)
        raise ModelUnavailable("It cannot be loaded.")

    monkeypatch.setattr(ModelRegistry, "get", get)
    engine = make_engine(models, max_models=1)
    left = engine.submit([ask(model="one")])
    assert loading.wait(30)
    left.cancel()
    go.set()
    assert engine.submit([ask(model="two")]).results(timeout=60)[0].model_id == "two"
    monkeypatch.setattr(ModelRegistry, "get", plain)
    assert engine.submit([ask(model="one")]).results(timeout=60)[0].model_id == "one"  # not the old refusal


def test_the_process_gives_the_memory_back(make_engine, tmp_path):
    big = {f"big-{i}": save_tiny_model(tmp_path / f"big-{i}", seed=i, text_width=400_000) for i in range(2)}
    models = ModelRegistry.build([f"{name}={folder}" for name, folder in big.items()], device="cpu")
    engine = make_engine(models, max_models=1)
    process, used = psutil.Process(os.getpid()), []
    for name in (*big, *big):
        engine.submit([ask(model=name, num_inference_steps=1)]).results(timeout=120)
        time.sleep(0.1)
        used.append(process.memory_info().rss)
    weights = sum(p.numel() for p in models.get("big-1").networks("float32").text_encoder.parameters()) * 4
    assert weights > 190_000_000
    assert max(used[1:]) - used[0] < weights / 2  # one at a time, not one on top of the other
