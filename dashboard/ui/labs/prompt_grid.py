"""Laboratory: several prompts on the same noise, several seeds as rows; predicted first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.course import Lesson
from dashboard.engine import ImageRequest, ImageResult
from dashboard.engine.catalogue import OURS
from dashboard.export import file_name
from dashboard.intervals import Interval, mean_interval, summarise
from dashboard.ui.controls import request_from
from dashboard.ui.distances import Array, mean_distance
from dashboard.ui.experiment import experiment_form
from dashboard.ui.gallery import downloads, grid_gallery
from dashboard.ui.labs.prompt_match import prompt_match
from dashboard.ui.lesson import showed
from dashboard.ui.models import current_model
from dashboard.ui.once import once
from dashboard.ui.parsing import check_count, parse_prompts, parse_seeds
from dashboard.ui.predict import covered, outcome, predict
from dashboard.ui.prompt_notes import prompt_notes
from dashboard.ui.records import Guess, record
from dashboard.ui.runs import show_run
from dashboard.ui.tables import table_below
from dashboard.ui.withheld import measurable

PROMPTS, SEEDS = "another prompt", "another seed"


def requests_of(values: Mapping[str, Any], model: str) -> list[ImageRequest]:
    """Seed by seed, every prompt on that seed's noise."""
    base = request_from({**values, "prompt": ""}, model)
    prompts, seeds = parse_prompts(str(values["prompts"])), parse_seeds(str(values["seeds"]))
    return [base.replace(prompt=prompt, seed=seed) for seed in seeds for prompt in prompts]


def prompt_grid_lab(lesson: Lesson) -> None:
    """Predict, form, grid, chart with its table, what the run showed."""
    guess = predict(lesson, "grid")
    trial = experiment_form(lesson, "grid", button="Run the prompts", check=_fits)
    if trial is None:
        return
    prompts, seeds = parse_prompts(str(trial.values["prompts"])), parse_seeds(str(trial.values["seeds"]))
    prompt_notes(prompts)
    rows = [f"seed {seed}" for seed in seeds]
    titles = [f"{row}: {prompt}" for row in rows for prompt in prompts]
    requests = requests_of(trial.values, current_model())
    results = show_run(trial.key, requests, titles, asked_now=trial.asked_now, hidden=guess is None)
    if results is None:
        return
    if guess is None:
        covered()
        return
    record(lesson.id).ran.add("grid")
    grid_gallery(trial.key, results, rows, prompts)
    downloads(trial.key, results, prompts, "Prompts on the same noise", rows=rows)
    st.caption(f"The first image is saved as `{file_name(results[0])}`: no word of the prompt is in its name.")
    if not measurable(results):
        return
    if len(prompts) > 1 and len(seeds) > 1:
        _compare(lesson, guess, results, prompts, seeds)
        if current_model() in OURS:
            prompt_match(results, prompts, seeds)
    else:
        showed("With one prompt or one seed there is nothing to compare: give at least two of each.")


def _fits(values: Mapping[str, Any]) -> None:
    check_count(len(parse_prompts(str(values["prompts"]))) * len(parse_seeds(str(values["seeds"]))))


def distances(images: Sequence[Array], prompts: Sequence[str], seeds: Sequence[int]) -> pd.DataFrame:
    """changed, at, distance: for each seed the mean over pairs of prompts, for each prompt that over pairs of seeds.

    `images` come seed by seed.
    """
    across = len(prompts)
    rows = [
        (PROMPTS, f"seed {seed}", mean_distance(images[place * across : (place + 1) * across]))
        for place, seed in enumerate(seeds)
    ]
    rows += [(SEEDS, prompt, mean_distance(images[place::across])) for place, prompt in enumerate(prompts)]
    return pd.DataFrame(rows, columns=["changed", "at", "distance"])


def _compare(
    lesson: Lesson, guess: Guess, results: Sequence[ImageResult], prompts: Sequence[str], seeds: Sequence[int]
) -> None:
    key = ("prompt distances", *(result.sha256 for result in results))
    table = once(key, lambda: distances([result.array() for result in results], prompts, seeds))
    found = {name: _interval(table, name) for name in (PROMPTS, SEEDS)}
    st.markdown("**What moves the image more?** Bars are means; the lines are their 95% intervals.")
    chart = once((*key, "chart"), lambda: _chart(table))
    alt = "Distance between two images: " + "; ".join(f"{name} {interval}" for name, interval in found.items())
    st.vega_lite_chart(chart, alt=alt)
    table_below(table, "Mean distance at every seed and at every prompt")
    by_prompt, by_seed = found[PROMPTS], found[SEEDS]
    showed(
        f"Two prompts on one noise lie **{by_prompt}** apart, over {by_prompt.n} seeds. "
        f"Two seeds of one prompt lie **{by_seed}** apart, over {by_seed.n} prompts. {_reading(by_prompt, by_seed)}"
    )
    outcome(lesson.predictions["grid"], guess, by_prompt.mean / by_seed.mean if by_seed.mean else np.inf)


def _reading(by_prompt: Interval, by_seed: Interval) -> str:
    if by_prompt.low > by_seed.high:
        return "Here the words moved the image more than the noise did."
    if by_seed.low > by_prompt.high:
        return "Here the noise moved the image more than the words did."
    return "The intervals overlap, so this run cannot tell which of the two moves the image more."


def _interval(table: pd.DataFrame, name: str) -> Interval:
    return mean_interval(table.loc[table["changed"] == name, "distance"].tolist())


def _chart(table: pd.DataFrame) -> dict[str, Any]:
    x = charts.Axis(column="changed", title="What was changed, all else kept")
    y = charts.Axis(column="distance", title="Distance (0 same, 1 unrelated)", domain=(0, 1.2))
    chart: dict[str, Any] = charts.bars(
        summarise(table, ["changed"], "distance"), x, y, order=[PROMPTS, SEEDS]
    ).to_dict()
    return chart
