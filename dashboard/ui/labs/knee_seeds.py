"""Laboratory: is the knee a matter of the picture? The same sweep from several noises, with intervals."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.axes import KINDS
from dashboard.course import Lesson
from dashboard.engine import ImageResult
from dashboard.intervals import summarise
from dashboard.knee import WITHIN, knee
from dashboard.ui.controls import request_from
from dashboard.ui.experiment import experiment_form
from dashboard.ui.grid_run import run_grid
from dashboard.ui.labs.step_sweep import DISTANCE, sweep_table
from dashboard.ui.lesson import showed
from dashboard.ui.models import current_model
from dashboard.ui.once import once
from dashboard.ui.parsing import parse_seeds, parse_step_counts


def knee_seeds_lab(lesson: Lesson) -> None:
    """Form, a row of images a seed, the curve over seeds, what the run showed."""
    trial = experiment_form(lesson, "knee", button="Run it over seeds")
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
        table = once(("knees", *(result.sha256 for result in results)), lambda: knee_table(results, len(counts)))
        _measured(table, counts)


def knee_table(results: Sequence[ImageResult], across: int) -> pd.DataFrame:
    """seed, steps, distance: each image to the last of its row; a row has `across` images of one seed."""
    rows = [results[start : start + across] for start in range(0, len(results), across)]
    return pd.concat([sweep_table(row).assign(seed=str(row[0].request.seed)) for row in rows], ignore_index=True)


def _measured(table: pd.DataFrame, counts: Sequence[int]) -> None:
    summary = summarise(table, ["steps"], "distance")
    knees = {str(seed): knee(rows["steps"].tolist(), rows["distance"].tolist()) for seed, rows in table.groupby("seed")}
    st.markdown("**Distance to each seed's own longest run.** Points are means over the seeds, bars 95% intervals.")
    steps = charts.Axis(column="steps", title="Steps, on a logarithmic axis", log=True, ticks=tuple(counts))
    chart = charts.curve(summary, steps, DISTANCE, reference=(WITHIN, "near enough")).to_dict()
    told = ", ".join(f"{row.steps} steps {row.mean:.2f}" for row in summary.itertuples())
    st.vega_lite_chart(chart, alt=f"Mean distance over seeds: {told}.")
    with st.expander("The numbers behind the chart", icon=":material/table:"):
        st.dataframe(table[["seed", "steps", "distance"]], hide_index=True, alt="Distance of every image")
        st.dataframe(summary, hide_index=True, alt="Mean distance for each number of steps, with its 95% interval")
    found = ", ".join(f"seed {seed}: {steps}" for seed, steps in knees.items())
    agree = "On this list of steps the seeds agree." if len(set(knees.values())) == 1 else "The noise moves the knee."
    showed(f"The knees are {found} steps, each against that seed's own image of {counts[-1]} steps. {agree}")
