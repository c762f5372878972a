"""The guidance lesson's laboratories: what reaches the engine, what is measured, and what is said of it."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Sequence
from typing import Any

import fake_engine
import numpy as np
import pandas as pd
import pytest
from fake_engine import FakeEngine, draw_traced, load_tiny
from streamlit.testing.v1 import AppTest

from dashboard.engine import ImageRequest, ImageResult, probes
from dashboard.ui import scoring
from dashboard.ui.labs import guidance_parts, guidance_seeds, guidance_steps, guidance_sweep
from pages import OpenPage, fill, jobs, pictures, press, words

COURSE_SEED, SWEEP = 6703136330805487, tuple(float(w) for w in range(2, 21, 3))


@pytest.fixture
def guidance(open_page: OpenPage) -> AppTest:
    return open_page("guidance")


@pytest.fixture(autouse=True)
def _scorer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A scorer that likes guidance 5 best, and each seed a little differently."""

    class Judge:
        def match(self, images: Sequence[Any], prompts: Sequence[str]) -> np.ndarray:
            assert all(isinstance(prompt, str) for prompt in prompts)
            return np.array([80 - abs(float(image[0, 0, 0]) - 50) / 5 + float(image[0, 0, 1]) / 10 for image in images])

    monkeypatch.setattr(scoring, "scorer_for", lambda model_id: Judge() if model_id == "pocket" else None)


@pytest.fixture
def burning(monkeypatch: pytest.MonkeyPatch) -> None:
    """Images whose contrast grows with guidance until it clips; few steps add noise, the more so with guidance."""
    real = fake_engine.paint

    def paint(request: ImageRequest) -> ImageResult:
        pattern = np.random.default_rng(request.seed).normal(size=(64, 64, 3))
        rough = np.random.default_rng(request.seed + 99).normal(size=(64, 64, 3))
        w, n = request.guidance_scale, request.num_inference_steps
        picture = 128 + (20 + 5 * w) * (pattern + w / n**2 * rough)
        picture[0, 0] = (min(255, 10 * w), request.seed % 7, 0)  # what the judge reads
        rgb = picture.clip(0, 255).astype(np.uint8).tobytes()
        return dataclasses.replace(real(request), rgb=rgb, sha256=hashlib.sha256(rgb).hexdigest())

    monkeypatch.setattr(fake_engine, "paint", paint)


def test_the_sweep_is_the_courses_own(guidance: AppTest, engine: FakeEngine) -> None:
    press(guidance, "guidance.sweep.run")
    (job,) = jobs(engine, len(SWEEP))
    assert tuple(request.guidance_scale for request in job.requests) == SWEEP
    assert {request.seed for request in job.requests} == {COURSE_SEED}
    assert len({request.replace(guidance_scale=1) for request in job.requests}) == 1, "only guidance may differ"


def test_the_sweep_waits_for_the_guess_and_then_scores_it(guidance: AppTest) -> None:
    images = len(pictures(guidance))
    press(guidance, "guidance.sweep.run")
    assert "Your images are ready." in words(guidance) and len(pictures(guidance)) == images
    radio = guidance.radio(key="guidance.sweep.guess")
    radio.set_value(radio.options[2])
    press(guidance, "guidance.sweep.commit")
    assert len(pictures(guidance)) == images + len(SWEEP)
    assert "Your guess was right" in words(guidance), "painted noise is unrelated, which is the third option"


def test_the_sweep_is_measured_from_its_pixels(guidance: AppTest, burning: None) -> None:
    fill(guidance, "guidance.sweep.guidances", "20, 2, 8")
    press(guidance, "guidance.sweep.run")
    press(guidance, "guidance.sweep.skip")
    (table,) = [f.value for f in guidance.dataframe if "distance" in f.value.columns]
    assert table["guidance"].tolist() == [2.0, 8.0, 20.0]
    assert table["clipped"].is_monotonic_increasing and table["clipped"].iloc[-1] > 0.2
    assert table["distance"].iloc[0] == 0
    assert re.search(r"From guidance 2 to 20 the image moved by 0\.\d\d", words(guidance))


def test_the_what_if_recombines_the_stored_pair_without_another_run(guidance: AppTest, engine: FakeEngine) -> None:
    fill(guidance, "guidance.parts.num_inference_steps", 3)
    press(guidance, "guidance.parts.run")
    assert not guidance.exception
    submitted = len(engine.submitted)
    assert "The run itself used w = 5." in words(guidance)
    fill(guidance, "guidance.parts.w", 12.0)
    fill(guidance, "guidance.parts.step", 2)
    guidance.run()
    said = words(guidance)
    assert "At step 2 (timestep" in said and "With w = 12 the guided sum" in said
    assert len(engine.submitted) == submitted
    assert "one-step what-if" in said
    alts = pictures(guidance)
    assert "the guided sum, w = 12 at step 2" in alts and "Clean image implied guided, w = 12" in alts


def test_the_lengths_are_those_of_the_trace(engine: FakeEngine) -> None:
    request = ImageRequest(prompt="an owl", num_inference_steps=3, guidance_scale=7.0)
    trace = draw_traced(request, load_tiny(engine._tiny_folder())).trace  # type: ignore[misc]
    assert trace is not None
    table = guidance_parts.length_table(trace)
    assert table["step"].tolist() == [1, 2, 3] and table["timestep"].is_monotonic_decreasing
    step = trace.steps[1]
    assert step.unconditional is not None
    expected = float((step.conditional - step.unconditional).norm() / step.conditional.norm())
    assert table["share"].iloc[1] == pytest.approx(expected)


