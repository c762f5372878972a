"""Laboratory: what guidance does over several noises: colours, clipping and diversity, with intervals."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.axes import KINDS
from dashboard.course import Lesson
from dashboard.engine import ImageResult, clipped_share, saturation
from dashboard.intervals import Interval, pairs_interval, summarise
from dashboard.ui.controls import request_from
from dashboard.ui.distances import relative_distance
from dashboard.ui.experiment import experiment_form
from dashboard.ui.grid_run import run_grid
from dashboard.ui.lesson import showed
from dashboard.ui.models import current_model
from dashboard.ui.once import once
from dashboard.ui.parsing import parse_guidances, parse_seeds
from dashboard.ui.scoring import MATCH, change_told, matches
from dashboard.ui.tables import table_below

MEASURES = {  # column of the table -> what the learner reads, and how its numbers are written
    "match": (MATCH, ".1f"),
    "saturation": ("Saturation (0 grey, 1 pure)", ".2f"),
    "clipped": ("Share of colour values at 0 or 255", ".1%"),
}
DIVERSITY = "Diversity: distance between two seeds"


def guidance_seeds_lab(lesson: Lesson) -> None:
    """Form, a row of images a guidance, curves over seeds, what the run showed."""
    trial = experiment_form(lesson, "seeds", button="Run it over seeds")
    if trial is None:
        return
    scales = sorted(parse_guidances(str(trial.values["guidances"])))
    seeds = parse_seeds(str(trial.values["seeds"]))
    base = request_from(trial.values, current_model())
    requests = [base.replace(guidance_scale=scale, seed=seed) for scale in scales for seed in seeds]
    rows, columns = [KINDS["guidance"].label(scale) for scale in scales], [f"seed {seed}" for seed in seeds]
    results = run_grid(lesson, trial, requests, rows, columns, heading=base.prompt)
    if results is None:
        return
    if len(scales) > 1 and len(seeds) > 1:
        key = ("guidance over seeds", *(result.sha256 for result in results))
        _measured(*once(key, lambda: (image_table(results), diversity_table(results, len(seeds)))))


def image_table(results: Sequence[ImageResult]) -> pd.DataFrame:
    """guidance, seed, match (where there is a scorer for the model), saturation, clipped: a row an image."""
    scores = matches(results)
    table = {
        "guidance": [result.request.guidance_scale for result in results],
        "seed": [str(result.request.seed) for result in results],
        **({"match": scores} if scores is not None else {}),
        "saturation": [saturation(result.array()) for result in results],
        "clipped": [clipped_share(result.array()) for result in results],
    }
    return pd.DataFrame(table)


def diversity_table(results: Sequence[ImageResult], across: int) -> pd.DataFrame:
    """guidance, mean, low, high, n: the distance between two seeds' images; a row has `across` seeds."""
    rows = []
    for start in range(0, len(results), across):
        pictures = [result.array() for result in results[start : start + across]]
        found = pairs_interval([[relative_distance(a, b) for a in pictures] for b in pictures])
        rows.append((results[start].request.guidance_scale, found.mean, found.low, found.high, found.n))
    return pd.DataFrame(rows, columns=["guidance", "mean", "low", "high", "n"])


def _measured(images: pd.DataFrame, diversity: pd.DataFrame) -> None:
    measures = [measure for measure in MEASURES if measure in images.columns]
    summaries = {MEASURES[measure][0]: summarise(images, ["guidance"], measure) for measure in measures}
    summaries[DIVERSITY] = diversity
    scales = diversity["guidance"].tolist()
    x = charts.Axis(column="guidance", title="Guidance", ticks=tuple(scales))
    places = [place for _ in range(0, len(summaries), 2) for place in st.columns(2, gap="medium")]
    for place, (title, summary) in zip(places, summaries.items(), strict=False):
        with place:
            st.markdown(f"**{title}**")
            chart = charts.curve(summary, x, charts.Axis(column="mean", title="")).to_dict()
            told = ", ".join(f"{row.guidance:g}: {row.mean:.3f}" for row in summary.itertuples())
            st.vega_lite_chart(chart, alt=f"{title}, mean over seeds at guidance {told}.")
    st.caption("Points are means over the seeds; bars are 95% intervals.")
    stacked = pd.concat([summary.assign(measure=title) for title, summary in summaries.items()], ignore_index=True)
    columns = ["measure", "guidance", "mean", "low", "high", "n"]
    table_below(stacked[columns], "Means and intervals of every measure", title="The numbers behind the charts")
    changes = " ".join(changes_told(images, scales[0], scales[-1]))
    showed(f"From guidance {scales[0]:g} to {scales[-1]:g}: {changes} {_spread(diversity)}{_best(images, scales)}")


def _best(images: pd.DataFrame, scales: Sequence[float]) -> str:
    """Where the match is best, and what lies between there and the highest guidance."""
    if "match" not in images.columns:
        return ""
    means = images.groupby("guidance")["match"].mean()
    best = max(scales, key=lambda scale: float(means.loc[scale]))
    told = f" The match is best at guidance {best:g}."
    if best == scales[-1]:
        return f"{told} It was still rising at the highest guidance of this run."
    first, last = (images.loc[images["guidance"] == scale, "match"].tolist() for scale in (best, scales[-1]))
    return f"{told} {change_told(f'From there to {scales[-1]:g} it', first, last)}"


def changes_told(images: pd.DataFrame, low: float, high: float) -> list[str]:
    """A sentence a measure: what it is at the two guidances, and whether the seeds tell them apart."""
    first, last = (images[images["guidance"] == scale] for scale in (low, high))
    return [
        change_told(title.split(" (", maxsplit=1)[0], first[measure].tolist(), last[measure].tolist(), form)
        for measure, (title, form) in MEASURES.items()
        if measure in images.columns
    ]


def _spread(diversity: pd.DataFrame) -> str:
    """Where diversity is largest and smallest, and whether their intervals keep apart."""
    ordered = diversity.sort_values("mean", ascending=False)
    ends = [ordered.iloc[0], ordered.iloc[-1]]
    most, least = (Interval(row["mean"], row["low"], row["high"], int(row["n"])) for row in ends)
    apart = most.low > least.high
    verdict = "Their intervals keep apart." if apart else "Their intervals overlap: this run cannot tell them apart."
    return (
        f"The seeds differ most at guidance {ends[0]['guidance']:g}, by {most}, and least at "
        f"{ends[1]['guidance']:g}, by {least}. {verdict}"
    )
