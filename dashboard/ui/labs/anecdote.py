"""Laboratory for a misconception: is one seed enough to compare two settings?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.course import Lesson, Misconception
from dashboard.engine import ImageRequest, ImageResult
from dashboard.intervals import Interval, paired_difference, tells_apart
from dashboard.ui.controls import request_from
from dashboard.ui.distances import Array
from dashboard.ui.experiment import experiment_form
from dashboard.ui.gallery import downloads, gallery
from dashboard.ui.lesson import TEXT_WIDTH, showed
from dashboard.ui.models import current_model
from dashboard.ui.once import once
from dashboard.ui.parsing import check_count, parse_guidances, parse_seeds
from dashboard.ui.records import record
from dashboard.ui.runs import show_run
from dashboard.ui.tables import table_below
from dashboard.ui.withheld import measurable


def colourfulness(image: Array) -> float:
    """The mean over pixels of the largest minus the smallest channel, 0 .. 255, of an (H, W, 3) picture: 0 is grey."""
    return float((image.max(axis=-1).astype(np.int16) - image.min(axis=-1)).mean())


def requests_of(values: Mapping[str, Any], model: str) -> list[ImageRequest]:
    """For each of the two guidance scales, every seed."""
    base, seeds = request_from(values, model), parse_seeds(str(values["seeds"]))
    return [
        base.replace(guidance_scale=w, seed=seed) for w in parse_guidances(str(values["guidances"])) for seed in seeds
    ]


def anecdote_lab(lesson: Lesson, belief: Misconception) -> None:
    """The claim, a one-click experiment, and how many single seeds would have said the opposite."""
    with st.container(width=TEXT_WIDTH):
        st.markdown(f":material/help: **“{belief.claim}”** {belief.why_believed}")
    trial = experiment_form(lesson, belief.experiment, button=belief.button, check=_fits)
    if trial is None:
        return
    seeds, guidances = parse_seeds(str(trial.values["seeds"])), parse_guidances(str(trial.values["guidances"]))
    columns = [f"seed {seed}" for seed in seeds]
    titles = [f"guidance {w:g}, {column}" for w in guidances for column in columns]
    results = show_run(trial.key, requests_of(trial.values, current_model()), titles, asked_now=trial.asked_now)
    if results is None:
        return
    record(lesson.id).ran.add(belief.experiment)
    rows = results[: len(seeds)], results[len(seeds) :]
    for place, (guidance, row) in enumerate(zip(guidances, rows, strict=True)):
        st.markdown(f"**guidance {guidance:g}**")
        gallery(f"{trial.key}.{place}", row, columns, min_width=105, credited=place == 1)
    downloads(trial.key, results, columns, "Two settings, seed by seed", rows=[f"guidance {w:g}" for w in guidances])
    if not measurable(results):
        return
    _compare(guidances, [str(seed) for seed in seeds], rows, belief)


def _fits(values: Mapping[str, Any]) -> None:
    if len(parse_guidances(str(values["guidances"]))) != 2:
        raise ValueError("Give two guidance scales to compare.")
    seeds = len(parse_seeds(str(values["seeds"])))
    if seeds < 2:
        raise ValueError("Give at least two seeds: one would be the very anecdote.")
    check_count(2 * seeds)


def paired(seeds: Sequence[str], rows: Sequence[Sequence[ImageResult]]) -> pd.DataFrame:
    """seed, first, second, difference: the colourfulness under both settings."""
    found = [[colourfulness(result.array()) for result in row] for row in rows]
    table = pd.DataFrame({"seed": list(seeds), "first": found[0], "second": found[1]})
    return table.assign(difference=table["second"] - table["first"])


def _compare(
    guidances: Sequence[float], seeds: Sequence[str], rows: Sequence[Sequence[ImageResult]], belief: Misconception
) -> None:
    key = ("anecdote", *(result.sha256 for row in rows for result in row))
    table = once(key, lambda: paired(seeds, rows))
    change = paired_difference(table["second"].tolist(), table["first"].tolist())
    first, second = (f"guidance {w:g}" for w in guidances)
    st.markdown(f"**Colourfulness at {second} minus that at {first}**, seed by seed. Each bar is one seed.")
    st.vega_lite_chart(
        once((*key, "chart"), lambda: _chart(table)),
        alt=f"Difference of colourfulness for each of {len(seeds)} seeds; mean {change}",
    )
    table_below(table.rename(columns={"first": first, "second": second}), "Colourfulness of every image")
    showed(f"{reading(table, change, first, second)} {belief.refutation}")


def reading(table: pd.DataFrame, change: Interval, first: str, second: str) -> str:
    """The mean with its interval, and how many seeds alone would have said the opposite."""
    opposite = int((table["difference"] * change.mean < 0).sum())
    text = f"On average {second} changes the colourfulness by **{change}** of 255 against {first}. "
    text += (
        "That is beyond chance at 95%. " if tells_apart(change) else "These seeds cannot tell the two apart at 95%. "
    )
    smallest, largest = table["difference"].min(), table["difference"].max()
    return text + (
        f"Single seeds say anything from {smallest:+.1f} to {largest:+.1f}, and **{opposite} of {len(table)}** "
        f"{'points' if opposite == 1 else 'point'} the other way than the average."
    )


def _chart(table: pd.DataFrame) -> dict[str, Any]:
    bars = table.assign(mean=table["difference"], low=float("nan"), high=float("nan"))
    x = charts.Axis(column="seed", title="Seed, in the order of the grid")
    y = charts.Axis(column="difference", title="Change of colourfulness (of 255)")
    chart: dict[str, Any] = charts.bars(bars, x, y, order=table["seed"].tolist()).to_dict()
    return chart
