"""How well each image of the prompt grid fits each of its prompts, by Pocket's own scorer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.engine import ImageResult
from dashboard.intervals import Interval, paired_difference, summarise, tells_apart
from dashboard.pocket.score import load_scorer
from dashboard.ui.lesson import showed
from dashboard.ui.once import once
from dashboard.ui.tables import table_below

Scores = npt.NDArray[np.float32]  # (seeds, prompts drawn, prompts asked)


def prompt_match(results: Sequence[ImageResult], prompts: Sequence[str], seeds: Sequence[int]) -> None:
    """Heat map, its table and what it says; `results` come seed by seed."""
    key = ("prompt match", *prompts, *(result.sha256 for result in results))
    scores = once(key, lambda: scores_of(results, prompts))
    names = [f"{place}: {prompt}" for place, prompt in enumerate(prompts, start=1)]
    table = score_table(scores, names, seeds)
    summary = summarise(table, ["drawn from", "asked"], "match")
    st.markdown(
        "**Does each image fit its own prompt best?** Each number is a mean over the seeds, from 0 (no fit) to 100. "
        "The scorer is a small CLIP that learned Pocket's own world; it is another network than the one that draws."
    )
    chart = once((*key, "chart"), lambda: _chart(summary, names))
    st.vega_lite_chart(chart, alt="Match of the images of each prompt with every prompt, mean over the seeds")
    table_below(summary, "Match of images and prompts with 95% intervals over the seeds")
    showed(reading(scores))


def scores_of(results: Sequence[ImageResult], prompts: Sequence[str]) -> Scores:
    """Each image with every prompt, 0 .. 100."""
    found: Scores = load_scorer().matches([result.array() for result in results], prompts)
    return found.reshape(-1, len(prompts), len(prompts))


def score_table(scores: Scores, names: Sequence[str], seeds: Sequence[int]) -> pd.DataFrame:
    """drawn from, asked, seed, match: a row for each image and prompt."""
    rows = [
        (drawn, f"{j + 1}", str(seed), float(scores[k, i, j]))
        for i, drawn in enumerate(names)
        for j in range(len(names))
        for k, seed in enumerate(seeds)
    ]
    return pd.DataFrame(rows, columns=["drawn from", "asked", "seed", "match"])


def reading(scores: Scores) -> str:
    """How many images fit their own prompt best, and by how much on average over the seeds."""
    count = scores.shape[1]
    own = scores.argmax(axis=2) == np.arange(count)
    mine = scores[:, np.arange(count), np.arange(count)].mean(axis=1)  # (seeds,)
    others = (scores.sum(axis=(1, 2)) - mine * count) / (count * (count - 1))
    lead: Interval = paired_difference(mine.tolist(), others.tolist())
    sure = "beyond chance at 95%" if tells_apart(lead) else "not beyond chance at 95%"
    return (
        f"**{int(own.sum())} of {own.size}** images fit their own prompt best. An image fits its own prompt by {lead} "
        f"points more than another one, over {lead.n} seeds: {sure}."
    )


def _chart(summary: pd.DataFrame, names: Sequence[str]) -> dict[str, Any]:
    x = charts.Axis(column="asked", title="Compared with prompt")
    y = charts.Axis(column="drawn from", title="Prompt that the image was drawn from")
    asked = [f"{place}" for place in range(1, len(names) + 1)]
    chart: dict[str, Any] = charts.heat(summary, x, y, columns=asked, rows=names, title=y.title).to_dict()
    return chart
