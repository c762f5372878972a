"""Laboratory: guidance by seeds, two axes. Does more guidance make a skew larger?"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.axes import KINDS
from dashboard.course import Lesson
from dashboard.engine import ImageResult
from dashboard.intervals import Interval, paired_difference, share_interval, tells_apart
from dashboard.pocket.truth import SEXES
from dashboard.ui.controls import request_from
from dashboard.ui.experiment import experiment_form
from dashboard.ui.grid_run import run_grid
from dashboard.ui.labs.bias import data_shares
from dashboard.ui.labs.judged import needs_pocket, sexes
from dashboard.ui.labs.training_set import explorer
from dashboard.ui.lesson import showed
from dashboard.ui.models import current_model
from dashboard.ui.parsing import parse_guidances, parse_seeds
from dashboard.ui.predict import doubt, outcome, predict
from dashboard.ui.tables import table_below

MAN = SEXES[0]


def guided_skew_lab(lesson: Lesson) -> None:
    """Predict, form, grid, the share of men at each guidance with its table, what the run showed."""
    if needs_pocket():
        return
    guess = predict(lesson, "guided")
    trial = experiment_form(lesson, "guided", button="Draw them at every guidance")
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
    change = difference(table, scales[0], scales[-1])
    showed(_sentences(shares, change, scales[0], scales[-1]))
    if change is not None:
        outcome(lesson.predictions["guided"], guess, change.mean, told=f"{change.mean:+.0%}")
        doubt(lesson.predictions["guided"], change)


def judged_table(results: Sequence[ImageResult], subject: str) -> pd.DataFrame:
    """guidance, seed, drawn as: a row an image; empty text where the judge did not take it for the subject."""
    asked = [(result.request.guidance_scale, str(result.request.seed)) for result in results]
    table = pd.DataFrame(asked, columns=["guidance", "seed"])
    return table.assign(**{"drawn as": sexes(results, subject)})


def men(table: pd.DataFrame) -> pd.DataFrame:
    """guidance, mean, low, high, n: the share of men among the recognised at each guidance, with Wilson's interval."""
    known = table[table["drawn as"] != ""]
    rows = []
    for scale, group in known.groupby("guidance"):
        share = share_interval(int((group["drawn as"] == MAN).sum()), len(group))
        rows.append((scale, share.mean, share.low, share.high, share.n))
    return pd.DataFrame(rows, columns=["guidance", "mean", "low", "high", "n"])


def difference(table: pd.DataFrame, low: float, high: float) -> Interval | None:
    """The share of men at guidance `high` minus that at `low`, over the seeds recognised at both; None without any."""
    wide = table.pivot(index="seed", columns="guidance", values="drawn as")[[low, high]]
    both = wide[(wide != "").all(axis=1)] == MAN
    return paired_difference(both[high].tolist(), both[low].tolist()) if len(both) else None


def _chart(shares: pd.DataFrame, table: pd.DataFrame, in_data: float) -> None:
    st.markdown("**How many are men?** A point is the share at one guidance; its line is the 95% interval.")
    x = charts.Axis(column="guidance", title="Guidance", ticks=tuple(shares["guidance"]))
    y = charts.Axis(column="share", title="Share of men", domain=(0.0, 1.0))
    chart = charts.curve(shares, x, y, reference=(in_data, "training data"))
    told = ", ".join(f"guidance {row.guidance:g} {row.mean:.0%}" for row in shares.itertuples())
    st.vega_lite_chart(chart.to_dict(), alt=f"Share of men: {told}; training data {in_data:.0%}.")
    table_below(table, "What the judge took every image for")


def _sentences(shares: pd.DataFrame, change: Interval | None, low: float, high: float) -> str:
    told = ", ".join(
        f"{row.mean:.0%} at guidance {row.guidance:g} ({row.low:.0%} to {row.high:.0%}, {row.n} images)"
        for row in shares.itertuples()
    )
    if change is None:
        return f"Men among the astronauts: {told}. No seed was recognised at both ends, so nothing is compared."
    moved = (
        f"From guidance {low:g} to {high:g}, seed by seed, the share moved by {change.mean:+.0%} "
        f"({change.low:+.0%} to {change.high:+.0%})."
    )
    if not tells_apart(change):
        return f"Men among the astronauts: {told}. {moved} This run cannot tell that from no change."
    end = "larger" if change.mean > 0 else "smaller"
    return f"Men among the astronauts: {told}. {moved} More guidance made the majority {end}."
