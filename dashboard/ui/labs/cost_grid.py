"""Laboratory: what costs time? Steps against guidance, each image drawn alone with the clock running."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.axes import KINDS, Axis, grid_requests
from dashboard.course import Lesson
from dashboard.engine import ImageResult
from dashboard.intervals import Interval, ratio_interval, summarise
from dashboard.ui.controls import request_from
from dashboard.ui.experiment import Trial, experiment_form
from dashboard.ui.gallery import downloads, grid_gallery
from dashboard.ui.labs.timed import draw_seed
from dashboard.ui.lesson import showed
from dashboard.ui.models import current_model
from dashboard.ui.parsing import check_count, parse_guidances, parse_seeds, parse_step_counts
from dashboard.ui.predict import covered, doubt, outcome, predict
from dashboard.ui.records import record
from dashboard.ui.runs import show_run
from dashboard.ui.tables import table_below

PREDICTED = (1.0, 5.0)  # guidances: what the prediction asks about


def cost_grid_lab(lesson: Lesson) -> None:
    """Predict, form, one image after another, the grid, its chart and table, what the run showed."""
    guess = predict(lesson, "cost")
    trial = experiment_form(lesson, "cost", button="Time the grid", extra=draw_seed, check=axes)
    if trial is None:
        return
    rows, columns = axes(trial.values)
    results = _one_by_one(trial, rows, columns, hidden=guess is None)
    if results is None:
        return
    if guess is None:
        covered()
        return
    record(lesson.id).ran.add("cost")
    grid_gallery(trial.key, results, rows.labels, columns.labels)
    downloads(trial.key, results, columns.labels, "What costs time?", rows=rows.labels)
    table = cost_table(results)
    _chart(table)
    showed(sentences(table))
    if set(PREDICTED) <= set(rows.values):
        times = times_as_long(table, "guidance", *PREDICTED)
        outcome(lesson.predictions["cost"], guess, times.mean)
        doubt(lesson.predictions["cost"], times)
    else:
        st.caption(
            f"The prediction was about guidance {PREDICTED[0]:g} and {PREDICTED[1]:g}: run these to have it scored."
        )


def axes(values: Mapping[str, Any]) -> tuple[Axis, Axis]:
    """Guidances and numbers of steps, in rising order. ValueError, a sentence, for too many images."""
    scales = tuple(sorted(parse_guidances(str(values["guidances"]))))
    counts = tuple(sorted(parse_step_counts(str(values["step_counts"]))))
    check_count(len(scales) * len(counts))
    return Axis(kind=KINDS["guidance"], values=scales), Axis(kind=KINDS["steps"], values=counts)


def _one_by_one(trial: Trial, rows: Axis, columns: Axis, *, hidden: bool) -> list[ImageResult] | None:
    """Each cell's image in a run of its own: in one batch they would share the seconds. None until all are drawn."""
    seed = parse_seeds(str(trial.values["drawn"]))[0]
    requests = grid_requests(request_from(trial.values, current_model()).replace(seed=seed), (rows, columns))
    titles = [f"{row}, {column}" for row in rows.labels for column in columns.labels]
    results: list[ImageResult] = []
    for place, (request, title) in enumerate(zip(requests, titles, strict=True)):
        asked = trial.asked_now and not place
        drawn = show_run(f"{trial.key}.{place}", [request], [title], asked_now=asked, hidden=hidden)
        if drawn is None:
            st.caption(f"Image {place + 1} of {len(requests)}, drawn alone: {title}.")
            return None
        results += drawn
    return results


def cost_table(results: Sequence[ImageResult]) -> pd.DataFrame:
    """guidance, steps, seconds of computing: a row an image."""
    asked = [(r.request.guidance_scale, r.request.num_inference_steps, r.seconds) for r in results]
    return pd.DataFrame(asked, columns=["guidance", "steps", "seconds"])


def times_as_long(table: pd.DataFrame, axis: str, first: float, last: float) -> Interval:
    """How many times as long the images at `last` of that axis took as those at `first`, over the other axis."""
    other = "steps" if axis == "guidance" else "guidance"
    wide = table.pivot(index=other, columns=axis, values="seconds")
    return ratio_interval((wide[last] / wide[first]).tolist())


def _chart(table: pd.DataFrame) -> None:
    named = table.assign(guidance=[f"guidance {scale:g}" for scale in table["guidance"]])
    x = charts.Axis(column="steps", title="Steps", ticks=tuple(table["steps"].unique()))
    y = charts.Axis(column="seconds", title="Seconds of computing")
    st.markdown("**What does each image cost?** A point is one image, drawn alone.")
    chart = charts.curve(summarise(named, ["guidance", "steps"], "seconds"), x, y, series="guidance").to_dict()
    told = ", ".join(f"{row.guidance} and {row.steps} steps {row.seconds:.2f} s" for row in named.itertuples())
    st.vega_lite_chart(chart, alt=f"Seconds of computing: {told}.")
    table_below(table, "Seconds of computing of every image")


def sentences(table: pd.DataFrame) -> str:
    """What each axis costs from one value to the next, with the interval over the other axis."""
    told = [_told(table, axis) for axis in ("steps", "guidance") if table[axis].nunique() > 1]
    return " ".join(told) or "One image alone compares nothing: give at least two numbers of steps or two guidances."


def _told(table: pd.DataFrame, axis: str) -> str:
    parts = []
    for first, last in pairwise(sorted(table[axis].unique())):
        ratio = times_as_long(table, axis, first, last)
        apart = ratio.low > 1 or ratio.high < 1  # False where there is no interval
        doubt = "" if apart else ", which this run cannot tell from equal"
        parts.append(f"{last:g} instead of {first:g} takes {ratio} times as long{doubt}")
    return f"**{axis.capitalize()}**: {'; '.join(parts)}."
