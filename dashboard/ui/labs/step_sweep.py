"""Laboratory: one noise, more and more steps; the knee predicted, marked by eye, and measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.axes import KINDS
from dashboard.course import Lesson
from dashboard.engine import ImageRequest, ImageResult
from dashboard.knee import WITHIN, knee, mark_points
from dashboard.ui.controls import request_from
from dashboard.ui.distances import relative_distance
from dashboard.ui.experiment import experiment_form
from dashboard.ui.gallery import downloads, gallery
from dashboard.ui.lesson import TEXT_WIDTH, showed
from dashboard.ui.models import current_model
from dashboard.ui.once import once
from dashboard.ui.parsing import parse_step_counts
from dashboard.ui.predict import covered, outcome, predict
from dashboard.ui.records import Guess, record
from dashboard.ui.runs import show_run
from dashboard.ui.withheld import measurable

STEPS = charts.Axis(column="steps", title="Steps, in the order of the grid")
DISTANCE = charts.Axis(column="distance", title="Distance to the long run")
SECONDS = charts.Axis(column="seconds", title="Seconds of computing")


def sweep_requests(values: Mapping[str, Any]) -> tuple[ImageRequest, ...]:
    """One image a number of steps, in rising order; everything else, the noise too, stays as it is."""
    base = request_from(values, current_model())
    counts = sorted(parse_step_counts(str(values["step_counts"])))
    return tuple(base.replace(num_inference_steps=count) for count in counts)


def step_sweep_lab(lesson: Lesson) -> None:
    """Predict, form, grid, mark, charts with their table, what the run showed."""
    guess = predict(lesson, "sweep")
    trial = experiment_form(lesson, "sweep", button="Run the sweep")
    if trial is None:
        return
    requests = sweep_requests(trial.values)
    titles = [KINDS["steps"].label(request.num_inference_steps) for request in requests]
    results = show_run(trial.key, requests, titles, asked_now=trial.asked_now, hidden=guess is None)
    if results is None:
        return
    if guess is None:
        covered()
        return
    record(lesson.id).ran.add("sweep")
    gallery(trial.key, results, titles, min_width=128)
    downloads(trial.key, results, titles, requests[0].prompt or "(empty prompt)")
    if not measurable(results):
        return
    if len(results) > 2:
        table = once(("sweep", *(result.sha256 for result in results)), lambda: sweep_table(results))
        table = table.assign(seconds=[result.seconds for result in results])
        if (mark := _mark(trial.key, table, guess)) is not None:
            _measured(lesson, table, guess, mark)


def sweep_table(results: Sequence[ImageResult]) -> pd.DataFrame:
    """steps, distance: of each image to the last one, which has the most steps."""
    last = results[-1].array()
    rows = [(r.request.num_inference_steps, relative_distance(r.array(), last)) for r in results]
    return pd.DataFrame(rows, columns=["steps", "distance"])


def _mark(key: str, table: pd.DataFrame, guess: Guess) -> int | None:
    """The number of steps that the learner marked for these images; 0: shown without a mark; None: not yet."""
    place, images = f"{key}.mark", tuple(table["distance"])
    if guess.skipped:
        return 0
    marked: tuple[tuple[float, ...], int] | None = st.session_state.get(place)
    if marked is not None and marked[0] == images:
        return marked[1]
    with st.form(f"{key}.knee", border=True, width=TEXT_WIDTH):
        st.markdown(":material/visibility: **Mark the knee by eye.** From which image on do you see no real change?")
        chosen = st.select_slider("Steps at the knee", table["steps"].tolist(), key=f"{key}.chosen")
        with st.container(horizontal=True):
            mark = st.form_submit_button("Mark it", type="primary", key=f"{key}.mark_it")
            skip = st.form_submit_button("Show the chart", type="tertiary", key=f"{key}.skip_mark")
    if mark or skip:
        st.session_state[place] = (images, int(chosen) if mark else 0)
        st.rerun()
    return None


def _measured(lesson: Lesson, table: pd.DataFrame, guess: Guess, mark: int) -> None:
    counts, found = table["steps"].tolist(), knee(table["steps"].tolist(), table["distance"].tolist())
    assert found is not None  # the last image is at no distance from itself
    marks = [(float(found), f"knee: {found} steps"), *([(float(mark), f"your mark: {mark}")] if mark else [])]
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown(f"**How far is each image from the one with {counts[-1]} steps?**")
        chart = charts.curve(
            _bare(table, "distance"), STEPS, DISTANCE, reference=(WITHIN, "near enough"), marks=marks
        ).to_dict()
        st.vega_lite_chart(chart, alt=f"Distance to the image of {counts[-1]} steps; the knee is at {found} steps.")
    with right:
        st.markdown("**What did each image cost?**")
        chart = charts.curve(_bare(table, "seconds"), STEPS, SECONDS, marks=marks[:1]).to_dict()
        st.vega_lite_chart(chart, alt=f"Seconds of each image, up to {table['seconds'].max():.2f}.")
    with st.expander("The numbers behind the charts", icon=":material/table:"):
        st.dataframe(table, hide_index=True, alt="Steps, distance to the long run and seconds of every image")
    at_knee, last = (float(table.loc[table["steps"] == steps, "seconds"].iloc[0]) for steps in (found, counts[-1]))
    showed(
        f"The knee is at **{found} steps**: from there on every image lies within {WITHIN:g} of the long run, which is "
        f"the sweep's last, {counts[-1]} steps. It cost {at_knee:.2f} s of computing, the last one {last:.2f} s. "
        f"All {len(table)} images were drawn together in {table['seconds'].sum():.1f} s of computing; an image's "
        f"seconds are its share of that. {_steadiness(table, found)} {_verdict(counts, mark, found)}"
    )
    outcome(lesson.predictions["sweep"], guess, found, told=f"{found} steps")


def _bare(table: pd.DataFrame, value: str) -> pd.DataFrame:
    """One measurement a point: a mean without an interval."""
    missing = float("nan")
    return pd.DataFrame({"steps": table["steps"], "mean": table[value], "low": missing, "high": missing})


def _steadiness(table: pd.DataFrame, found: int) -> str:
    if found == table["steps"].iloc[-1]:
        return "Here the image was still changing at the end: this sweep has no knee before its last image."
    beyond = table.loc[table["steps"] >= found, "distance"].max()
    return f"Beyond the knee the image moves by at most {beyond:.2f}."


def _verdict(counts: Sequence[int], mark: int, found: int) -> str:
    if not mark:
        return ""
    points = mark_points(counts, mark, found)
    where = "at the measured knee" if mark == found else "before the knee" if mark < found else "after the knee"
    return f"You marked {mark} steps, {where}: **{points} of 100 points**."
