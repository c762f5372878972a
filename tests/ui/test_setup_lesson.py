"""Setting up: what the page says of the machine, the models and the clock is what was measured."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pandas as pd
import pytest
from fake_engine import ANATOMY, FakeEngine, paint
from streamlit.testing.v1 import AppTest

from dashboard.course import load_course
from dashboard.engine import ImageRequest
from dashboard.engine.jobs import JobTimes
from dashboard.engine.parts import STABLE_DIFFUSION_1, STABLE_DIFFUSION_1_CHECKER, STABLE_DIFFUSION_1_GFLOP
from dashboard.engine.sources import DEFAULT_HUB_MODEL, list_sources
from dashboard.intervals import ratio_interval
from dashboard.machine import describe
from dashboard.ui.controls import CONTROLS
from dashboard.ui.labs import batches, cost_grid, model_needs, timed, without_card
from pages import OpenPage, fill, jobs, pictures, press, words

LESSON = load_course().lessons["setup"]
HERE = describe("cpu", threads=1, folder=Path())
REQUEST = ImageRequest(prompt="a castle", seed=1)


@pytest.fixture
def lesson(open_page: OpenPage) -> AppTest:
    return open_page("setup")


def section(name: str) -> str:
    maths = LESSON.maths(name)
    return LESSON.section(name).body + (maths.body if maths else "")


# ---- the machine and the models


def test_the_machines_table_is_measured(lesson: AppTest) -> None:
    table = str(lesson.table[0].value)
    assert "none found" in table and HERE.python in table and HERE.diffusers in table and HERE.streamlit in table


def test_the_needs_are_counted(lesson: AppTest) -> None:
    (table,) = [frame.value for frame in lesson.dataframe if "MB in float16" in frame.value.columns]
    rows = table.set_index("part")
    assert rows.loc["all", "Fake, parameters"] == ANATOMY.parameters
    everything = sum(STABLE_DIFFUSION_1.values()) + STABLE_DIFFUSION_1_CHECKER
    assert rows.loc["all", "Stable Diffusion 1.x, parameters"] == everything
    assert rows.loc["unet", "MB in float16"] == 1719 and rows.loc["unet", "MB in float32"] == 3438
    assert rows.loc["unet", "MB here (float32)"] == 24.0


def test_the_texts_counts_are_those_of_the_table() -> None:
    text = section("needs")
    for name, count in STABLE_DIFFUSION_1.items():
        assert f"{count / 1e6:.1f}" in text, name
    assert f"{STABLE_DIFFUSION_1_CHECKER / 1e6:.1f}" in text
    assert f"{STABLE_DIFFUSION_1_GFLOP:.0f} \\text{{ GFLOP}}" in text
    fifty_steps = 2 * 50 * STABLE_DIFFUSION_1_GFLOP * 1e9
    assert fifty_steps == pytest.approx(80e12, rel=0.01) and "80 million million" in text
    million = sum(STABLE_DIFFUSION_1.values()) / 1e6
    (question,) = [q for q in LESSON.quiz if "float16" in q.question]
    assert f"{million:,.0f} million" in question.question
    assert f"{2 * million / 1000:.1f} GB" in question.options[question.answer - 1].text


@pytest.mark.parametrize(
    ("free", "card", "sentence"),
    [
        (10**10, None, "needs 4.3 GB for its weights in float32. They would fit into the free memory"),
        (10**9, None, "They would not fit into the free memory of this machine, 1.0 GB"),
        (None, None, "This system does not tell how much is free."),
        (10**9, 8 * 10**9, "needs 2.1 GB for its weights in float16. They would fit into the graphics card"),
    ],
)
def test_whether_the_weights_fit_is_computed(free: int | None, card: int | None, sentence: str) -> None:
    machine = dataclasses.replace(HERE, memory_free=free, device_memory=card)
    assert sentence in model_needs.needs_sentence(machine, 0.8, "Pocket")
    assert "1,004 times as much" in model_needs.needs_sentence(machine, 0.8, "Pocket")


def test_what_the_text_says_of_the_models_on_offer() -> None:
    repository = DEFAULT_HUB_MODEL.split("@")[0]
    offered = {
        gpu: [source.place.repository for source in list_sources(Path("x"), (), gpu=gpu)] for gpu in (True, False)
    }
    assert repository in offered[True] and repository not in offered[False]
    assert f"https://huggingface.co/{repository}" in section("hub")


def test_the_models_are_listed_with_the_reason_why_not(open_page: OpenPage, engine: FakeEngine) -> None:
    info = engine.models.infos()[0]
    gone = type(info)(**{**vars(info), "id": "sd", "name": "Big", "available": False, "reason": "It needs a card."})
    engine.models.infos = lambda: (info, gone)
    app = open_page("setup")
    (table,) = [f.value for f in app.dataframe if "runs here" in f.value.columns]
    assert "this server uses none" in words(app)
    assert list(table["runs here"]) == ["yes", "no"] and table.iloc[1]["why not, or what to know"] == "It needs a card."


# ---- one image, timed


def test_the_timed_image_is_new_and_then_asked_for_again(lesson: AppTest, engine: FakeEngine) -> None:
    known = len(engine.submitted)
    press(lesson, "setup.timed.run")
    first, again = engine.submitted[known:]
    assert first.requests == again.requests and "Your images are ready." in words(lesson)
    press(lesson, "setup.timed.skip")
    assert "Computing took 0.01 s for 20 steps" in words(lesson)
    assert "it was computed again" in words(lesson), "the fake engine keeps no memo, and the page must say so"
    press(lesson, "setup.timed.run")
    assert engine.submitted[-1].requests[0].seed != first.requests[0].seed, "each click times a new image"


def test_the_guess_is_scored_on_the_seconds(lesson: AppTest) -> None:
    press(lesson, "setup.timed.run")
    before = len(pictures(lesson))
    radio = lesson.radio(key="setup.timed.guess")
    radio.set_value(radio.options[0])
    press(lesson, "setup.timed.commit")
    assert len(pictures(lesson)) == before + 2
    assert "The computing time of the image was **0.01 s**" in words(lesson) and "84 of 100 points" in words(lesson)


def test_the_words_about_the_memo() -> None:
    result = dataclasses.replace(paint(REQUEST), seconds=0.5)
    kept = dataclasses.replace(result, from_memo=True)
    now, quick = JobTimes(first_step=0.2, whole=0.9), JobTimes(first_step=None, whole=0.004)
    said = timed.sentences(result, kept, now, quick)
    assert "40.0 steps a second on cpu" in said and "first step was done 0.20 s after" in said
    assert "from the memo in 4 ms, the same bytes" in said
    fast = JobTimes(first_step=None, whole=0.0004)
    assert "in less than a millisecond" in timed.sentences(result, kept, now, fast)
    assert "this time it came from the memo" in timed.sentences(kept, kept, quick, quick)
    other = dataclasses.replace(kept, sha256="f" * 64)
    assert "must never happen" in timed.sentences(result, other, now, quick)


# ---- batches


def test_batches_run_in_turns_and_every_image_is_new(lesson: AppTest, engine: FakeEngine) -> None:
    press(lesson, "setup.batch.skip")
    known = len(engine.submitted)
    press(lesson, "setup.batch.run")
    runs = engine.submitted[known:]
    assert [len(job.requests) for job in runs] == [1, 2, 4, 8] * 3
    asked = [request for job in runs for request in job.requests]
    assert len(set(asked)) == len(asked) == 45
    (table,) = [f.value for f in lesson.dataframe if "seconds an image" in f.value.columns]
    assert list(table["images"]) == [1, 2, 4, 8] * 3
    assert table["seconds"].tolist() == pytest.approx([0.01, 0.02, 0.04, 0.08] * 3)
    assert "for 8 times as many images" in words(lesson)
    press(lesson, "setup.batch.run")
    assert len(engine.submitted) == known + 24, "a second click measures anew"


def test_a_double_click_is_one_measurement(lesson: AppTest, engine: FakeEngine) -> None:
    engine.step_seconds = 1.0  # the first batch must still run at the second click
    known = len(engine.submitted)
    press(lesson, "setup.batch.run")
    press(lesson, "setup.batch.run")
    assert len(engine.submitted) == known + 1


def test_other_sizes_are_not_scored(lesson: AppTest) -> None:
    press(lesson, "setup.batch.skip")
    fill(lesson, "setup.batch.batch_sizes", "2, 3")
    press(lesson, "setup.batch.run")
    assert "run these to have it scored" in words(lesson) and "for 1.5 times as many images" in words(lesson)
    fill(lesson, "setup.batch.batch_sizes", "2")
    press(lesson, "setup.batch.run")
    assert "One size alone compares nothing" in words(lesson)


def test_too_many_images_get_a_sentence(lesson: AppTest, engine: FakeEngine) -> None:
    fill(lesson, "setup.batch.batch_sizes", "24, 23")
    press(lesson, "setup.batch.run")
    assert "That makes 141 images" in lesson.error[0].value and not jobs(engine, 24)


def timings(eight: list[float]) -> pd.DataFrame:
    rows = [(repeat, size, s) for repeat, e in enumerate(eight) for size, s in ((1, 1.0), (8, e))]
    return pd.DataFrame(rows, columns=["repeat", "images", "seconds"])


@pytest.mark.parametrize(
    ("eight", "sentence"),
    [
        ([6.0, 6.1, 6.2], "So a batch is cheaper"),
        ([9.0, 9.1, 9.2], "dearer than its images one by one"),
        ([6.0, 8.0, 10.0], "cannot tell whether"),
        ([6.0], "cannot tell whether"),
    ],
)
def test_what_is_said_follows_the_interval(eight: list[float], sentence: str) -> None:
    table = timings(eight)
    times = batches.ratios(table, 1, 8)
    assert times == ratio_interval(eight) or len(eight) == 1
    assert sentence in batches.sentences(table, times, 1, 8)


def test_the_chart_holds_both_lines() -> None:
    chart = batches.batch_chart(timings([6.0, 6.1, 6.2])).to_dict()
    (data,) = [rows for rows in chart["datasets"].values() if "way" in rows[0]]
    lines = {(row["way"], row["images"]): row["mean"] for row in data}
    assert lines["in one batch", 8] == pytest.approx(6.1)
    assert lines["one after another (computed)", 8] == pytest.approx(8.0)


def test_the_shared_seeds_of_a_link_pass_their_control() -> None:
    assert CONTROLS["drawn"].tidy(timed.draw_seed()["drawn"]) and CONTROLS["drawn"].tidy(batches.draw_starts()["drawn"])


# ---- steps against guidance


def priced(o: float, c: float = 0.0) -> pd.DataFrame:
    """What the sum in the text gives: a row costs 1, the rest of a step `o`, the rest of an image `c`."""
    images = [
        dataclasses.replace(paint(REQUEST.replace(guidance_scale=g, num_inference_steps=n)), seconds=c + n * (o + rows))
        for g, rows in ((1.0, 1), (5.0, 2), (10.0, 2))
        for n in (5, 10, 20)
    ]
    return cost_grid.cost_table(images)


def test_each_cell_is_drawn_alone_and_new_at_each_click(lesson: AppTest, engine: FakeEngine) -> None:
    press(lesson, "setup.cost.skip")
    known = len(engine.submitted)
    press(lesson, "setup.cost.run")
    runs = engine.submitted[known:]
    assert [len(job.requests) for job in runs] == [1] * 9, "in one batch they would share the seconds"
    asked = [job.requests[0] for job in runs]
    grid = [(r.guidance_scale, r.num_inference_steps) for r in asked]
    assert grid == [(g, n) for g in (1, 5, 10) for n in (5, 10, 20)] and len({r.seed for r in asked}) == 1
    (table,) = [f.value for f in lesson.dataframe if list(f.value.columns) == ["guidance", "steps", "seconds"]]
    assert table["seconds"].tolist() == [0.01] * 9
    assert "which this run cannot tell from equal" in words(lesson), "the fake engine takes as long for each"
    assert "The time at guidance 5 over the time at guidance 1 was **1.00**" in words(lesson)
    assert "not sure" not in words(lesson), "the interval is 1.00 to 1.00"
    press(lesson, "setup.cost.run")
    assert len(engine.submitted) == known + 18 and engine.submitted[-1].requests[0].seed != asked[0].seed


def test_the_cost_of_steps_and_of_guidance_is_read_from_the_grid() -> None:
    plain, dear = priced(o=0), priced(o=1)
    assert cost_grid.times_as_long(plain, "guidance", 1.0, 5.0).mean == pytest.approx(2)
    assert cost_grid.times_as_long(dear, "guidance", 1.0, 5.0).mean == pytest.approx(1.5)
    assert cost_grid.times_as_long(dear, "guidance", 5.0, 10.0).mean == pytest.approx(1)
    assert cost_grid.times_as_long(priced(o=0, c=10), "steps", 5, 10).mean < 2
    told = cost_grid.sentences(plain)
    assert "10 instead of 5 takes 2.00 (2.00 to 2.00) times as long" in told
    assert "5 instead of 1 takes 2.00 (2.00 to 2.00) times as long;" in told
    assert "10 instead of 5 takes 1.00 (1.00 to 1.00) times as long, which this run cannot tell from equal." in told
    assert "compares nothing" in cost_grid.sentences(plain.head(1))


def test_the_outcome_of_one_number_of_steps_is_called_unsure(lesson: AppTest) -> None:
    press(lesson, "setup.cost.skip")
    fill(lesson, "setup.cost.step_counts", "10")
    press(lesson, "setup.cost.run")
    assert "over the time at guidance 1 was **1.00**" in words(lesson) and "One value has no interval" in words(lesson)


@pytest.mark.parametrize(("high", "unsure"), [(1.05, False), (1.2, True)])
def test_an_interval_that_reaches_into_another_answer_is_called_unsure(high: float, unsure: bool) -> None:
    def page(high: float) -> None:
        from dashboard.course import load_course
        from dashboard.intervals import Interval
        from dashboard.ui.predict import doubt

        doubt(load_course().lessons["setup"].predictions["cost"], Interval(1.02, 1.0, high, 3))

    told = [caption.value for caption in AppTest.from_function(page, kwargs={"high": high}).run().caption]
    assert bool(told) == unsure and all("reaches into another answer" in line for line in told)


def test_without_the_predicted_guidances_nothing_is_scored(lesson: AppTest) -> None:
    press(lesson, "setup.cost.skip")
    fill(lesson, "setup.cost.guidances", "2")
    press(lesson, "setup.cost.run")
    assert "run these to have it scored" in words(lesson) and "**Steps**: 10 instead of 5" in words(lesson)
    assert "(one value: no interval)" in words(lesson) and not lesson.exception


def test_what_the_text_says_of_guidance_and_rows() -> None:
    guided = {w: REQUEST.replace(guidance_scale=w).guided for w in (0.5, 1.0, 1.5, 5.0, 10.0)}
    assert guided == {0.5: False, 1.0: False, 1.5: True, 5.0: True, 10.0: True}


# ---- the belief


def test_the_belief_is_refuted_by_a_processor_only(lesson: AppTest) -> None:
    press(lesson, "setup.card.run")
    assert "No graphics card took part." in words(lesson)
    drawn_by_card = dataclasses.replace(paint(REQUEST), device="cuda")
    said = without_card.sentences(drawn_by_card, dataclasses.replace(HERE, device="Card"), LESSON.misconceptions[0])
    assert "cannot test the claim" in said and LESSON.misconceptions[0].refutation not in said


def test_the_commands_in_the_text_name_real_settings() -> None:
    from dashboard.settings import setting_name

    assert re.search(r"`(DASHBOARD_MODELS)`", section("here"))[1] == setting_name("models")  # type: ignore[index]
    assert "DASHBOARD_DEVICE=cpu" in Path(without_card.__file__).read_text() and setting_name("device") in (
        "DASHBOARD_DEVICE"
    )
