"""Laboratory: guidance by steps, two axes. Does more guidance need more steps?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.axes import KINDS
from dashboard.course import Lesson
from dashboard.engine import ImageResult
from dashboard.intervals import paired_difference, summarise, tells_apart
from dashboard.ui.controls import request_from
from dashboard.ui.experiment import experiment_form
from dashboard.ui.gallery import downloads, grid_gallery
from dashboard.ui.labs.step_sweep import DISTANCE, sweep_table
from dashboard.ui.lesson import showed
from dashboard.ui.models import current_model
from dashboard.ui.once import once
from dashboard.ui.parsing import parse_guidances, parse_seeds, parse_step_counts
from dashboard.ui.records import record
from dashboard.ui.runs import show_run
from dashboard.ui.tables import table_below
from dashboard.ui.withheld import measurable


def guidance_steps_lab(lesson: Lesson) -> None:
    """Form, the first seed's grid, curves over seeds, what the run showed."""
    trial = experiment_form(lesson, "grid", button="Run the grid")
    if trial is None:
        return
    scales = sorted(parse_guidances(str(trial.values["guidances"])))
    counts = sorted(parse_step_counts(str(trial.values["step_counts"])))
    seeds = parse_seeds(str(trial.values["seeds"]))
    base = request_from(trial.values, current_model())
    requests = [
        base.replace(seed=seed, guidance_scale=scale, num_inference_steps=count)
        for seed in seeds
        for scale in scales
        for count in counts
    ]
    rows, columns = [KINDS["guidance"].label(s) for s in scales], [KINDS["steps"].label(count) for count in counts]
    titles = [f"seed {seed}, {row}, {column}" for seed in seeds for row in rows for column in columns]
    results = show_run(trial.key, requests, titles, asked_now=trial.asked_now)
    if results is None:
        return
    record(lesson.id).ran.add("grid")
    shown = results[: len(rows) * len(columns)]
    st.markdown(f"Images of seed {seeds[0]}.")
    grid_gallery(trial.key, shown, rows, columns)
    downloads(trial.key, shown, columns, base.prompt or "(empty prompt)", rows=rows)
    if not measurable(results):
        return
    if len(counts) > 1:
        key = ("guidance and steps", *(result.sha256 for result in results))
        _measured(once(key, lambda: settling_table(results, len(counts))), scales, counts)


def settling_table(results: Sequence[ImageResult], across: int) -> pd.DataFrame:
    """guidance, seed, steps, distance: each image to the longest run of its own guidance and seed."""
    rows = [results[start : start + across] for start in range(0, len(results), across)]
    tables = [
        sweep_table(row).assign(guidance=f"{row[0].request.guidance_scale:g}", seed=str(row[0].request.seed))
        for row in rows
    ]
    return pd.concat(tables, ignore_index=True)[["guidance", "seed", "steps", "distance"]]


def _measured(table: pd.DataFrame, scales: Sequence[float], counts: Sequence[int]) -> None:
    summary = summarise(table, ["guidance", "steps"], "distance")
    x = charts.Axis(column="steps", title="Steps, on a logarithmic axis", log=True, ticks=tuple(counts))
    st.markdown(
        "**How soon does each guidance settle?** Distance to its own longest run; means over seeds, 95% intervals."
    )
    told = ", ".join(f"guidance {row.guidance} at {row.steps} steps {row.mean:.2f}" for row in summary.itertuples())
    top = float(np.nanmax(summary[["mean", "high"]].to_numpy(dtype=float)))
    y = replace(DISTANCE, domain=(0.0, top))  # intervals reach below 0, distances do not
    st.vega_lite_chart(charts.curve(summary, x, y, series="guidance").to_dict(), alt=f"Mean distance: {told}.")
    table_below(table, "Distance of every image to its own longest run")
    if len(scales) > 1:
        showed(_comparison(table, f"{scales[0]:g}", f"{scales[-1]:g}", counts[0], counts[-1]))


def _comparison(table: pd.DataFrame, low: str, high: str, fewest: int, most: int) -> str:
    """Whether the highest guidance is farther from its long run than the lowest is, at the fewest steps."""
    rows = table[table["steps"] == fewest].set_index("guidance")["distance"]
    first, last = rows.loc[[low]].tolist(), rows.loc[[high]].tolist()
    difference = paired_difference(last, first)
    shown = (
        f"At {fewest} steps the images of guidance {low} lie {sum(first) / len(first):.2f} from their own {most}-step "
        f"images, those of guidance {high} {sum(last) / len(last):.2f}."
    )
    if not tells_apart(difference):
        return f"{shown} This run cannot tell the two apart: the difference is {difference}."
    return f"{shown} The {'higher' if difference.mean > 0 else 'lower'} guidance needs more steps here."
