"""A grid of two axes, run and shown: what several laboratories share."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.course import Lesson
from dashboard.engine import ImageRequest, ImageResult
from dashboard.ui.experiment import Trial
from dashboard.ui.gallery import downloads, grid_gallery
from dashboard.ui.predict import covered
from dashboard.ui.records import record
from dashboard.ui.runs import show_run
from dashboard.ui.withheld import measurable


def run_grid(
    lesson: Lesson,
    trial: Trial,
    requests: Sequence[ImageRequest],
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    heading: str,
    hidden: bool = False,
) -> Sequence[ImageResult] | None:
    """`requests` row by row; None until all are drawn, then the grid stands there with its downloads.

    None then, too, where a picture was withheld: there is nothing to measure, and the page says so. `hidden`: the
    images wait for the learner's guess.
    """
    titles = [f"{row}, {column}" for row in rows for column in columns]
    results = show_run(trial.key, requests, titles, asked_now=trial.asked_now, hidden=hidden)
    if results is None:
        return None
    if hidden:
        covered()
        return None
    record(lesson.id).ran.add(trial.experiment)
    grid_gallery(trial.key, results, rows, columns)
    downloads(trial.key, results, columns, heading or "(empty prompt)", rows=rows)
    return results if measurable(results) else None
