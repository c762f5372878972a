"""The steps lesson's laboratories: what reaches the engine, what is measured, and what is said of it."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import numpy as np
import pytest
from fake_engine import SHELF, FakeEngine
from streamlit.testing.v1 import AppTest

from dashboard.engine import ImageRequest, ImageResult
from dashboard.ui.labs import knee_seeds, more_steps, solvers, step_sweep, timesteps
from pages import OpenPage, fill, jobs, pictures, press, words

SWEEP = tuple(range(1, 97, 5))  # the course's: 1, 6, 11, ... 96


@pytest.fixture
def steps(open_page: OpenPage) -> AppTest:
    return open_page("steps")


def settle(monkeypatch: pytest.MonkeyPatch, at: int, scale: float = 120.0) -> None:
    """Images that stop changing at so many steps: before, noise is mixed in; after, they are one picture."""

    def paint(request: ImageRequest) -> ImageResult:
        from fake_engine import SIDE

        rng = np.random.default_rng(request.seed)
        picture = rng.integers(60, 190, (SIDE, SIDE, 3)).astype(float)
        if request.num_inference_steps < at:
            picture += rng.normal(size=picture.shape) * scale / request.num_inference_steps
        rgb = picture.clip(0, 255).astype(np.uint8).tobytes()
        made = real(request)
        sha = f"{request.num_inference_steps:03}{request.seed:061}"
        return dataclasses.replace(made, rgb=rgb, sha256=sha, seconds=request.num_inference_steps / 100)

    import fake_engine

    real = fake_engine.paint
    monkeypatch.setattr(fake_engine, "paint", paint)


def guess(app: AppTest, option: int) -> None:
    radio = app.radio(key="steps.sweep.guess")
    radio.set_value(radio.options[option])
    press(app, "steps.sweep.commit")


def test_the_sweep_is_the_courses_own_on_one_noise(steps: AppTest, engine: FakeEngine) -> None:
    press(steps, "steps.sweep.run")
    (job,) = jobs(engine, len(SWEEP))
    assert tuple(request.num_inference_steps for request in job.requests) == SWEEP
    assert len({request.replace(num_inference_steps=1) for request in job.requests}) == 1, "only the steps may differ"


def test_the_sweep_waits_for_the_guess_and_the_chart_for_the_mark(
    steps: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(monkeypatch, at=16)
    images = len(pictures(steps))
    press(steps, "steps.sweep.run")
    assert "Your images are ready." in words(steps) and len(pictures(steps)) == images
    guess(steps, 1)
    assert len(pictures(steps)) == images + len(SWEEP)
    assert "The knee is at" not in words(steps), "the chart would give the answer away"
    fill(steps, "steps.sweep.chosen", 21)
    press(steps, "steps.sweep.mark_it")
    said = words(steps)
    assert "The knee is at **16 steps**" in said and "Your guess was right" in said
    assert "You marked 21 steps, after the knee: **75 of 100 points**" in said
    assert "All 20 images were drawn together in 9.7 s" in said


def test_who_skips_the_guess_sees_the_chart_at_once(steps: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(monkeypatch, at=16)
    press(steps, "steps.sweep.run")
    press(steps, "steps.sweep.skip")
    assert "The knee is at **16 steps**" in words(steps) and "You marked" not in words(steps)


def test_a_new_sweep_asks_for_a_new_mark(steps: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(monkeypatch, at=16)
    press(steps, "steps.sweep.run")
    guess(steps, 0)
    press(steps, "steps.sweep.skip_mark")
    assert "The knee is at" in words(steps)
    fill(steps, "steps.sweep.step_counts", "2, 8, 32")
    press(steps, "steps.sweep.run")
    assert "The knee is at" not in words(steps) and "Mark the knee by eye" in words(steps)


def test_a_sweep_that_never_settles_says_so(steps: AppTest, engine: FakeEngine) -> None:
    press(steps, "steps.sweep.run")
    press(steps, "steps.sweep.skip")
    assert "no knee before its last image" in words(steps), "painted noise is another picture at each number of steps"


def test_the_sweeps_table_is_in_the_order_of_the_grid(steps: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(monkeypatch, at=16)
    fill(steps, "steps.sweep.step_counts", "32, 2, 8, 16")
    press(steps, "steps.sweep.run")
    press(steps, "steps.sweep.skip")
    (table,) = [
        frame.value for frame in steps.dataframe if {"steps", "distance", "seconds"} == set(frame.value.columns)
    ]
    assert table["steps"].tolist() == [2, 8, 16, 32]
    assert table["distance"].iloc[0] > table["distance"].iloc[1] > 0.1 and table["distance"].iloc[2] == 0
    assert table["seconds"].tolist() == [0.02, 0.08, 0.16, 0.32]


def test_alone_and_together_are_computed_afresh_and_compared(steps: AppTest, engine: FakeEngine) -> None:
    for click in (1, 2):
        press(steps, "steps.batch.run")
        alone = [job for job in jobs(engine, 1) if job.requests[0].seed == 0]
        assert len(alone) == click and len(jobs(engine, 8)) == click, "each click must measure both again"
    assert alone[-1].requests[0] == jobs(engine, 8)[-1].requests[0]
    assert "byte for byte the same" in words(steps)
    assert "1.0 times faster" in words(steps), "the fake engine takes as long for each image"


def test_the_knees_over_seeds_carry_intervals(steps: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(monkeypatch, at=8)
    press(steps, "steps.knee.run")
    assert "The knees are seed 0: 8, seed 1: 8, seed 2: 8, seed 3: 8 steps" in words(steps)
    assert "the seeds agree" in words(steps)
    (summary,) = [f.value for f in steps.dataframe if {"steps", "mean", "low", "high", "n"} == set(f.value.columns)]
    assert summary["steps"].tolist() == [1, 2, 4, 8, 16, 32, 64] and set(summary["n"]) == {4}
    assert (summary["low"] < summary["mean"]).tolist()[:3] == [True] * 3


@pytest.mark.parametrize(
    ("scheduler", "steps_at_17"), [("ddim", 17), ("pndm", 16), ("dpm++2m", 17), ("unipc", 17), ("heun", 9)]
)
def test_the_race_gives_every_scheduler_the_same_evaluations(
    steps: AppTest, engine: FakeEngine, scheduler: str, steps_at_17: int
) -> None:
    press(steps, "steps.schedulers.run")
    (job,) = jobs(engine, 3 * (5 * 3 + 1))
    mine = [request for request in job.requests if request.scheduler == scheduler and request.seed == 1]
    counts = [len(SHELF.timesteps(scheduler, request.num_inference_steps)) for request in mine[:3]]
    assert counts == [5, 9, 17] and mine[2].num_inference_steps == steps_at_17


def test_the_race_is_decided_only_where_the_seeds_agree() -> None:
    import pandas as pd

    def table(ddim: list[float], heun: list[float]) -> pd.DataFrame:
        rows = [("DDIM", 5, 5, str(seed), value, 0.1) for seed, value in enumerate(ddim)]
        rows += [("Heun", 5, 3, str(seed), value, 0.1) for seed, value in enumerate(heun)]
        return pd.DataFrame(rows, columns=["scheduler", "evaluations", "steps", "seed", "distance", "seconds"])

    clear = solvers._nearest(table([0.10, 0.12, 0.11], [0.40, 0.43, 0.40]), 5)
    assert "**DDIM** is nearest" in clear and "ahead of Heun by 0.30" in clear
    close = solvers._nearest(table([0.10, 0.30, 0.11], [0.20, 0.20, 0.15]), 5)
    assert "cannot tell it from Heun" in close


def test_the_timesteps_shown_are_the_schedulers_own(steps: AppTest) -> None:
    assert timesteps.timestep_table(SHELF, ("ddim",), 5, "leading")["timestep"].tolist() == [801, 601, 401, 201, 1]
    for control, value in {"schedulers": ["heun"], "num_inference_steps": 2, "spacing": "trailing"}.items():
        fill(steps, f"steps.timesteps.{control}", value)
    press(steps, "steps.timesteps.run")
    assert "**Heun**: 3 evaluations, from 999 down to 499, looking again at 1 of its timesteps." in words(steps)


def test_more_steps_are_weighed_against_another_seed(steps: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(monkeypatch, at=20)
    press(steps, "steps.more.run")
    said = words(steps)
    assert "Going from 40 to 80 steps moves the image by 0.00 (0.00 to 0.00) and costs 0.40 s more" in said
    assert re.search(r"Another seed moves it by (0\.9|1\.0)\d", said)


def test_tables_of_the_laboratories_compare_within_a_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    settle(monkeypatch, at=8)
    import fake_engine

    results = [
        fake_engine.paint(ImageRequest(prompt="", seed=seed, num_inference_steps=n))
        for seed in (1, 2)
        for n in (2, 8, 16)
    ]
    assert knee_seeds.knee_table(results, 3)["distance"].round(6).tolist()[1:3] == [0.0, 0.0]
    changes = more_steps.change_table(results, 3)
    assert changes[["from", "to"]].values.tolist() == [[2, 8], [8, 16]] * 2
    assert changes["change"].round(6).tolist()[1::2] == [0.0, 0.0] and (changes["change"][::2] > 0.1).all()
    assert step_sweep.sweep_table(results[:3])["distance"].iloc[-1] == 0.0


@pytest.mark.parametrize(
    ("control", "typed", "sentence"),
    [
        ("sweep.step_counts", "0, 5", "Give a whole number from 1 to 150"),
        ("sweep.step_counts", "1-151:5", "Give a whole number from 1 to 150"),
        ("schedulers.evaluations", "many", "Give a whole number from 1 to 150"),
        ("schedulers.schedulers", [], "Choose at least one scheduler."),
    ],
)
def test_bad_input_gets_one_sentence(steps: AppTest, control: str, typed: Any, sentence: str) -> None:
    fill(steps, f"steps.{control}", typed)
    press(steps, f"steps.{control.split('.', maxsplit=1)[0]}.run")
    assert not steps.exception and len(steps.error) == 1 and sentence in steps.error[0].value
