"""Prompts by seeds: how far apart images are that share their prompt, and images that share their seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.course import Lesson
from dashboard.engine import ImageResult
from dashboard.intervals import Interval, mean_interval, pair_values
from dashboard.ui.controls import request_from
from dashboard.ui.distances import Array, mean_distance, relative_distance
from dashboard.ui.experiment import Trial
from dashboard.ui.grid_run import run_grid
from dashboard.ui.lesson import showed
from dashboard.ui.models import current_model
from dashboard.ui.once import once
from dashboard.ui.parsing import parse_prompts, parse_seeds
from dashboard.ui.tables import table_below


@dataclass(frozen=True, kw_only=True)
class Alike:
    """Mean distances of two images (0: the same picture, 1: unrelated); all intervals are over the seeds."""

    same_prompt: Interval
    same_seed: Interval
    difference: Interval  # same seed minus same prompt


def prompts_by_seeds(lesson: Lesson, trial: Trial, *, heading: str, hidden: bool = False) -> Alike | None:
    """Run the trial's prompts by its seeds and show grid, chart and table; None while there is nothing to compare.

    `hidden`: as in `run_grid`.
    """
    prompts, seeds = parse_prompts(str(trial.values["prompts"])), parse_seeds(str(trial.values["seeds"]))
    base = request_from({**trial.values, "prompt": ""}, current_model())
    requests = [base.replace(prompt=prompt, seed=seed) for prompt in prompts for seed in seeds]
    columns = [f"seed {seed}" for seed in seeds]
    results = run_grid(lesson, trial, requests, prompts, columns, heading=heading, hidden=hidden)
    if results is None:
        return None
    if len(seeds) < 2 or len(prompts) < 2:
        showed("One prompt or one seed alone compares nothing: give at least two of each.")
        return None
    found = alike(results, len(seeds))
    _chart(found)
    return found


def alike(results: Sequence[ImageResult], across: int) -> Alike:
    """Of a grid row by row with `across` seeds, worked out once."""
    rows = [results[start : start + across] for start in range(0, len(results), across)]
    key = ("prompts and seeds", *(result.sha256 for result in results))
    return once(key, lambda: measured([[result.array() for result in row] for row in rows]))


def measured(rows: Sequence[Sequence[Array]]) -> Alike:
    """`rows`: a row a prompt, a column a seed, two of each at least."""
    tables = [[[relative_distance(a, b) for a in row] for b in row] for row in rows]  # (prompts, seeds, seeds)
    by_prompt = pair_values(np.mean(tables, axis=0).tolist())
    by_seed = [mean_distance(column) for column in zip(*rows, strict=True)]
    # Of two seeds there is one pair of images of a prompt, and so one value.
    alone = len(by_prompt) == 1
    apart = np.subtract([np.mean(by_seed)] if alone else by_seed, by_prompt)
    return Alike(
        same_prompt=mean_interval(by_prompt),
        same_seed=mean_interval(by_seed),
        difference=mean_interval(apart.tolist()),
    )


def _chart(found: Alike) -> None:
    """The two distances as bars with their intervals, and their table."""
    bars = {"same prompt": found.same_prompt, "same seed": found.same_seed}
    table = pd.DataFrame([{"images of the": name, **asdict(interval)} for name, interval in bars.items()])
    x = charts.Axis(column="images of the", title="What two images share")
    st.markdown("**Which images are alike?** Bars are means over pairs of images; lines are 95% intervals over seeds.")
    told = ", ".join(f"{name} {interval}" for name, interval in bars.items())
    chart = charts.bars(table, x, charts.DISTANCE, order=list(bars)).to_dict()
    st.vega_lite_chart(chart, alt=f"Distance of two images: {told}.")
    table_below(table, "Mean distance of images that share their prompt, and of images that share their seed")
