"""Laboratory: a prompt in parts. Keep all but one, and see what that part does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.course import Lesson
from dashboard.engine import ImageRequest, ImageResult
from dashboard.engine.catalogue import OURS
from dashboard.intervals import summarise
from dashboard.pocket.world.parts import NONE, PARTS, alternatives, never_drawn, prompt_of
from dashboard.ui.controls import PART_LABELS, request_from
from dashboard.ui.distances import mean_distance, relative_distance
from dashboard.ui.experiment import experiment_form
from dashboard.ui.gallery import downloads, grid_gallery, plain
from dashboard.ui.lesson import showed
from dashboard.ui.models import current_model
from dashboard.ui.once import once
from dashboard.ui.parsing import check_count, parse_seeds
from dashboard.ui.ranking import ranked
from dashboard.ui.records import record
from dashboard.ui.runs import show_run
from dashboard.ui.tables import table_below
from dashboard.ui.withheld import measurable

OTHERS = 5  # values beside the chosen one when a single part varies
BUILT = "as built"
Columns = Mapping[str, Mapping[str, str]]  # column's label -> the parts of its prompt


def columns_of(values: Mapping[str, Any]) -> Columns:
    """The prompt as built, then each change of one part."""
    built = {part: str(values[part]) for part in PARTS}
    vary = str(values["vary"])
    parts = [part for part in PARTS if part != "companion" or built["relation"] != NONE] if vary == "each" else [vary]
    count = 1 if vary == "each" else OTHERS
    changed = {
        f"{PART_LABELS[part].lower()}: {other}": {**built, part: other}
        for part in parts
        for other in alternatives(part, built[part], count)
    }
    return {BUILT: built, **changed}


def requests_of(values: Mapping[str, Any], model: str) -> list[ImageRequest]:
    """Seed by seed, every column's prompt."""
    base = request_from({**values, "prompt": ""}, model)
    prompts = [prompt_of(parts) for parts in columns_of(values).values()]
    return [base.replace(prompt=prompt, seed=seed) for seed in parse_seeds(str(values["seeds"])) for prompt in prompts]


def anatomy_lab(lesson: Lesson) -> None:
    """The parts' form, the prompt they make, grid, chart with its table, what the run showed."""
    if current_model() not in OURS:
        st.caption(
            "These parts are Pocket's whole world. The model in use knows many more words: type them in laboratory 1."
        )
    trial = experiment_form(lesson, "anatomy", button="Build and vary", check=_fits)
    if trial is None:
        return
    columns, seeds = columns_of(trial.values), parse_seeds(str(trial.values["seeds"]))
    _say_prompt(columns)
    labels, rows = list(columns), [f"seed {seed}" for seed in seeds]
    titles = [f"{row}, {label}" for row in rows for label in labels]
    results = show_run(trial.key, requests_of(trial.values, current_model()), titles, asked_now=trial.asked_now)
    if results is None:
        return
    record(lesson.id).ran.add("anatomy")
    grid_gallery(trial.key, results, rows, labels, min_width=80)
    downloads(trial.key, results, labels, prompt_of(columns[BUILT]), rows=rows)
    if not measurable(results):
        return
    _compare(results, labels, seeds)


def _fits(values: Mapping[str, Any]) -> None:
    if values["vary"] == "companion" and values["relation"] == NONE:
        raise ValueError("Choose a relation first: without one there is no second subject to vary.")
    check_count(len(columns_of(values)) * len(parse_seeds(str(values["seeds"]))))


def _say_prompt(columns: Columns) -> None:
    st.markdown(f"Your prompt: **{plain(prompt_of(columns[BUILT]))}**")
    if current_model() in OURS:
        for label, parts in columns.items():
            for reason in never_drawn(parts):
                st.caption(f":material/info: {plain(label)}: Pocket's training scenes never had {reason}.")


def changes(results: Sequence[ImageResult], labels: Sequence[str], seeds: Sequence[int]) -> pd.DataFrame:
    """change, seed, distance: how far each changed image is from the prompt as built on the same seed."""
    across, rows = len(labels), []
    for place, seed in enumerate(seeds):
        built, *others = [result.array() for result in results[place * across : (place + 1) * across]]
        rows += [
            (label, str(seed), relative_distance(built, other)) for label, other in zip(labels[1:], others, strict=True)
        ]
    return pd.DataFrame(rows, columns=["change", "seed", "distance"])


def _compare(results: Sequence[ImageResult], labels: Sequence[str], seeds: Sequence[int]) -> None:
    key = ("anatomy", *labels, *(result.sha256 for result in results))
    table = once(key, lambda: changes(results, labels, seeds))
    summary = summarise(table, ["change"], "distance")
    between = mean_distance([result.array() for result in results[:: len(labels)]])
    st.markdown("**How far does each change move the image?** Each bar compares images of the same seed.")
    st.vega_lite_chart(
        once((*key, "chart"), lambda: _chart(summary, labels[1:])),
        alt="Distance from the prompt as built: "
        + "; ".join(f"{row['change']} {row['mean']:.2f}" for _, row in summary.iterrows()),
    )
    table_below(table, "Distance from the prompt as built, for every change and seed")
    noise = f" Two seeds of the prompt as built lie {between:.2f} apart." if len(seeds) > 1 else ""
    showed(f"{ranked(table, 'change')}{noise}")


def _chart(summary: pd.DataFrame, order: Sequence[str]) -> dict[str, Any]:
    x = charts.Axis(column="change", title="What was changed, in the order of the grid")
    y = charts.DISTANCE
    chart: dict[str, Any] = charts.bars(summary, x, y, order=order).to_dict()
    return chart
