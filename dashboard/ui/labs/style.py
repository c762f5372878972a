"""Laboratory for a misconception: does a seed carry a style from prompt to prompt?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.course import Lesson, Misconception
from dashboard.engine import ImageResult
from dashboard.intervals import Interval, mean_interval, pairs_interval
from dashboard.ui.controls import request_from
from dashboard.ui.distances import Array, mean_distance, relative_distance
from dashboard.ui.experiment import experiment_form
from dashboard.ui.grid_run import run_grid
from dashboard.ui.lesson import TEXT_WIDTH, showed
from dashboard.ui.models import current_model
from dashboard.ui.once import once
from dashboard.ui.parsing import parse_prompts, parse_seeds
from dashboard.ui.tables import table_below


def misconception_lab(lesson: Lesson, belief: Misconception) -> None:
    """The claim, a one-click experiment of prompts by seeds, and what its numbers say."""
    with st.container(width=TEXT_WIDTH):
        st.markdown(f":material/help: **“{belief.claim}”** {belief.why_believed}")
    trial = experiment_form(lesson, belief.experiment, button=belief.button)
    if trial is None:
        return
    seeds, prompts = parse_seeds(str(trial.values["seeds"])), parse_prompts(str(trial.values["prompts"]))
    base = request_from({**trial.values, "prompt": ""}, current_model())
    requests = [base.replace(prompt=prompt, seed=seed) for prompt in prompts for seed in seeds]
    columns = [f"seed {seed}" for seed in seeds]
    results = run_grid(lesson, trial, requests, prompts, columns, heading="One seed, several prompts")
    if results is None:
        return
    if len(seeds) < 2 or len(prompts) < 2:
        showed("One prompt or one seed alone compares nothing: give at least two of each.")
        return
    same_prompt, same_seed = shared_by(results, len(seeds))
    alike_chart(same_prompt, same_seed)
    showed(reading(same_prompt, same_seed, belief))


def shared_by(results: Sequence[ImageResult], across: int) -> tuple[Interval, Interval]:
    """`shared` of a grid with `across` seeds, worked out once."""
    rows = [results[start : start + across] for start in range(0, len(results), across)]
    key = ("prompts and seeds", *(result.sha256 for result in results))
    return once(key, lambda: shared([[result.array() for result in row] for row in rows]))


def shared(rows: Sequence[Sequence[Array]]) -> tuple[Interval, Interval]:
    """How far apart images of one prompt are, and images of one seed: means and their intervals, both over the seeds.

    `rows`: a row a prompt, a column a seed, two of each at least.
    """
    tables = [[[relative_distance(a, b) for a in row] for b in row] for row in rows]  # (prompts, seeds, seeds)
    same_prompt = pairs_interval(np.mean(tables, axis=0).tolist())
    same_seed = mean_interval([mean_distance(column) for column in zip(*rows, strict=True)])
    return same_prompt, same_seed


def alike_chart(same_prompt: Interval, same_seed: Interval) -> None:
    """The two distances of `shared` as bars with their intervals, and their table."""
    found = {"same prompt": same_prompt, "same seed": same_seed}
    table = pd.DataFrame([{"images of the": name, **asdict(interval)} for name, interval in found.items()])
    x = charts.Axis(column="images of the", title="What two images share")
    y = charts.DISTANCE
    st.markdown("**Which images are alike?** Bars are means over pairs of images; lines are 95% intervals over seeds.")
    told = ", ".join(f"{name} {interval}" for name, interval in found.items())
    st.vega_lite_chart(charts.bars(table, x, y, order=list(found)).to_dict(), alt=f"Distance of two images: {told}.")
    table_below(table, "Mean distance of images that share their prompt, and of images that share their seed")


def reading(same_prompt: Interval, same_seed: Interval, belief: Misconception) -> str:
    """The two distances in words; refutes the belief where one seed's images are clearly farther apart."""
    told = (
        f"One *prompt*, different seeds: the images lie {same_prompt} apart. One *seed*, different prompts: they lie "
        f"{same_seed} apart (1: unrelated). "
    )
    if same_seed.low > same_prompt.high:
        return told + belief.refutation
    return told + "These images cannot decide it: try more seeds and prompts."
