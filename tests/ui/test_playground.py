"""The playground: any two axes reach the requests, two cells are compared rightly, a PNG fills the form."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from fake_engine import SHAPE, FakeEngine, paint
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from streamlit.testing.v1 import AppTest

from dashboard.course import load_course
from dashboard.engine import ImageRequest, Latents, initial_noise
from dashboard.engine.catalogue import CATALOGUE, POCKET_FAST
from dashboard.export import png_bytes
from dashboard.intervals import mean_interval
from dashboard.ui import axes_compared
from dashboard.ui.grid_axes import axis_of, grid_of
from dashboard.ui.labs import anecdote, any_grid
from dashboard.ui.load_settings import left_out
from dashboard.ui.pair_view import asked_differently, blended, wiped
from pages import OpenPage, fill, jobs, pictures, press, value_of, words

DEFAULTS = load_course().lessons["playground"].experiments["grid"]
CELLS = 20


@pytest.fixture
def playground(open_page: OpenPage) -> AppTest:
    """The playground, just opened."""
    return open_page("playground")


def live_request(engine: FakeEngine) -> ImageRequest:
    """What the live image asked for last."""
    return next(job for job in reversed(engine.submitted) if job.requests[0].model == POCKET_FAST).requests[0]


def test_the_live_image_follows_every_change(playground: AppTest, engine: FakeEngine) -> None:
    own = CATALOGUE[POCKET_FAST]
    first = live_request(engine)
    assert (first.num_inference_steps, first.guidance_scale) == (own.default_steps, own.default_guidance_scale)
    assert first.scheduler == own.default_scheduler
    fill(playground, "playground.live.prompt", "an owl at night")
    playground.run()
    assert live_request(engine) == first.replace(prompt="an owl at night")
    fill(playground, "playground.live.seed", 7)
    playground.run()
    assert live_request(engine) == first.replace(prompt="an owl at night", seed=7)
    assert "another model than Pocket" in words(playground)


def test_the_grid_takes_the_live_words(playground: AppTest, engine: FakeEngine) -> None:
    fill(playground, "playground.live.prompt", "an owl at night")
    playground.run()
    press(playground, "playground.live.take")
    assert value_of(playground, "playground.grid.prompt.1") == "an owl at night"
    run_grid(playground)
    (job,) = jobs(engine, CELLS)
    assert {request.prompt for request in job.requests} == {"an owl at night"}


def test_a_live_image_that_fails_is_told_once_and_not_asked_for_again(open_page: OpenPage, engine: FakeEngine) -> None:
    engine.broken = "The model ran out of memory."
    app = open_page("playground")
    assert "The model ran out of memory." in words(app) and not app.exception
    asked = len(engine.submitted)
    app.run()
    assert len(engine.submitted) == asked


def test_a_live_image_waits_for_a_grid_that_is_being_drawn(open_page: OpenPage, engine: FakeEngine) -> None:
    app = open_page("playground")
    engine.step_seconds = 0.05
    press(app, "playground.grid.run")
    (grid,) = jobs(engine, CELLS)
    fill(app, "playground.live.prompt", "an owl at night")
    app.run()
    assert live_request(engine).prompt != "an owl at night" and not grid.ended
    assert "Starts when the other experiment on this page is done." in words(app)
    grid.cancel()


def test_live_words_are_read_as_the_fast_model_reads_them(playground: AppTest) -> None:
    fill(playground, "playground.live.prompt", "a photo of a walrus")
    playground.run()
    assert "Pocket was never shown “walrus”" in words(playground)


def test_a_live_prompt_that_is_too_long_is_cut_and_says_what_is_not_read(
    playground: AppTest, engine: FakeEngine
) -> None:
    fill(playground, "playground.live.prompt", "owl " * 1000)
    playground.run()
    assert not playground.exception and "tokens and drops the last" in words(playground)
    assert len(live_request(engine).prompt) == 2_000 - 1  # the last blank goes


def run_grid(app: AppTest) -> AppTest:
    press(app, "playground.grid.run")
    return press(app, "playground.grid.skip") if "Your images are ready." in words(app) else app


@pytest.mark.parametrize(
    ("axis", "typed", "field", "values"),
    [
        ("guidance", "1-2:0.5", "guidance_scale", (1.0, 1.5, 2.0)),
        ("steps", "5\n10", "num_inference_steps", (5, 10)),
        ("seed", "0-2, 9", "seed", (0, 1, 2, 9)),
        ("scheduler", "DDIM, euler, DPM-Solver++ 2M", "scheduler", ("ddim", "euler", "dpm++2m")),
        ("prompt", "an owl, at night\na cat", "prompt", ("an owl, at night", "a cat")),
        ("negative", "none\nred", "negative_prompt", ("", "red")),
    ],
)
@pytest.mark.parametrize("side", ["row", "column"])
def test_every_axis_reaches_the_requests_on_both_sides(
    axis: str, typed: str, field: str, values: tuple[object, ...], side: str
) -> None:
    other = "steps" if axis == "seed" else "seed"
    across = {"row": "column", "column": "row"}[side]
    form = {f"{side}_axis": axis, f"{side}_values": typed, f"{across}_axis": other, f"{across}_values": "3, 4"}
    grid = grid_of({**DEFAULTS, **form}, "pocket")
    found = list(dict.fromkeys(getattr(request, field) for request in grid.requests))
    assert tuple(found) == values and len(grid.requests) == 2 * len(values) == len(set(grid.titles))


def test_the_forms_own_values_hold_where_no_axis_varies_them(playground: AppTest, engine: FakeEngine) -> None:
    typed: dict[str, Any] = {"prompt": "an owl", "negative_prompt": "red", "num_inference_steps": 3, "scheduler": "lms"}
    for name, value in typed.items():
        fill(playground, f"playground.grid.{name}", value)
    run_grid(playground)
    (job,) = jobs(engine, CELLS)
    assert all(getattr(request, name) == value for request in job.requests for name, value in typed.items())
    assert [(r.guidance_scale, r.seed) for r in job.requests[:6]] == [(1, s) for s in range(1, 6)] + [(2, 1)]
    assert "guidance scale** and **seed** give way to the axes" in words(playground)


@pytest.mark.parametrize(
    ("control", "typed", "sentence"),
    [
        ("row_values", "1-20", "That makes 100 images; one grid has at most 24."),
        ("row_values", "much", "Rows, guidance: Guidance is a number from 0 to 30."),
        ("row_values", "", "Rows, guidance: Give from 1 to 24 guidance scales"),
        ("column_values", "-1", "Columns, seed: A seed is a whole number"),
        ("column_axis", "guidance", "must vary different things"),
        ("column_axis", "scheduler", "Columns, scheduler: Choose one of pndm"),
    ],
)
def test_bad_axes_get_one_sentence_and_keep_what_was_typed(
    playground: AppTest, engine: FakeEngine, control: str, typed: str, sentence: str
) -> None:
    run_grid(playground)
    fill(playground, f"playground.grid.{control}", typed)
    press(playground, "playground.grid.run")
    assert len(playground.error) == 1 and sentence in playground.error[0].value
    assert value_of(playground, f"playground.grid.{control}") == typed and len(jobs(engine, CELLS)) == 1


def test_everything_is_in_the_link(open_page: OpenPage, engine: FakeEngine) -> None:
    query = {"ran": "grid.pair", "grid.rows": "steps", "grid.down": "2, 4", "grid.across": "7-9", "grid.steps": "9"}
    app = open_page("playground", {**query, "pair.a": "2", "pair.b": "5", "pair.view": "map"})
    press(app, "playground.grid.skip")
    (job,) = jobs(engine, 6)
    assert [(r.num_inference_steps, r.seed) for r in job.requests][:4] == [(2, 7), (2, 8), (2, 9), (4, 7)]
    assert any(alt.startswith("Difference map of A, 2 steps, seed 8, and B, 4 steps, seed 8") for alt in pictures(app))
    app.selectbox(key="playground.pair.a.6").set_value(1).run()
    assert "pair.a" not in app.query_params and app.query_params["pair.b"] == "5", "the first cell is the default"


@pytest.mark.parametrize("bad", [{"pair.a": "99"}, {"pair.a": "-1"}, {"pair.a": "²"}, {"pair.view": "x"}])
def test_a_hostile_pair_in_a_link_is_left_aside(open_page: OpenPage, bad: dict[str, str]) -> None:
    app = open_page("playground", {"ran": "grid.pair", **bad})
    press(app, "playground.grid.skip")
    assert not app.exception
    assert value_of(app, f"playground.pair.a.{CELLS}") == 1


def test_one_difference_explains_and_two_do_not(playground: AppTest) -> None:
    run_grid(playground)
    assert "Only **seed** differs" in words(playground)
    playground.selectbox(key=f"playground.pair.b.{CELLS}").set_value(CELLS).run()
    assert "**2 things** differ: seed, guidance scale." in words(playground)
    playground.selectbox(key=f"playground.pair.b.{CELLS}").set_value(1).run()
    assert "A and B are **the same request**" in words(playground)


@pytest.mark.parametrize("view", ["side", "slider", "overlay", "map"])
def test_every_view_shows_its_picture(open_page: OpenPage, view: str) -> None:
    app = open_page("playground", {"ran": "grid.pair", "pair.view": view})
    press(app, "playground.grid.skip")
    assert not app.exception and len(pictures(app)) == 1 + CELLS + (2 if view == "side" else 1)


def test_slider_and_overlay_run_from_one_image_to_the_other() -> None:
    a, b = (paint(ImageRequest(prompt=prompt)).array() for prompt in ("a", "b"))
    assert np.array_equal(wiped(a, b, 1.0), a) and np.array_equal(wiped(a, b, 0.0), b)
    half = np.array(wiped(a, b, 0.5))
    assert np.array_equal(half[:, :32], a[:, :32]) and np.array_equal(half[:, 32:], b[:, 32:])
    assert np.array_equal(blended(a, b, 0.0), a) and np.array_equal(blended(a, b, 1.0), b)
    assert np.abs(np.array(blended(a, b, 0.5)) - (a / 2 + b / 2)).max() <= 0.5


def test_what_was_asked_differently() -> None:
    request = ImageRequest(prompt="an owl")
    assert asked_differently(request, request) == []
    assert asked_differently(request, request.replace(seed=3)) == [("seed", 0, 3)]


def load(app: AppTest, data: bytes) -> AppTest:
    app.file_uploader(key="playground.grid.png").set_value(("picture.png", data, "image/png")).run()
    return app


def test_our_own_png_fills_the_form_and_keeps_the_axes(playground: AppTest, engine: FakeEngine) -> None:
    asked = ImageRequest(prompt="an owl", negative_prompt="red", seed=77, num_inference_steps=7, scheduler="heun")
    load(playground, png_bytes(paint(asked)))
    assert "It says: " in words(playground)
    press(playground, "playground.grid.load")
    assert value_of(playground, "playground.grid.prompt.1") == "an owl"
    fill(playground, "playground.grid.row_values", "2, 3")  # not a new widget: what stands in it is kept
    press(playground, "playground.grid.run")
    (job,) = jobs(engine, 10)
    assert job.requests[0] == asked.replace(seed=1, guidance_scale=2.0), "rows and columns as they were typed"


def test_automatic1111s_png_fills_the_form(playground: AppTest, engine: FakeEngine) -> None:
    texts = PngInfo()
    texts.add_text(
        "parameters",
        "a castle\nNegative prompt: fog\nSteps: 9, Sampler: Euler a, CFG scale: 6.5, Seed: 5, Size: 512x512, Model: v1",
    )
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "PNG", pnginfo=texts)
    load(playground, buffer.getvalue())
    assert "Its size is left out" in words(playground) and "made with the model v1" in words(playground)
    press(playground, "playground.grid.load")
    press(playground, "playground.grid.run")
    request = jobs(engine, CELLS)[0].requests[0]
    assert (request.prompt, request.negative_prompt) == ("a castle", "fog")
    assert (request.num_inference_steps, request.scheduler) == (9, "euler-ancestral")


def test_a_png_without_settings_gets_a_sentence(playground: AppTest) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "PNG")
    load(playground, buffer.getvalue())
    assert not playground.exception and "carries no settings" in playground.error[0].value


def test_what_a_form_cannot_take_over_is_said() -> None:
    request = ImageRequest(prompt="an owl")
    assert left_out(request, "pocket") == []
    given = request.replace(latents=Latents.from_tensor(initial_noise(1, SHAPE)), dtype="bfloat16", width=64)
    assert len(left_out(given, "other")) == 4


def test_the_grids_chart_compares_rows_with_columns(playground: AppTest) -> None:
    run_grid(playground)
    (table,) = [frame.value for frame in playground.dataframe if "between" in frame.value.columns]
    assert (table["between"] == axes_compared.ALONG).sum() == 4 and (table["between"] == axes_compared.DOWN).sum() == 5
    assert "this grid cannot tell which moved it more" in words(playground), "painted noise differs as much either way"


def test_no_mean_of_distances_is_said_to_lie_below_nought() -> None:
    wide = axes_compared._mean([0.1, 0.1, 0.9])
    assert mean_interval([0.1, 0.1, 0.9]).low < 0 == wide.low and wide.high == mean_interval([0.1, 0.1, 0.9]).high
    assert np.isnan(axes_compared._mean([0.3]).low)


def test_a_single_row_is_shown_and_nothing_is_claimed(playground: AppTest) -> None:
    fill(playground, "playground.grid.row_values", "5")
    run_grid(playground)
    assert not playground.exception and "nothing to compare" in words(playground)


def test_a_grid_without_seeds_says_so() -> None:
    grid = grid_of({**DEFAULTS, "column_axis": "steps", "column_values": "2, 4"}, "pocket")
    same = mean_interval([0.5, 0.5])
    assert "about one seed" in any_grid._reading(grid, same, same)


def test_seeds_that_point_the_other_way_are_counted() -> None:
    table = anecdote.paired(["1", "2", "3"], [[paint(ImageRequest(prompt=p)) for p in "abc"]] * 2)
    assert table["difference"].tolist() == [0.0] * 3
    told = anecdote.reading(table.assign(difference=[2.0, 3.0, -1.0]), mean_interval([2.0, 3.0, -1.0]), "w 1", "w 2")
    assert "cannot tell the two apart" in told and "**1 of 3** points the other way" in told


def test_colourfulness_runs_from_grey_to_a_pure_colour() -> None:
    grey, red = np.full((2, 2, 3), 90, np.uint8), np.zeros((2, 2, 3), np.uint8)
    red[..., 0] = 255
    assert anecdote.colourfulness(grey) == 0.0 and anecdote.colourfulness(red) == 255.0


def test_the_anecdote_wants_two_settings_and_several_seeds(playground: AppTest) -> None:
    fill(playground, "playground.anecdote.seeds", "1")
    press(playground, "playground.anecdote.run")
    assert "at least two seeds" in playground.error[0].value
    fill(playground, "playground.anecdote.seeds", "1-3")
    fill(playground, "playground.anecdote.guidances", "2")
    press(playground, "playground.anecdote.run")
    assert "two guidance scales" in playground.error[0].value


def test_axis_values_keep_their_order() -> None:
    assert axis_of("seed", "9, 3, 5").values == (9, 3, 5)
