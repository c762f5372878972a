"""Laboratory: seconds against the number of images that are drawn in one batch."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.course import Lesson
from dashboard.engine import ImageRequest
from dashboard.intervals import Interval, ratio_interval, summarise
from dashboard.ui.controls import request_from
from dashboard.ui.experiment import experiment_form
from dashboard.ui.lesson import showed
from dashboard.ui.models import current_model
from dashboard.ui.once import once
from dashboard.ui.parsing import parse_batch_sizes, parse_seeds
from dashboard.ui.predict import covered, doubt, outcome, predict
from dashboard.ui.records import Guess, record
from dashboard.ui.runs import show_run

MOST_REPEATS = 5
MOST_IMAGES = 120  # in all batches together
PREDICTED = (1, 8)  # images: what the prediction asks about


def draw_starts() -> dict[str, str]:
    """A seed for each repeat to begin with: new images, so that every batch is really computed."""
    return {"drawn": ", ".join(str(secrets.randbelow(10**12)) for _ in range(MOST_REPEATS))}


def plan(base: ImageRequest, values: Mapping[str, Any]) -> list[tuple[int, int, tuple[ImageRequest, ...]]]:
    """(repeat, size, requests) of every batch, in the order in which they run: all sizes, then all sizes again.

    So a machine that becomes busy slows every size alike.
    """
    sizes, repeats = parse_batch_sizes(str(values["batch_sizes"])), int(values["repeats"])
    starts = parse_seeds(str(values["drawn"]))
    return [
        (repeat, size, tuple(base.replace(seed=starts[repeat % len(starts)] + 100 * size + i) for i in range(size)))
        for repeat in range(repeats)
        for size in sizes
    ]


def _fits(values: Mapping[str, Any]) -> None:
    """ValueError, a sentence, for too many images."""
    images = sum(parse_batch_sizes(str(values["batch_sizes"]))) * int(values["repeats"])
    if images > MOST_IMAGES:
        raise ValueError(f"That makes {images} images; give smaller batches or fewer repeats.")


def batches_lab(lesson: Lesson) -> None:
    """Predict, form, one batch after another, the chart, what the run showed."""
    guess = predict(lesson, "batch")
    trial = experiment_form(lesson, "batch", button="Time the batches", extra=draw_starts, check=_fits)
    if trial is None:
        return
    batches = plan(request_from(trial.values, current_model()), trial.values)
    rows = []
    for place, (repeat, size, requests) in enumerate(batches):
        titles = [f"image {i}" for i in range(1, size + 1)]
        results = show_run(
            f"{trial.key}.{place}", requests, titles, asked_now=trial.asked_now and not place, fresh=True
        )
        if results is None:
            st.caption(f"Batch {place + 1} of {len(batches)}: {size} at once, repeat {repeat + 1}.")
            return
        rows.append((repeat + 1, size, sum(result.seconds for result in results)))
    if guess is None:
        covered()
        return
    record(lesson.id).ran.add("batch")
    _show(lesson, guess, pd.DataFrame(rows, columns=["repeat", "images", "seconds"]))


def _show(lesson: Lesson, guess: Guess, table: pd.DataFrame) -> None:
    key = ("batches", *table["seconds"])
    st.markdown("**How long does a batch take?** A point is the average of the repeats, its line the 95% interval.")
    chart = once(key, lambda: batch_chart(table).to_dict())
    means = table.groupby("images")["seconds"].mean()
    alt = "Seconds of computing a batch: " + ", ".join(f"{size} images {mean:.2f} s" for size, mean in means.items())
    st.vega_lite_chart(chart, alt=alt)
    with st.expander("The numbers behind the chart", icon=":material/table:"):
        st.dataframe(
            table.assign(**{"seconds an image": table["seconds"] / table["images"]}),
            hide_index=True,
            column_config={
                name: st.column_config.NumberColumn(format="%.3f") for name in ("seconds", "seconds an image")
            },
            alt="Seconds of computing for every batch and every repeat",
        )
    smallest, largest = int(table["images"].min()), int(table["images"].max())
    if smallest == largest:
        showed("One size alone compares nothing: give at least two.")
        return
    times = ratios(table, smallest, largest)
    showed(sentences(table, times, smallest, largest))
    prediction = lesson.predictions["batch"]
    if (smallest, largest) == PREDICTED:
        outcome(prediction, guess, times.mean)
        doubt(prediction, times)
    else:
        st.caption(f"The prediction was about {PREDICTED[0]} and {PREDICTED[1]} images: run these to have it scored.")


def batch_chart(table: pd.DataFrame) -> Any:
    """Measured seconds a batch, and what one image after another would take."""
    measured = summarise(table, ["images"], "seconds").assign(way="in one batch")
    smallest = table["images"].min()
    one = float(table.loc[table["images"] == smallest, "seconds"].mean()) / smallest
    alone = measured.assign(way="one after another (computed)", low=float("nan"), high=float("nan"))
    alone["mean"] = one * alone["images"]
    x, y = (
        charts.Axis(column="images", title="Images in one batch", ticks=tuple(measured["images"])),
        charts.Axis(column="seconds", title="Seconds of computing"),
    )
    return charts.curve(pd.concat([measured, alone], ignore_index=True), x, y, series="way")


def ratios(table: pd.DataFrame, smallest: int, largest: int) -> Interval:
    """How many times as long the largest batch takes as the smallest, over the repeats."""
    wide = table.pivot(index="repeat", columns="images", values="seconds")
    return ratio_interval((wide[largest] / wide[smallest]).tolist())


def sentences(table: pd.DataFrame, times: Interval, smallest: int, largest: int) -> str:
    """Whether the batch was cheaper, and by how much, with the interval."""
    images = largest / smallest
    means = table.groupby("images")["seconds"].mean()
    said = (
        f"A batch of {largest} took {times} times as long as a batch of {smallest}, "
        f"for {images:g} times as many images. "
    )
    alone, together = means[smallest] / smallest, means[largest] / largest
    said += f"An image costs {alone:.3f} s in the smallest batch and {together:.3f} s in the largest. "
    if times.n < 2 or times.low <= images <= times.high:
        return said + "This run cannot tell whether batches are cheaper here; more repeats may."
    if times.high < images:
        return said + "So a batch is cheaper: the numbers of the network are fetched once and used for all its images."
    return said + "So here a batch is dearer than its images one by one: this machine was full already."
