"""Schedulers: one pristine object a kind, a deep copy an image."""

from __future__ import annotations

import json

import diffusers
import pytest

from dashboard.engine import SCHEDULERS
from dashboard.engine.schedulers import SchedulerShelf


@pytest.fixture
def config(tiny_folder) -> dict:
    return json.loads((tiny_folder / "scheduler" / "scheduler_config.json").read_text())


def test_the_eight_kinds():
    assert list(SCHEDULERS) == ["pndm", "ddim", "euler", "euler-ancestral", "dpm++2m", "unipc", "heun", "lms"]
    for key, info in SCHEDULERS.items():
        assert info.key == key and hasattr(diffusers, info.class_name)
        assert info.description.endswith(".") and info.paper and info.label
    assert [key for key, info in SCHEDULERS.items() if info.stochastic] == ["euler-ancestral"]


@pytest.mark.parametrize("key", SCHEDULERS)
def test_using_one_leaves_the_next_as_it_was(config, key):
    shelf = SchedulerShelf(config)
    used, untouched = shelf.new(key), shelf.new(key)
    used.set_timesteps(13)
    used.config_was_patched = True
    for other in (untouched, shelf.new(key)):
        assert other is not used and not hasattr(other, "config_was_patched")
        other.set_timesteps(5)
        assert len(other.timesteps) < len(used.timesteps)


@pytest.mark.parametrize("key", SCHEDULERS)
def test_the_models_own_config_is_used_and_can_be_written_down(config, key):
    written = json.loads(json.dumps(SchedulerShelf(config).config(key)))
    for name in ("beta_start", "beta_end", "beta_schedule", "num_train_timesteps"):
        assert written[name] == config[name]
