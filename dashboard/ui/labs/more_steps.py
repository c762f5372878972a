"""Laboratory for a misconception: do ever more steps make an ever better picture?"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pandas as pd
import streamlit as st

from dashboard.axes import KINDS
from dashboard.course import Lesson, Misconception
from dashboard.engine import ImageResult
from dashboard.intervals import mean_interval, summarise
from dashboard.ui.controls import request_from
from dashboard.ui.distances import mean_distance, relative_distance
from dashboard.ui.experiment import experiment_form
from dashboard.ui.grid_run import run_grid
from dashboard.ui.lesson import TEXT_WIDTH, showed
from dashboard.ui.models import current_model
from dashboard.ui.parsing import parse_seeds, parse_step_counts
from dashboard.ui.scoring import change_told, matches


def more_steps_lab(lesson: Lesson, belief: Misconception) -> None:
    """The claim, one click, a grid of seeds by steps, and what each lengthening of the run changed and cost."""
    with st.container(width=TEXT_WIDTH):
        st.markdown(f":material/help: **“{belief.claim}”** {belief.why_believed}")
    trial = experiment_form(lesson, belief.experiment, button=belief.button)
    if trial is None:
        return
    seeds = parse_seeds(str(trial.values["seeds"]))
    counts = sorted(parse_step_counts(str(trial.values["step_counts"])))
    base = request_from(trial.values, current_model())
    requests = [base.replace(seed=seed, num_inference_steps=count) for seed in seeds for count in counts]
    rows, columns = [f"seed {seed}" for seed in seeds], [KINDS["steps"].label(count) for count in counts]
    results = run_grid(lesson, trial, requests, rows, columns, heading=base.prompt)
    if results is None:
        return
    if len(counts) > 1:
        _measured(results, counts, belief)


def change_table(results: Sequence[ImageResult], across: int) -> pd.DataFrame:
    """from, to, change, extra seconds: one row for each lengthening of each seed's run (`across` images a seed)."""
    rows = [results[start : start + across] for start in range(0, len(results), across)]
    changes = [
        (
            a.request.num_inference_steps,
            b.request.num_inference_steps,
            relative_distance(a.array(), b.array()),
            b.seconds - a.seconds,
        )
        for row in rows
        for a, b in pairwise(row)
    ]
    return pd.DataFrame(changes, columns=["from", "to", "change", "extra seconds"])


def _measured(results: Sequence[ImageResult], counts: Sequence[int], belief: Misconception) -> None:
    across = len(counts)
    table = change_table(results, across)
    summary = summarise(table, ["from", "to"], "change")
    with st.expander("The numbers behind the grid", icon=":material/table:"):
        st.dataframe(summary, hide_index=True, alt="Mean change from each number of steps to the next, with intervals")
        st.dataframe(table, hide_index=True, alt="Change and extra seconds of every lengthening")
    last = table[table["to"] == counts[-1]]
    change = mean_interval(last["change"].tolist())
    seeds = mean_distance([result.array() for result in results[across - 1 :: across]])
    scores = matches(results)
    fit = (
        change_told("The match with the prompt", scores[across - 2 :: across], scores[across - 1 :: across])
        if scores is not None
        else ""
    )
    other = f" Another seed moves it by {seeds:.2f}." if len(results) > across else ""
    showed(
        f"Going from {counts[-2]} to {counts[-1]} steps moves the image by {change} and costs "
        f"{last['extra seconds'].mean():.2f} s more an image.{other} {fit} {belief.refutation}"
    )
