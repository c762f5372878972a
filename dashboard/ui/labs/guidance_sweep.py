"""Laboratory: one noise, more and more guidance; predicted first, then measured from the pixels."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.axes import KINDS
from dashboard.course import Lesson
from dashboard.engine import ImageResult, clipped_share, saturation
from dashboard.ui.controls import request_from
from dashboard.ui.distances import relative_distance
from dashboard.ui.experiment import experiment_form
from dashboard.ui.gallery import downloads, gallery
from dashboard.ui.lesson import showed
from dashboard.ui.models import current_model
from dashboard.ui.once import once
from dashboard.ui.parsing import parse_guidances
from dashboard.ui.predict import covered, outcome, predict
from dashboard.ui.records import Guess, record
from dashboard.ui.runs import show_run
from dashboard.ui.tables import table_below
from dashboard.ui.withheld import measurable

MEASURES = {  # column of the table -> what the learner reads
    "distance": "Distance to the first image",
    "saturation": "Saturation (0 grey, 1 pure)",
    "clipped": "Colour values at 0 or 255",
}


def guidance_sweep_lab(lesson: Lesson) -> None:
    """Predict, form, grid, charts with their table, what the run showed."""
    guess = predict(lesson, "sweep")
    trial = experiment_form(lesson, "sweep", button="Run the sweep")
    if trial is None:
        return
    scales = sorted(parse_guidances(str(trial.values["guidances"])))
    base = request_from(trial.values, current_model())
    titles = [KINDS["guidance"].label(scale) for scale in scales]
    requests = [base.replace(guidance_scale=scale) for scale in scales]
    results = show_run(trial.key, requests, titles, asked_now=trial.asked_now, hidden=guess is None)
    if results is None:
        return
    if guess is None:
        covered()
        return
    record(lesson.id).ran.add("sweep")
    gallery(trial.key, results, titles)
    downloads(trial.key, results, titles, base.prompt or "(empty prompt)")
    if not measurable(results):
        return
    if len(results) > 1:
        _measured(lesson, once(("guidances", *(r.sha256 for r in results)), lambda: sweep_table(results)), guess)


def sweep_table(results: Sequence[ImageResult]) -> pd.DataFrame:
    """guidance, distance (to the first image), saturation, clipped (shares): a row an image."""
    pictures = [result.array() for result in results]
    rows = [
        (r.request.guidance_scale, relative_distance(pictures[0], p), saturation(p), clipped_share(p))
        for r, p in zip(results, pictures, strict=True)
    ]
    return pd.DataFrame(rows, columns=["guidance", *MEASURES])


def _measured(lesson: Lesson, table: pd.DataFrame, guess: Guess) -> None:
    scales = table["guidance"].tolist()
    x = charts.Axis(column="guidance", title="Guidance, in the order of the grid", ticks=tuple(scales))
    for place, (measure, title) in zip(st.columns(len(MEASURES)), MEASURES.items(), strict=True):
        with place:
            st.markdown(f"**{title}**")
            bare = pd.DataFrame({"guidance": scales, "mean": table[measure], "low": float("nan"), "high": float("nan")})
            chart = charts.curve(bare, x, charts.Axis(column=measure, title="")).to_dict()
            told = ", ".join(f"{g:g}: {value:.3f}" for g, value in zip(scales, table[measure], strict=True))
            st.vega_lite_chart(chart, alt=f"{title} at guidance {told}.")
    table_below(table, "Distance, saturation and clipped share of every image", title="The numbers behind the charts")
    first, last = table.iloc[0], table.iloc[-1]
    showed(
        f"From guidance {scales[0]:g} to {scales[-1]:g} the image moved by {last['distance']:.2f}. Its saturation went "
        f"from {first['saturation']:.2f} to {last['saturation']:.2f}, and the share of colour values at the ends of "
        f"the scale from {first['clipped']:.1%} to {last['clipped']:.1%}. This is one noise only: laboratory 3 asks "
        "whether it holds for others."
    )
    outcome(lesson.predictions["sweep"], guess, float(last["distance"]))
