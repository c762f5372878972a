"""Laboratory: any two parameters against each other, and two cells of the grid against each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from dashboard.course import Lesson
from dashboard.engine import ImageResult
from dashboard.intervals import Interval
from dashboard.ui import lesson as ui
from dashboard.ui.axes_compared import ALONG, DOWN, compare_axes
from dashboard.ui.experiment import experiment_form, key_of
from dashboard.ui.gallery import downloads, grid_gallery
from dashboard.ui.grid_axes import Grid, grid_of
from dashboard.ui.models import current_model
from dashboard.ui.pair_view import pair_view
from dashboard.ui.predict import covered, outcome, predict
from dashboard.ui.prompt_notes import prompt_notes
from dashboard.ui.records import Guess, record
from dashboard.ui.runs import show_run
from dashboard.ui.withheld import measurable


def any_grid_lab(lesson: Lesson) -> None:
    """Predict, form, grid, chart with its table, what the run showed; then the two cells."""
    guess = predict(lesson, "grid")
    trial = experiment_form(
        lesson, "grid", button="Run the grid", check=lambda values: grid_of(values, current_model())
    )
    if trial is None:
        return
    grid = grid_of(trial.values, current_model())
    overridden = " and ".join(f"**{axis.kind.field.replace('_', ' ')}**" for axis in (grid.rows, grid.columns))
    st.caption(f"The form's own {overridden} give way to the axes.")
    prompt_notes([text for request in grid.requests for text in (request.prompt, request.negative_prompt)])
    results = show_run(trial.key, grid.requests, grid.titles, asked_now=trial.asked_now, hidden=guess is None)
    if results is None:
        return
    if guess is None:
        covered()
        return
    record(lesson.id).ran.add("grid")
    grid_gallery(trial.key, results, grid.rows.labels, grid.columns.labels)
    downloads(trial.key, results, grid.columns.labels, "Playground", rows=grid.rows.labels)
    if measurable(results):
        _compare(lesson, guess, grid, results)
    if len(results) > 1:
        ui.text(lesson, "pair", kicker="Laboratory 3")
        pair_view("pair", key_of(lesson, "pair"), results, grid.titles)


def _compare(lesson: Lesson, guess: Guess, grid: Grid, results: Sequence[ImageResult]) -> None:
    found = compare_axes(results, grid.rows.labels, grid.columns.labels)
    if not found:
        return
    if len(found) < 2:
        ui.showed("With one row or one column there is nothing to compare: give each axis two values at least.")
        return
    ui.showed(_reading(grid, found[ALONG], found[DOWN]))
    outcome(lesson.predictions["grid"], guess, found[ALONG].mean / found[DOWN].mean if found[DOWN].mean else np.inf)


def _reading(grid: Grid, along: Interval, down: Interval) -> str:
    names = {ALONG: grid.columns.kind.field.replace("_", " "), DOWN: grid.rows.kind.field.replace("_", " ")}
    text = (
        f"Images of one row, which differ in {names[ALONG]}, lie **{along}** apart. "
        f"Images of one column, which differ in {names[DOWN]}, lie **{down}** apart. "
    )
    if along.low > down.high:
        text += f"Over these values {names[ALONG]} moved the image more."
    elif down.low > along.high:
        text += f"Over these values {names[DOWN]} moved the image more."
    else:
        text += "The intervals overlap, so this grid cannot tell which moved it more."
    if "seed" not in (grid.rows.kind.field, grid.columns.kind.field):
        text += " All of it is about one seed: put seeds on an axis to see whether it holds for others."
    return text
