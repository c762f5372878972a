"""Laboratory: guidance by seeds, two axes. Does more guidance make a skew larger?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.axes import KINDS
from dashboard.course import Lesson
from dashboard.engine import ImageResult
from dashboard.intervals import paired_shares, share_interval, shares_apart
from dashboard.pocket.truth import SEXES
from dashboard.ui.controls import request_from
from dashboard.ui.experiment import experiment_form
from dashboard.ui.grid_run import run_grid
from dashboard.ui.labs.bias import data_shares
from dashboard.ui.labs.judged import needs_pocket, sex_of_each
from dashboard.ui.labs.training_set import explorer
from dashboard.ui.lesson import showed
from dashboard.ui.models import current_model
from dashboard.ui.parsing import parse_guidances, parse_seeds
from dashboard.ui.predict import doubt, outcome, predict
from dashboard.ui.tables import table_below

MAN = SEXES[0]
MAX_COUNTED = 96  # images: shares need more of them than a grid for the eye


def guided_skew_lab(lesson: Lesson) -> None:
    """Predict, form, grid, the share of men at each guidance with its table, what the run showed."""
    if needs_pocket():
        return
    guess = predict(lesson, "guided")
    trial = experiment_form(lesson, "guided", button="Draw them at every guidance", check=_check)
    if trial is None:
        return
    settings = lesson.experiments["guided"]
    scales, seeds = sorted(parse_guidances(str(trial.values["guidances"]))), parse_seeds(str(trial.values["seeds"]))
    base = request_from({**trial.values, "prompt": settings["about"]}, current_model())
    requests = [base.replace(guidance_scale=scale, seed=seed) for scale in scales for seed in seeds]
    rows, columns = [KINDS["guidance"].label(scale) for scale in scales], [f"seed {seed}" for seed in seeds]
    results = run_grid(lesson, trial, requests, rows, columns, heading=base.prompt, hidden=guess is None)
    if results is None or guess is None:
        return
    subject = str(settings["counted"])
    table = judged_table(results, subject)
    shares = men(table)
    if shares.empty:
        showed(f"The judge took none of these {len(results)} images for an {subject}, so there is nothing to count.")
        return
    _chart(shares, table, data_shares(explorer(), subject)[MAN])
    if len(scales) < 2:
        showed("One guidance alone compares nothing: give at least two.")
        return
    first, last = men_twice(table, scales[0], scales[-1])
    if not first:
        showed(f"{_shares_told(shares, subject)} No seed was recognised at both ends, so nothing is compared.")
        return
    showed(sentences(shares, first, last, (scales[0], scales[-1]), subject))
    change = paired_shares(last, first)
    outcome(lesson.predictions["guided"], guess, change.mean, told=f"{_points(change.mean)} percentage points")
    doubt(lesson.predictions["guided"], change)


def _check(values: Mapping[str, Any]) -> None:
    images = len(parse_guidances(str(values["guidances"]))) * len(parse_seeds(str(values["seeds"])))
    if images > MAX_COUNTED:
        raise ValueError(f"That makes {images} images; this count takes at most {MAX_COUNTED}. Give fewer values.")


def judged_table(results: Sequence[ImageResult], subject: str) -> pd.DataFrame:
    """guidance, seed, drawn as: a row an image; empty text where the judge did not take it for the subject."""
    asked = [(result.request.guidance_scale, str(result.request.seed)) for result in results]
    table = pd.DataFrame(asked, columns=["guidance", "seed"])
    return table.assign(**{"drawn as": sex_of_each(results, subject)})


def men(table: pd.DataFrame) -> pd.DataFrame:
    """guidance, mean, low, high, n: the share of men among the recognised at each guidance, with Wilson's interval."""
    known = table[table["drawn as"] != ""]
    rows = []
    for scale, group in known.groupby("guidance"):
        share = share_interval(int((group["drawn as"] == MAN).sum()), len(group))
        rows.append((scale, share.mean, share.low, share.high, share.n))
    return pd.DataFrame(rows, columns=["guidance", "mean", "low", "high", "n"])


def men_twice(table: pd.DataFrame, low: float, high: float) -> tuple[list[bool], list[bool]]:
    """Whether each seed's image was taken for a man at guidance `low` and at `high`: seeds recognised at both."""
    wide = table.pivot(index="seed", columns="guidance", values="drawn as")[[low, high]]
    both = wide[(wide != "").all(axis=1)] == MAN
    return both[low].tolist(), both[high].tolist()


def _chart(shares: pd.DataFrame, table: pd.DataFrame, in_data: float) -> None:
    st.markdown("**How many are men?** A point is the share at one guidance; its line is the 95% interval.")
    x = charts.Axis(column="guidance", title="Guidance", ticks=tuple(shares["guidance"]))
    y = charts.Axis(column="share", title="Share of men", domain=(0.0, 1.0))
    chart = charts.curve(shares, x, y, reference=(in_data, "training data"))
    told = ", ".join(f"guidance {row.guidance:g} {row.mean:.0%}" for row in shares.itertuples())
    st.vega_lite_chart(chart.to_dict(), alt=f"Share of men: {told}; training data {in_data:.0%}.")
    table_below(table, "What the judge took every image for")


def sentences(
    shares: pd.DataFrame, first: Sequence[bool], last: Sequence[bool], scales: tuple[float, float], subject: str
) -> str:
    """The shares, and how the share moved seed by seed from the lowest guidance to the highest."""
    change = paired_shares(last, first)
    moved = (
        f"From guidance {scales[0]:g} to {scales[1]:g}, over the {change.n} seeds recognised at both, the share moved "
        f"by {_points(change.mean)} percentage points ({_points(change.low)} to {_points(change.high)})."
    )
    reading = "This run cannot tell that from no change."
    if shares_apart(last, first):
        reading = (
            f"More guidance gave {'more' if change.mean > 0 else 'fewer'} men, as the judge reads them; how often it "
            "errs may differ from one guidance to another."
        )
    return f"{_shares_told(shares, subject)} {moved} {reading}"


def _shares_told(shares: pd.DataFrame, subject: str) -> str:
    told = ", ".join(
        f"{row.mean:.0%} at guidance {row.guidance:g} ({row.low:.0%} to {row.high:.0%} of {row.n})"
        for row in shares.itertuples()
    )
    return f"Men among what the judge took for an {subject}: {told}."


def _points(share: float) -> str:
    return f"{100 * share:+.0f}"
