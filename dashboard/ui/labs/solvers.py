"""Laboratory: schedulers side by side at equal model evaluations, measured against one long run a seed."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.course import Lesson
from dashboard.engine import SCHEDULERS, ImageRequest, ImageResult
from dashboard.intervals import paired_difference, summarise, tells_apart
from dashboard.ui import engine_room
from dashboard.ui.controls import request_from
from dashboard.ui.distances import relative_distance
from dashboard.ui.experiment import experiment_form
from dashboard.ui.gallery import downloads, grid_gallery, single
from dashboard.ui.labs.step_sweep import DISTANCE
from dashboard.ui.lesson import showed
from dashboard.ui.models import current_model, files_are_here
from dashboard.ui.once import once
from dashboard.ui.parsing import parse_evaluations, parse_schedulers, parse_seeds
from dashboard.ui.records import record
from dashboard.ui.runs import show_run
from dashboard.ui.withheld import measurable

LONG_RUN = ("dpm++2m", 60)  # scheduler, steps: the long runs of all deterministic schedulers end in one image


def solvers_lab(lesson: Lesson) -> None:
    """Form, the first seed's grid, curves over seeds, what the run showed."""
    trial = experiment_form(lesson, "schedulers", button="Compare")
    if trial is None or not files_are_here():
        return
    keys, seeds = parse_schedulers(str(trial.values["schedulers"])), parse_seeds(str(trial.values["seeds"]))
    budgets = sorted(parse_evaluations(str(trial.values["evaluations"])))
    base = request_from(trial.values, current_model())
    requests = [request for seed in seeds for request in _of_seed(base.replace(seed=seed), keys, budgets)]
    titles = [f"seed {r.seed}, {SCHEDULERS[r.scheduler].label}, {r.num_inference_steps} steps" for r in requests]
    results = show_run(trial.key, requests, titles, asked_now=trial.asked_now)
    if results is None:
        return
    record(lesson.id).ran.add("schedulers")
    across = len(keys) * len(budgets) + 1  # a seed's images; the last is its long run
    rows, columns = [SCHEDULERS[key].label for key in keys], [f"{budget} evaluations" for budget in budgets]
    scheduler, steps = SCHEDULERS[LONG_RUN[0]].label, LONG_RUN[1]
    st.markdown(f"**The long run of seed {seeds[0]}**, which its images are measured against")
    single(f"{trial.key}.long", results[across - 1], f"{scheduler}, {steps} steps", width=160)
    grid_gallery(trial.key, results[: across - 1], rows, columns)
    downloads(trial.key, results[: across - 1], columns, base.prompt or "(empty prompt)", rows=rows)
    if not measurable(results):
        return
    key = ("solvers", *budgets, *(result.sha256 for result in results))
    _measured(once(key, lambda: solver_table(results, budgets, across)), keys)


def _of_seed(base: ImageRequest, keys: Sequence[str], budgets: Sequence[int]) -> list[ImageRequest]:
    """A row a scheduler, each image with the most steps that fit the column's budget; then the long run."""
    shelf = engine_room.engine().models.schedulers(base.model)
    scheduler, steps = LONG_RUN
    images = [
        base.replace(scheduler=key, num_inference_steps=shelf.steps_within(key, budget))
        for key in keys
        for budget in budgets
    ]
    return [*images, base.replace(scheduler=scheduler, num_inference_steps=steps)]


def solver_table(results: Sequence[ImageResult], budgets: Sequence[int], across: int) -> pd.DataFrame:
    """scheduler, evaluations (the budget), steps, seed, distance to the seed's long run, seconds: a row an image."""
    rows = []
    for start in range(0, len(results), across):
        *images, long_run = results[start : start + across]
        rows += [
            (
                SCHEDULERS[image.request.scheduler].label,
                budgets[place % len(budgets)],
                image.request.num_inference_steps,
                str(image.request.seed),
                relative_distance(image.array(), long_run.array()),
                image.seconds,
            )
            for place, image in enumerate(images)
        ]
    return pd.DataFrame(rows, columns=["scheduler", "evaluations", "steps", "seed", "distance", "seconds"])


def _measured(table: pd.DataFrame, keys: Sequence[str]) -> None:
    summary = summarise(table, ["scheduler", "evaluations"], "distance")
    scheduler, steps = SCHEDULERS[LONG_RUN[0]].label, LONG_RUN[1]
    st.markdown(
        f"**Distance to the long run** ({scheduler}, {steps} steps, same seed). Means over seeds, 95% intervals."
    )
    budgets = sorted(set(table["evaluations"]))
    x = charts.Axis(column="evaluations", title="Model evaluations", log=True, ticks=tuple(budgets))
    chart = charts.curve(summary, x, DISTANCE, series="scheduler").to_dict()
    alt = ", ".join(f"{row.scheduler} at {row.evaluations}: {row.mean:.2f}" for row in summary.itertuples())
    st.vega_lite_chart(chart, alt=f"Mean distance to the long run: {alt}.")
    with st.expander("The numbers behind the chart", icon=":material/table:"):
        st.dataframe(summary, hide_index=True, alt="Mean distance of each scheduler at each number of evaluations")
        st.dataframe(table, hide_index=True, alt="Steps, distance and seconds of every image")
    if len(keys) > 1:
        showed(" ".join(_nearest(table[table["evaluations"] == budget], budget) for budget in budgets))


def _nearest(table: pd.DataFrame, budget: int) -> str:
    """Which scheduler came nearest at this budget, and whether this run can tell it from the next."""
    by_seed = table.pivot(index="seed", columns="scheduler", values="distance")
    first, second, *others = by_seed.mean().sort_values().index
    worst = f" {others[-1]} is farthest ({by_seed[others[-1]].mean():.3f})." if others else ""
    difference = paired_difference(by_seed[second].tolist(), by_seed[first].tolist())
    told = f"At {budget} evaluations **{first}** is nearest to the long run ({by_seed[first].mean():.3f})"
    if tells_apart(difference):
        span = f"{difference.low:.3f} to {difference.high:.3f}"
        return f"{told}, ahead of {second} by {difference.mean:.3f} ({span}).{worst}"
    return (
        f"{told}, but this run cannot tell it from {second} ({by_seed[second].mean():.3f}): it takes more seeds.{worst}"
    )
