"""Laboratory for a misconception: does a negative prompt delete an object?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from dashboard.course import Lesson, Misconception
from dashboard.engine import CLOSE, ImageRequest, ImageResult
from dashboard.intervals import Interval, mean_interval
from dashboard.ui.changes import changed_rows
from dashboard.ui.controls import request_from
from dashboard.ui.distances import changed_pixels
from dashboard.ui.experiment import experiment_form
from dashboard.ui.gallery import downloads, plain
from dashboard.ui.lesson import TEXT_WIDTH, showed
from dashboard.ui.models import current_model
from dashboard.ui.parsing import NO_WORDS, check_count, parse_negatives, parse_seeds
from dashboard.ui.prompt_notes import prompt_notes
from dashboard.ui.records import record
from dashboard.ui.runs import show_run
from dashboard.ui.tables import table_below
from dashboard.ui.withheld import measurable


def negatives_of(values: Mapping[str, Any]) -> tuple[str, ...]:
    """The empty negative prompt first, then those that were typed."""
    return ("", *(text for text in parse_negatives(str(values["negatives"])) if text))


def requests_of(values: Mapping[str, Any], model: str) -> list[ImageRequest]:
    """For each negative prompt, every seed."""
    base, seeds = request_from(values, model), parse_seeds(str(values["seeds"]))
    return [base.replace(negative_prompt=text, seed=seed) for text in negatives_of(values) for seed in seeds]


def eraser_lab(lesson: Lesson, belief: Misconception) -> None:
    """The claim, a one-click experiment, and how much of the picture each negative prompt changed."""
    with st.container(width=TEXT_WIDTH):
        st.markdown(f":material/help: **“{belief.claim}”** {belief.why_believed}")
    trial = experiment_form(lesson, belief.experiment, button=belief.button, check=_fits)
    if trial is None:
        return
    negatives, seeds = negatives_of(trial.values), parse_seeds(str(trial.values["seeds"]))
    prompt_notes([str(trial.values["prompt"]), *negatives])
    columns = [f"seed {seed}" for seed in seeds]
    labels = [f"negative prompt: {text or NO_WORDS}" for text in negatives]
    titles = [f"{label}, {column}" for label in labels for column in columns]
    results = show_run(trial.key, requests_of(trial.values, current_model()), titles, asked_now=trial.asked_now)
    if results is None:
        return
    record(lesson.id).ran.add(belief.experiment)
    rows = [results[start : start + len(seeds)] for start in range(0, len(results), len(seeds))]
    changed_rows(trial.key, rows, labels, columns)
    downloads(trial.key, results, columns, belief.claim, rows=labels)
    if not measurable(results):
        return
    shares = changed_shares(rows)
    table_below(
        _table(negatives, columns, shares), "Share of pixels changed by each negative prompt", title="The numbers"
    )
    found = [mean_interval(values) for values in shares]
    named = "; ".join(
        f"“{plain(text)}” changed **{_percent(share)}**" for text, share in zip(negatives[1:], found, strict=True)
    )
    showed(f"Share of the pixels that changed by more than {CLOSE} of 255 levels: {named}. {belief.refutation}")


def _fits(values: Mapping[str, Any]) -> None:
    negatives = negatives_of(values)
    if len(negatives) < 2:
        raise ValueError("Write at least one negative prompt.")
    check_count(len(negatives) * len(parse_seeds(str(values["seeds"]))))


def changed_shares(rows: Sequence[Sequence[ImageResult]]) -> list[list[float]]:
    """For each row after the first, the share of pixels that changed against the first, a number a seed."""
    first = [result.array() for result in rows[0]]
    return [[changed_pixels(a, b.array()) for a, b in zip(first, row, strict=True)] for row in rows[1:]]


def _percent(share: Interval) -> str:
    if share.n < 2:
        return f"{share.mean:.0%}"
    return f"{share.mean:.0%} ({max(0.0, share.low):.0%} to {min(1.0, share.high):.0%})"


def _table(negatives: Sequence[str], columns: Sequence[str], shares: Sequence[Sequence[float]]) -> pd.DataFrame:
    rows = [
        {"negative prompt": text, **dict(zip(columns, values, strict=True))}
        for text, values in zip(negatives[1:], shares, strict=True)
    ]
    return pd.DataFrame(rows)