def test_without_guidance_there_is_no_pair_and_the_page_says_so(guidance: AppTest, engine: FakeEngine) -> None:
    before = len(engine.submitted)
    fill(guidance, "guidance.parts.guidance_scale", 1.0)
    press(guidance, "guidance.parts.run")
    assert "no two predictions to combine" in words(guidance) and len(engine.submitted) == before


def test_tiles_show_every_channel() -> None:
    import torch

    sheet = guidance_parts._tiles(torch.stack([torch.full((8, 8), float(c)) for c in (-1, 0, 0, 1)])[None], limit=1.0)
    pixels = np.asarray(sheet)
    assert pixels.shape == (17, 17)
    assert [int(pixels[y, x]) for y, x in ((0, 0), (0, 16), (16, 0), (16, 16))] == [0, 128, 128, 255]


def test_seeds_are_measured_with_intervals(guidance: AppTest, burning: None) -> None:
    press(guidance, "guidance.seeds.run")
    assert not guidance.exception
    (table,) = [f.value for f in guidance.dataframe if "measure" in f.value.columns]
    titles = [title for title, _ in guidance_seeds.MEASURES.values()]
    assert list(dict.fromkeys(table["measure"])) == [*titles, guidance_seeds.DIVERSITY]
    assert table["guidance"].tolist() == [1.0, 2.0, 5.0, 10.0, 20.0] * 4 and set(table["n"]) == {5}
    said = words(guidance)
    assert "Share of colour values at 0 or 255 went from" in said and "a change beyond chance" in said
    assert "The match is best at guidance 5. From there to 20 it went from" in said


def test_without_a_scorer_nothing_is_said_of_the_match(
    guidance: AppTest, burning: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "scorer_for", lambda model_id: None)
    fill(guidance, "guidance.seeds.num_inference_steps", 7)  # images that were not measured before
    press(guidance, "guidance.seeds.run")
    assert not guidance.exception
    (table,) = [f.value for f in guidance.dataframe if "measure" in f.value.columns]
    assert scoring.MATCH not in set(table["measure"]) and "The match is best" not in words(guidance)


def test_differences_within_chance_are_said_to_be_so() -> None:
    assert "cannot tell from chance" in scoring.change_told("It", [0.5, 0.6, 0.7], [0.6, 0.5, 0.8])
    assert "a change beyond chance" in scoring.change_told("It", [0.5, 0.6, 0.7], [1.5, 1.61, 1.72])
    assert "cannot tell from chance" in scoring.change_told("It", [0.5], [0.9]), "one seed proves nothing"


def test_the_two_axis_grid_asks_whether_guidance_needs_steps(
    guidance: AppTest, engine: FakeEngine, burning: None
) -> None:
    press(guidance, "guidance.grid.run")
    (job,) = jobs(engine, 4 * 3 * 3)
    assert [(r.seed, r.guidance_scale, r.num_inference_steps) for r in job.requests[2:5]] == [
        (0, 2, 20),
        (0, 5, 5),
        (0, 5, 10),
    ]
    assert "The higher guidance needs more steps here." in words(guidance)


def test_the_comparison_is_refused_where_the_seeds_disagree() -> None:
    rows = [("2", "0", 5, 0.1), ("2", "1", 5, 0.4), ("20", "0", 5, 0.2), ("20", "1", 5, 0.3)]
    table = pd.DataFrame(rows, columns=["guidance", "seed", "steps", "distance"])
    assert "cannot tell the two apart" in guidance_steps._comparison(table, "2", "20", 5, 20)


def test_the_belief_is_weighed_by_match_and_pixels(guidance: AppTest, burning: None) -> None:
    press(guidance, "guidance.higher.run")
    assert "From guidance 5 to 20: Match with the prompt went from" in words(guidance)


def test_the_same_picture_is_at_no_distance(burning: None) -> None:
    results = [fake_engine.paint(ImageRequest(prompt="", guidance_scale=w)) for w in (2.0, 2.0, 20.0)]
    table = guidance_sweep.sweep_table(results)
    assert table["distance"].tolist()[:2] == [0.0, 0.0] and table["distance"].iloc[2] > 0
    diversity = guidance_seeds.diversity_table(results[:2], 2)
    assert diversity["mean"].tolist() == [0.0]


def test_guidance_parts_add_up(engine: FakeEngine) -> None:
    """The lesson's formula, and the paper's: its own w is one less."""
    request = ImageRequest(prompt="an owl", num_inference_steps=2, guidance_scale=7.0)
    trace = draw_traced(request, load_tiny(engine._tiny_folder())).trace  # type: ignore[misc]
    assert trace is not None
    parts, w_paper = probes.guidance_parts(trace.steps[0]), 6.0
    paper = (1 + w_paper) * parts.conditional - w_paper * parts.unconditional
    assert np.allclose(parts.guided.numpy(), paper.numpy(), atol=1e-5)
    assert np.allclose(trace.steps[0].with_guidance(1.0).noise.numpy(), parts.conditional.numpy(), atol=1e-6)
