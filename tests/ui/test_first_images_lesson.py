"""The first lesson's laboratories: one change at a time really is one, and what comes back is said right."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fake_engine import ANATOMY, FakeEngine
from streamlit.testing.v1 import AppTest

from dashboard.engine import ImageRequest
from dashboard.ui.labs.one_change import changes, furthest, other_seed, sentences
from dashboard.ui.parsing import MAX_SEED
from pages import OpenPage, fill, jobs, pictures, press, words

GRID = 24  # four seeds, six images each
VALUES = {"other_steps": 8, "other_prompt": "a fox", "other_guidance": 2.0, "other_scheduler": "euler"}


@pytest.fixture
def lesson(open_page: OpenPage) -> AppTest:
    return open_page("first-images")


def skip(app: AppTest) -> AppTest:
    return press(app, "first-images.change.skip")


def test_the_parts_are_those_of_the_loaded_model(lesson: AppTest) -> None:
    (table,) = [frame.value for frame in lesson.dataframe if "class" in frame.value.columns]
    assert list(table["part"]) == [part.name for part in ANATOMY.parts]
    assert table["parameters"].sum() == 9_000_000 and table["MB in memory"].sum() == pytest.approx(36)
    said = words(lesson)
    assert "9,000,000 parameters" in said and "36 MB" in said and "took 1.2 s" in said
    assert "The largest part is `unet`, with 67% of them" in said


def test_the_options_stand_with_the_documentations_words(lesson: AppTest) -> None:
    (table,) = [frame.value for frame in lesson.dataframe if "documentation" in frame.value.columns]
    assert list(table["option"]) == ["prompt", "num_inference_steps", "guidance_scale", "latents", "generator"]
    assert list(table["default"]) == ["None", "50", "7.5", "None", "None"]
    assert "A torch.Generator to make generation deterministic." in list(table["documentation"])
    assert all(page.startswith("https://huggingface.co/docs/diffusers/api/") for page in table["page"])


def test_the_loop_draws_three_that_differ_and_says_their_seeds(lesson: AppTest, engine: FakeEngine) -> None:
    press(lesson, "first-images.loop.run")
    press(lesson, "first-images.loop.run")
    first, second = jobs(engine, 3)
    seeds = [request.seed for job in (first, second) for request in job.requests]
    assert len(set(seeds)) == 6, "every run of the loop draws other noise"
    assert len({request.replace(seed=0) for request in first.requests}) == 1, "nothing but the noise differs"
    assert "gave 3 different images" in words(lesson)
    assert ", ".join(str(request.seed) for request in second.requests) in words(lesson)
    assert lesson.query_params["loop.drawn"] == ", ".join(str(request.seed) for request in second.requests)
    drawn = second.requests[0]
    shown = f"num_inference_steps={drawn.num_inference_steps}, guidance_scale={drawn.guidance_scale:g})"
    assert any(shown in code.value for code in lesson.code), "the line shown is the one that was run"


def test_each_sibling_changes_one_field_of_its_base(lesson: AppTest, engine: FakeEngine) -> None:
    skip(lesson)
    press(lesson, "first-images.change.run")
    (job,) = jobs(engine, GRID)
    for place, seed in enumerate((1, 2, 3, 4)):
        base, *siblings = job.requests[6 * place : 6 * place + 6]
        assert base.seed == seed
        differing = [
            [name for name, value in sibling.as_dict().items() if value != base.as_dict()[name]] for sibling in siblings
        ]
        assert differing == [["seed"], ["num_inference_steps"], ["prompt"], ["guidance_scale"], ["scheduler"]]


def test_the_other_values_reach_their_own_sibling_only(lesson: AppTest, engine: FakeEngine) -> None:
    skip(lesson)
    for control, value in {
        "seeds": "7",
        "other_prompt": "an owl",
        "other_steps": 3,
        "other_guidance": 9.5,
        "other_scheduler": "heun",
    }.items():
        fill(lesson, f"first-images.change.{control}", value)
    press(lesson, "first-images.change.run")
    (job,) = jobs(engine, 6)
    _, noise, steps, prompt, guidance, scheduler = job.requests
    assert (noise.seed, steps.num_inference_steps, prompt.prompt) == (1_007, 3, "an owl")
    assert (guidance.guidance_scale, scheduler.scheduler) == (9.5, "heun")


def test_the_grid_waits_for_the_guess_and_scores_it(lesson: AppTest) -> None:
    before = len(pictures(lesson))
    press(lesson, "first-images.change.run")
    assert "Your images are ready." in words(lesson) and len(pictures(lesson)) == before
    radio = lesson.radio(key="first-images.change.guess")
    radio.set_value(radio.options[2])
    press(lesson, "first-images.change.commit")
    assert len(pictures(lesson)) == before + GRID
    said = words(lesson)
    assert "The image moved furthest with" in said and "of 100 points" in said
    (table,) = [frame.value for frame in lesson.dataframe if "other noise" in frame.value.columns]
    assert list(table["seed"]) == ["1", "2", "3", "4"], "the table keeps the order of the grid"
    assert list(table.columns[1:]) == ["other noise", "8 steps", "other prompt", "guidance 2", "Euler ancestral"]


def test_too_many_seeds_get_a_sentence(lesson: AppTest, engine: FakeEngine) -> None:
    skip(lesson)
    fill(lesson, "first-images.change.seeds", "1-5")
    press(lesson, "first-images.change.run")
    assert "Give at most 4 seeds here" in lesson.error[0].value and not jobs(engine, 30)


def measured(values: dict[str, list[float]]) -> pd.DataFrame:
    rows = [(str(seed), label, value) for label, many in values.items() for seed, value in enumerate(many)]
    return pd.DataFrame(rows, columns=["seed", "change", "distance"])


def test_a_clear_winner_is_named_and_a_close_one_is_not_told_apart() -> None:
    five = changes(VALUES)
    clear = measured({c.label: [0.1 * i, 0.1 * i + 0.01, 0.1 * i + 0.02] for i, c in enumerate(five)})
    assert [change.name for change in furthest(clear, five)] == ["scheduler"]
    assert "clearly ahead" in sentences(clear, five, furthest(clear, five))
    close = clear.copy()
    close.loc[close["change"] == five[3].label, "distance"] = [0.41, 0.38, 0.45]
    leaders = furthest(close, five)
    assert {change.name for change in leaders} == {"scheduler", "guidance"}
    assert "cannot tell" in sentences(close, five, leaders)


def test_one_seed_tells_nothing_apart() -> None:
    five = changes(VALUES)
    table = measured({c.label: [0.1 * i] for i, c in enumerate(five)})
    assert len(furthest(table, five)) == 5


def test_the_other_noise_has_a_seed_within_range() -> None:
    for seed in (0, 5, MAX_SEED - 1, MAX_SEED):
        assert ImageRequest(prompt="", seed=other_seed(seed)).seed != seed


def test_the_belief_is_tested_on_the_steps_that_ran(lesson: AppTest, engine: FakeEngine) -> None:
    press(lesson, "first-images.finished.run")
    (job,) = jobs(engine, 5)
    assert [request.num_inference_steps for request in job.requests] == [2, 5, 10, 20, 40]
    assert len({request.replace(num_inference_steps=1) for request in job.requests}) == 1
    said = words(lesson)
    assert "2 asked, 2 run; 5 asked, 5 run" in said and "Nothing stopped early" in said


def test_the_model_index_names_the_five_parts_of_the_text() -> None:
    root = Path(__file__).parents[2]
    index = json.loads((root / "dashboard/pocket/weights/model_index.json").read_text())
    text = (root / "lessons/first-images/text.md").read_text(encoding="utf-8")
    for part in ("tokenizer", "text_encoder", "unet", "scheduler", "vae"):
        assert f"**`{part}`**" in text and isinstance(index[part], list)


def test_pockets_files_hold_half_precision_and_are_widened() -> None:
    from safetensors import safe_open

    from dashboard.engine import ModelRegistry

    root = Path(__file__).parents[2] / "dashboard/pocket/weights"
    for file in root.rglob("*.safetensors"):
        with safe_open(file, "np") as tensors:
            assert {tensors.get_tensor(name).dtype for name in tensors.keys()} == {np.dtype(np.float16)}  # noqa: SIM118
    anatomy = ModelRegistry.build([], device="cpu").anatomy("pocket")
    assert anatomy.memory == 4 * anatomy.parameters
