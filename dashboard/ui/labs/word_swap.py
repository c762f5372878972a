"""Laboratory: one word taken out, or put in another's place, on the same noise."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.course import Lesson
from dashboard.engine import ImageRequest, ImageResult
from dashboard.intervals import summarise
from dashboard.ui.changes import changed_rows
from dashboard.ui.controls import request_from
from dashboard.ui.distances import from_first
from dashboard.ui.experiment import experiment_form
from dashboard.ui.gallery import downloads, plain
from dashboard.ui.lesson import showed
from dashboard.ui.models import current_model
from dashboard.ui.once import once
from dashboard.ui.parsing import check_count, parse_seeds, parse_swaps
from dashboard.ui.prompt_notes import prompt_notes
from dashboard.ui.ranking import ranked
from dashboard.ui.records import record
from dashboard.ui.runs import show_run
from dashboard.ui.tables import table_below
from dashboard.ui.withheld import measurable

TYPED = "as typed"


def edits(prompt: str, swaps: str) -> dict[str, str]:
    """label -> prompt: as typed, then without each word, then with each swap of a word that it has."""
    words = prompt.split()
    made = {TYPED: prompt}
    for place, word in enumerate(words):
        nth = words[:place].count(word) + 1
        label = f"without “{word}”" + (f" ({nth})" if words.count(word) > 1 else "")
        made[label] = " ".join(words[:place] + words[place + 1 :])
    for word, other in parse_swaps(swaps):
        changed = _swapped(prompt, word, other)
        if changed != prompt:
            made[f"“{word}” → “{other}”"] = changed
    return made


def without_effect(prompt: str, swaps: str) -> tuple[str, ...]:
    """The words to swap that the prompt does not have."""
    return tuple(word for word, other in parse_swaps(swaps) if _swapped(prompt, word, other) == prompt)


def _swapped(prompt: str, word: str, other: str) -> str:
    return re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", _literal(other), prompt)


def _literal(text: str) -> Callable[[re.Match[str]], str]:
    return lambda _: text  # a replacement as text could hold backslashes


def requests_of(values: Mapping[str, Any], model: str) -> list[ImageRequest]:
    """For each edit of the prompt, every seed."""
    base, seeds = request_from(values, model), parse_seeds(str(values["seeds"]))
    prompts = edits(base.prompt, str(values["swaps"])).values()
    return [base.replace(prompt=prompt, seed=seed) for prompt in prompts for seed in seeds]


def word_swap_lab(lesson: Lesson) -> None:
    """Form, a row for each edit beside its difference maps, chart with its table, what the run showed."""
    trial = experiment_form(lesson, "swap", button="Change one word at a time", check=_fits)
    if trial is None:
        return
    seeds = parse_seeds(str(trial.values["seeds"]))
    made = edits(str(trial.values["prompt"]), str(trial.values["swaps"]))
    prompt_notes([made[TYPED], *(made[label] for label in made if "→" in label)])
    for word in without_effect(made[TYPED], str(trial.values["swaps"])):
        st.caption(f":material/info: The prompt has no “{plain(word)}”, so that swap is left out.")
    labels, columns = list(made), [f"seed {seed}" for seed in seeds]
    titles = [f"{label}, {column}" for label in labels for column in columns]
    results = show_run(trial.key, requests_of(trial.values, current_model()), titles, asked_now=trial.asked_now)
    if results is None:
        return
    record(lesson.id).ran.add("swap")
    rows = [results[start : start + len(seeds)] for start in range(0, len(results), len(seeds))]
    changed_rows(trial.key, rows, [f"{label}: {prompt}" for label, prompt in made.items()], columns)
    downloads(trial.key, results, columns, made[TYPED] or "(empty prompt)", rows=labels)
    if not measurable(results):
        return
    _compare(rows, labels, [str(seed) for seed in seeds])


def _fits(values: Mapping[str, Any]) -> None:
    made = edits(str(values["prompt"]), str(values["swaps"]))
    if len(made) < 2:
        raise ValueError("Write a prompt of at least one word.")
    check_count(len(made) * len(parse_seeds(str(values["seeds"]))))


def moves(rows: Sequence[Sequence[ImageResult]], labels: Sequence[str], seeds: Sequence[str]) -> pd.DataFrame:
    """edit, seed, distance: how far each edit moved the image of each seed."""
    found = from_first([[result.array() for result in row] for row in rows])
    return pd.DataFrame(
        [
            (label, seed, distance)
            for label, values in zip(labels[1:], found, strict=True)
            for seed, distance in zip(seeds, values, strict=True)
        ],
        columns=["edit", "seed", "distance"],
    )


def _compare(rows: Sequence[Sequence[ImageResult]], labels: Sequence[str], seeds: Sequence[str]) -> None:
    key = ("swap", *labels, *(result.sha256 for row in rows for result in row))
    table = once(key, lambda: moves(rows, labels, seeds))
    summary = summarise(table, ["edit"], "distance")
    st.markdown("**How far does each word move the image?** Each seed is compared with itself.")
    st.vega_lite_chart(
        once((*key, "chart"), lambda: _chart(summary, labels[1:])),
        alt="Distance from the prompt as typed: "
        + "; ".join(f"{row['edit']} {row['mean']:.2f}" for _, row in summary.iterrows()),
    )
    table_below(table, "Distance from the prompt as typed, for every edit and seed")
    showed(ranked(table, "edit"))


def _chart(summary: pd.DataFrame, order: Sequence[str]) -> dict[str, Any]:
    x = charts.Axis(column="edit", title="What was done to the prompt")
    y = charts.DISTANCE
    short = {edit: edit.replace("without", "no", 1) for edit in order}  # many bars stand close on a narrow screen
    named = summary.assign(edit=summary["edit"].map(short))
    chart: dict[str, Any] = charts.bars(named, x, y, order=list(short.values())).to_dict()
    return chart
