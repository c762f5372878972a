"""Schedulers: one pristine object a kind, a deep copy an image."""

from __future__ import annotations

import json

import diffusers
import pytest

from dashboard.engine import SCHEDULERS, SPACINGS
from dashboard.engine.registry import POCKET_WEIGHTS
from dashboard.engine.schedulers import SchedulerShelf


@pytest.fixture
def config(tiny_folder) -> dict:
    return json.loads((tiny_folder / "scheduler" / "scheduler_config.json").read_text())


def test_the_kinds():
    for_any_model = ["pndm", "ddim", "euler", "euler-ancestral", "dpm++2m", "unipc", "heun", "lms"]
    assert list(SCHEDULERS) == [*for_any_model, "lcm", "ddim-trailing"]
    assert [key for key, info in SCHEDULERS.items() if info.distilled] == ["lcm", "ddim-trailing"]
    for key, info in SCHEDULERS.items():
        assert info.key == key and hasattr(diffusers, info.class_name)
        assert info.description.endswith(".") and info.paper and info.label
    assert [key for key, info in SCHEDULERS.items() if info.stochastic] == ["euler-ancestral", "lcm"]


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


def pocket_shelf() -> SchedulerShelf:
    return SchedulerShelf(json.loads((POCKET_WEIGHTS / "scheduler" / "scheduler_config.json").read_text()))


def test_a_kinds_own_options_stand_in_place_of_the_models(config):
    shelf = SchedulerShelf(config)
    assert shelf.config("ddim-trailing") == {**shelf.config("ddim"), "timestep_spacing": "trailing"}
    assert shelf.timesteps("ddim-trailing", 4) == (999, 749, 499, 249) != shelf.timesteps("ddim", 4)


@pytest.mark.parametrize("key", SCHEDULERS)
@pytest.mark.parametrize("spacing", SPACINGS)
def test_timesteps_count_down_from_noisy_to_clean(key, spacing):
    found = pocket_shelf().timesteps(key, 20, spacing)
    assert list(found) == sorted(found, reverse=True) and 999 >= found[0] > 900 and 0 <= found[-1] < 100


@pytest.mark.parametrize(
    ("spacing", "expected"),
    [
        (None, [801, 601, 401, 201, 1]),  # Pocket's own is leading, with the offset 1 of the v1 models
        ("leading", [801, 601, 401, 201, 1]),
        ("trailing", [999, 799, 599, 399, 199]),
        ("linspace", [999, 749, 500, 250, 0]),
    ],
)
def test_ddims_timesteps_are_those_of_the_lessons_formulas(spacing, expected):
    assert list(pocket_shelf().timesteps("ddim", 5, spacing)) == expected


def test_where_one_step_looks_depends_on_the_spacing():
    shelf = pocket_shelf()
    assert shelf.timesteps("ddim", 1) == (1,) and shelf.timesteps("ddim", 1, "trailing") == (999,)
    assert shelf.timesteps("dpm++2m", 1) == shelf.timesteps("unipc", 1) == (501,)
    assert shelf.timesteps("ddim", 20)[0] == 951


@pytest.mark.parametrize("steps", [2, 5, 20])
def test_evaluations_of_a_run_are_those_of_the_lessons_table(steps):
    shelf = pocket_shelf()
    counts = {key: len(shelf.timesteps(key, steps)) for key in SCHEDULERS}
    assert counts == {**dict.fromkeys(SCHEDULERS, steps), "pndm": steps + 1, "heun": 2 * steps - 1}
    heun, pndm = shelf.timesteps("heun", steps), shelf.timesteps("pndm", steps)
    assert [heun.count(timestep) for timestep in dict.fromkeys(heun)] == [1, *[2] * (steps - 1)]
    assert pndm.count(pndm[1]) == 2


def test_one_step_of_pndm_is_one_evaluation():
    assert len(pocket_shelf().timesteps("pndm", 1)) == 1


@pytest.mark.parametrize("key", SCHEDULERS)
@pytest.mark.parametrize("budget", [1, 2, 9, 16])
def test_the_steps_within_a_budget_are_the_most_that_fit(key, budget):
    shelf = pocket_shelf()
    steps = shelf.steps_within(key, budget)
    assert len(shelf.timesteps(key, steps)) <= budget < len(shelf.timesteps(key, steps + 1))


def test_orders_are_those_of_the_lessons_table():
    orders = {key: SCHEDULERS[key].order for key in ("ddim", "euler", "dpm++2m", "unipc", "heun", "pndm")}
    assert list(orders.values()) == [1, 1, 2, 2, 2, 4]
    assert pocket_shelf().config("unipc")["solver_order"] == pocket_shelf().config("dpm++2m")["solver_order"] == 2
