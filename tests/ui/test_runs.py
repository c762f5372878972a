"""Running: one job a click, cancel, failures in a sentence, results that survive reruns and page switches."""

from __future__ import annotations

import time

import pytest
from fake_engine import FakeEngine
from streamlit.testing.v1 import AppTest

from dashboard.engine import JobSnapshot, QueueFull
from dashboard.engine.jobs import CellStatus
from dashboard.ui.runs import progress_text
from pages import OpenPage, commit, fill, jobs, press, words

GRID = 6


def finish(app: AppTest, engine: FakeEngine) -> AppTest:
    """Wait for every job and draw the page as its fragment would."""
    for job in engine.submitted:
        if not job.ended:
            job.results(timeout=20)
    return app.run()


def test_a_running_job_shows_progress_and_then_its_images(seeds: AppTest, engine: FakeEngine) -> None:
    engine.step_seconds = 0.01
    commit(seeds)
    press(seeds, "seeds.grid.run")
    assert "Drawing:" in seeds.get("progress")[0].proto.text or "Waiting:" in seeds.get("progress")[0].proto.text
    assert any('class="dd-grid"' in str(e.proto.body) for e in seeds.get("html")), "previews are missing"
    finish(seeds, engine)
    assert not seeds.get("progress") and "What this run showed" in words(seeds)


def test_previews_stay_covered_until_the_guess(seeds: AppTest, engine: FakeEngine) -> None:
    engine.step_seconds = 0.01
    press(seeds, "seeds.grid.run")
    assert not any('class="dd-grid"' in str(e.proto.body) for e in seeds.get("html"))
    assert "Predict first" in words(seeds)


def test_clicking_again_while_it_runs_is_one_job(seeds: AppTest, engine: FakeEngine) -> None:
    engine.step_seconds = 0.01
    for _ in range(4):
        press(seeds, "seeds.grid.run")
    for _ in range(4):
        press(seeds, "seeds.repeat.run")  # draws new seeds at each click that counts
    assert len(jobs(engine, GRID)) == 2


def test_cancel_stops_the_job_and_keeps_the_inputs(seeds: AppTest, engine: FakeEngine) -> None:
    engine.step_seconds = 0.05
    fill(seeds, "seeds.grid.num_inference_steps", 33)
    press(seeds, "seeds.grid.run")
    press(seeds, "seeds.grid.cancel")
    (job,) = jobs(engine, GRID)
    assert job.state == "cancelled"
    assert "You stopped this run." in words(seeds)
    assert seeds.number_input(key="seeds.grid.num_inference_steps").value == 33
    engine.step_seconds = 0.0
    press(seeds, "seeds.grid.again")
    assert jobs(engine, GRID)[-1].state == "done", "Run again must be a new job"


def test_a_failed_job_is_one_sentence(seeds: AppTest, engine: FakeEngine) -> None:
    engine.broken = "The model ran out of memory."
    press(seeds, "seeds.grid.run")
    assert not seeds.exception
    assert [box.value for box in seeds.warning] == ["The model ran out of memory."]
    engine.broken = ""
    press(seeds, "seeds.grid.again")
    assert "Your images are ready." in words(seeds)


@pytest.mark.parametrize(
    ("problem", "sentence"),
    [
        (QueueFull("full", retry_after=12.4), "Try again in about 12 seconds."),
        (ValueError("The width must be a multiple of 8."), "The width must be a multiple of 8."),
    ],
)
def test_a_refused_job_is_one_sentence(seeds: AppTest, engine: FakeEngine, problem: Exception, sentence: str) -> None:
    engine.problem = problem
    press(seeds, "seeds.grid.run")
    assert not seeds.exception and sentence in seeds.warning[0].value


def test_results_survive_reruns_and_other_pages(seeds: AppTest, engine: FakeEngine) -> None:
    commit(seeds)
    fill(seeds, "seeds.grid.prompt", "an owl")
    press(seeds, "seeds.grid.run")
    submitted = len(engine.submitted)
    seeds.run()
    seeds.switch_page("pages/welcome.py").run()
    seeds.switch_page("pages/seeds.py").run()
    assert "What this run showed" in words(seeds)
    assert seeds.text_area(key="seeds.grid.prompt").value == "an owl"
    assert len(engine.submitted) - submitted <= 1, "only Welcome's own first image may be asked for"


def test_a_second_experiment_waits_its_turn_after_a_reload(open_page: OpenPage, engine: FakeEngine) -> None:
    engine.step_seconds = 0.01
    app = open_page("seeds", {"ran": "grid.strip"})
    assert sum(not job.ended for job in engine.submitted) <= 1
    for _ in range(4):
        finish(app, engine)
    assert jobs(engine, GRID)[0].state == "done" and jobs(engine, 8)[0].state == "done"


def test_another_run_takes_over_and_says_so(seeds: AppTest, engine: FakeEngine) -> None:
    engine.step_seconds = 0.05
    press(seeds, "seeds.grid.run")
    (first,) = jobs(engine, GRID)
    press(seeds, "seeds.strip.run")
    first.cancel()  # what the engine does when one learner submits again
    seeds.run()
    assert "gave way to another one" in words(seeds)
    assert not jobs(engine, 8)[0].ended


def test_a_lost_connection_begins_again(seeds: AppTest, engine: FakeEngine) -> None:
    engine.step_seconds = 0.02
    press(seeds, "seeds.grid.run")
    jobs(engine, GRID)[0].cancel()  # by the keeper, not by the learner
    seeds.run()
    deadline = time.monotonic() + 5
    while len(jobs(engine, GRID)) < 2 and time.monotonic() < deadline:
        seeds.run()
    assert len(jobs(engine, GRID)) == 2 and not seeds.warning


def snapshot(**changes: object) -> JobSnapshot:
    values: dict = {
        "id": "1",
        "state": "running",
        "cells": (CellStatus(state="running", step=3, steps=21), CellStatus(steps=21)),
        "position": 0,
        "progress": 0.1,
        "eta_seconds": 4.2,
        "wait_seconds": 0.0,
        "message": "",
    }
    return JobSnapshot(**{**values, **changes})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "Drawing: 0 of 2 images done, step 3 of 21, about 4 s left"),
        ({"eta_seconds": None}, "Drawing: 0 of 2 images done, step 3 of 21"),
        (
            {"state": "queued", "position": 12, "wait_seconds": 8.0},
            "Waiting: 2 images, 12 ahead of you, about 8 s to wait; then about 4 s to draw",
        ),
        (
            {"state": "queued", "wait_seconds": None, "eta_seconds": None},
            "Waiting: 2 images, next in line; then drawing time not known yet",
        ),
    ],
)
def test_progress_tells_waiting_from_work(changes: dict, words: str) -> None:
    assert progress_text(snapshot(**changes)) == words
