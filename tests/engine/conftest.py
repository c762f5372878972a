"""Engines on the tiny model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from asking import Ticks
from diffusers import StableDiffusionPipeline

from dashboard.engine import Engine, ModelRegistry

MakeEngine = Callable[..., Engine]


@pytest.fixture(scope="session")
def registry(tiny_folder: Path) -> ModelRegistry:
    """One registry for the session, so that the tiny model is loaded once."""
    torch.set_num_threads(2)
    return ModelRegistry.build([f"tiny={tiny_folder}"], device="cpu")


@pytest.fixture
def make_engine(registry: ModelRegistry) -> Iterator[MakeEngine]:
    """Make engines that are closed at the end of the test. Without a memo unless one is given."""
    made: list[Engine] = []

    def make(models: ModelRegistry = registry, **options: object) -> Engine:
        engine = Engine(models, **options)  # type: ignore[arg-type]
        made.append(engine)
        return engine

    yield make
    for engine in made:
        engine.close()


@pytest.fixture
def engine(make_engine: MakeEngine) -> Engine:
    return make_engine()


@pytest.fixture
def ticks(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ticks]:
    """What the workers of this test compute, tick by tick."""
    ticks = Ticks()
    monkeypatch.setattr("dashboard.engine.worker.advance", ticks)
    yield ticks
    ticks.go.set()


@pytest.fixture(scope="session")
def pipe(tiny_folder: Path) -> StableDiffusionPipeline:
    """Plain diffusers, on the same weights. Set its scheduler before each use."""
    pipe = StableDiffusionPipeline.from_pretrained(tiny_folder, safety_checker=None)
    pipe.set_progress_bar_config(disable=True)
    return pipe
