"""Laboratory: the same noise with and without a negative prompt, at several guidance scales."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.course import Lesson
from dashboard.engine import ImageRequest, ImageResult
from dashboard.intervals import mean_interval, paired_difference, summarise, tells_apart
from dashboard.ui.changes import difference_cells
from dashboard.ui.controls import request_from
from dashboard.ui.distances import changed_pixels, relative_distance
from dashboard.ui.experiment import experiment_form
from dashboard.ui.gallery import downloads, grid_gallery
from dashboard.ui.lesson import showed
from dashboard.ui.models import current_model
from dashboard.ui.once import once
from dashboard.ui.parsing import check_count, parse_guidances, parse_seeds
from dashboard.ui.prompt_notes import prompt_notes
from dashboard.ui.records import record
from dashboard.ui.runs import show_run
from dashboard.ui.tables import table_below
from dashboard.ui.withheld import measurable

if TYPE_CHECKING:
    from streamlit.elements.lib.grid_container import GridContainer

CHANNELS = ("red", "green", "blue")
Pair = tuple[Sequence[ImageResult], Sequence[ImageResult]]  # without and with, a result a seed


def requests_of(values: Mapping[str, Any], model: str) -> list[ImageRequest]:
    """For each guidance scale: every seed without the negative prompt, then every seed with it."""
    base, seeds = request_from(values, model), parse_seeds(str(values["seeds"]))
    return [
        base.replace(guidance_scale=guidance, negative_prompt=negative, seed=seed)
        for guidance in parse_guidances(str(values["guidances"]))
        for negative in ("", base.negative_prompt)
        for seed in seeds
    ]


def negative_lab(lesson: Lesson) -> None:
    """Form, a block of rows for each guidance scale, chart with its table, what the run showed."""
    trial = experiment_form(lesson, "negative", button="Draw with and without", check=_fits)
    if trial is None:
        return
    negative = str(trial.values["negative_prompt"])
    prompt_notes([str(trial.values["prompt"]), negative])
    seeds, guidances = parse_seeds(str(trial.values["seeds"])), parse_guidances(str(trial.values["guidances"]))
    columns = [f"seed {seed}" for seed in seeds]
    rows = [
        f"guidance {w:g}, {how}" for w in guidances for how in ("no negative prompt", f"negative prompt “{negative}”")
    ]
    titles = [f"{row}, {column}" for row in rows for column in columns]
    results = show_run(trial.key, requests_of(trial.values, current_model()), titles, asked_now=trial.asked_now)
    if results is None:
        return
    record(lesson.id).ran.add("negative")
    pairs: dict[float, Pair] = {}
    for place, guidance in enumerate(guidances):
        block = results[place * 2 * len(seeds) : (place + 1) * 2 * len(seeds)]
        pairs[guidance] = block[: len(seeds)], block[len(seeds) :]

    def maps(grid: GridContainer, row: int) -> None:
        if row % 2:
            difference_cells(grid, *pairs[guidances[row // 2]], columns)

    grid_gallery(trial.key, results, rows, columns, min_width=80, below=maps)
    downloads(trial.key, results, columns, f"Negative prompt: {negative or '(none)'}", rows=rows)
    if not measurable(results):
        return
    _compare(pairs)


def _fits(values: Mapping[str, Any]) -> None:
    if not str(values["negative_prompt"]).strip():
        raise ValueError("Write a negative prompt: without one there is nothing to compare.")
    check_count(2 * len(parse_guidances(str(values["guidances"]))) * len(parse_seeds(str(values["seeds"]))))


def effects(pairs: Mapping[float, Pair]) -> pd.DataFrame:
    """guidance, seed, distance, pixels changed, and the change of the mean red, green and blue (of 255)."""
    rows = []
    for guidance, (without, with_it) in pairs.items():
        for a, b in zip(without, with_it, strict=True):
            before, after = a.array(), b.array()
            shift = after.reshape(-1, 3).mean(axis=0) - before.reshape(-1, 3).mean(axis=0)
            rows.append(
                (guidance, str(a.request.seed), relative_distance(before, after), changed_pixels(before, after), *shift)
            )
    return pd.DataFrame(rows, columns=["guidance", "seed", "distance", "pixels changed", *CHANNELS])


def _compare(pairs: Mapping[float, Pair]) -> None:
    key = ("negative", *(result.sha256 for pair in pairs.values() for side in pair for result in side))
    table = once(key, lambda: effects(pairs))
    summary = summarise(table, ["guidance"], "distance")
    st.markdown("**How far does the negative prompt move the image?** Each seed is compared with itself.")
    st.vega_lite_chart(
        once((*key, "chart"), lambda: _chart(summary)),
        alt="Distance with and without the negative prompt: "
        + "; ".join(f"guidance {row['guidance']:g}: {row['mean']:.2f}" for _, row in summary.iterrows()),
    )
    table_below(table, "What the negative prompt changed, for every guidance scale and seed")
    showed("  \n".join(_sentence(guidance, pair, table) for guidance, pair in pairs.items()))


def _sentence(guidance: float, pair: Pair, table: pd.DataFrame) -> str:
    equal = sum(a.sha256 == b.sha256 for a, b in zip(*pair, strict=True))
    if equal == len(pair[0]):
        return f"At guidance {guidance:g} all {equal} pairs are **the same bytes**: the negative prompt did nothing."
    mine = table[table["guidance"] == guidance]
    distance, pixels = mean_interval(mine["distance"].tolist()), float(mine["pixels changed"].mean())
    return (
        f"At guidance {guidance:g} the images moved **{distance}**, and {pixels:.0%} of the pixels changed visibly. "
        f"{_colours(mine)}"
    )


def _colours(table: pd.DataFrame) -> str:
    shifts = {name: paired_difference(table[name].tolist(), [0.0] * len(table)) for name in CHANNELS}
    sure = [f"{name} {shift.mean:+.1f}" for name, shift in shifts.items() if tells_apart(shift)]
    if not sure:
        return "No mean colour moved by more than chance would."
    return f"On average over the image (of 255): {', '.join(sure)}; other mean colours stayed within chance."


def _chart(summary: pd.DataFrame) -> dict[str, Any]:
    x = charts.Axis(column="guidance", title="Guidance scale w, in the order of the grid")
    y = charts.DISTANCE
    names = summary.assign(guidance=[f"{value:g}" for value in summary["guidance"]])
    chart: dict[str, Any] = charts.bars(names, x, y, order=names["guidance"].tolist()).to_dict()
    return chart
