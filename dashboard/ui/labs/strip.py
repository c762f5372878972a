"""Laboratory: from the noise of one seed to the noise of another, frame by frame."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pandas as pd
import streamlit as st
import torch

from dashboard import charts
from dashboard.course import Lesson
from dashboard.engine import Latents, initial_noise, slerp
from dashboard.ui.controls import MIXES, request_from
from dashboard.ui.distances import Array, relative_distance
from dashboard.ui.experiment import experiment_form
from dashboard.ui.gallery import downloads, gallery
from dashboard.ui.lesson import showed
from dashboard.ui.models import current_model, latent_shape
from dashboard.ui.once import once
from dashboard.ui.parsing import parse_seed
from dashboard.ui.records import record
from dashboard.ui.runs import show_run
from dashboard.ui.withheld import measurable


def positions(frames: int) -> tuple[float, ...]:
    """`frames` places from 0 to 1, both ends included."""
    return tuple(index / (frames - 1) for index in range(frames))


def mixed(first: torch.Tensor, last: torch.Tensor, position: float, mix: str) -> torch.Tensor:
    """The noise at `position` from `first` (0) to `last` (1), by arc or by straight line; the ends are exact."""
    if position in (0.0, 1.0):
        return last if position else first
    return slerp(first, last, position) if mix == "slerp" else (1 - position) * first + position * last


def strip_lab(lesson: Lesson) -> None:
    """Form, strip, the strength of the noise along both paths, what the run showed."""
    trial = experiment_form(lesson, "strip", button="Walk")
    if trial is None:
        return
    ends = [initial_noise(parse_seed(str(trial.values[name])), latent_shape()) for name in ("first_seed", "last_seed")]
    mix, places = str(trial.values["mix"]), positions(int(trial.values["frames"]))
    base = request_from({**trial.values, "seed": trial.values["first_seed"]}, current_model())
    requests = [base.replace(latents=Latents.from_tensor(mixed(ends[0], ends[1], place, mix))) for place in places]
    titles = [f"{place:.0%} of the way" for place in places]
    titles[0], titles[-1] = f"seed {trial.values['first_seed']}", f"seed {trial.values['last_seed']}"
    results = show_run(trial.key, requests, titles, asked_now=trial.asked_now)
    if results is None:
        return
    record(lesson.id).ran.add("strip")
    gallery(trial.key, results, titles, min_width=118)
    downloads(trial.key, results, titles, base.prompt or "(empty prompt)")
    table = strengths(ends[0], ends[1], places)
    middle = _nearest_middle(table)
    alt = "Strength of the noise along both paths; near the middle: "
    chart = once(("norms chart", *table["norm"]), lambda: charts.norms(table).to_dict())
    st.vega_lite_chart(chart, alt=alt + ", ".join(f"{path} {norm:.2f}" for path, norm in middle.items()))
    with st.expander("The numbers behind the chart", icon=":material/table:"):
        st.dataframe(table, hide_index=True, alt="Strength of the noise at every position for both paths")
    if not measurable(results):
        return
    _summary([result.array() for result in results], ends, middle)


def strengths(first: torch.Tensor, last: torch.Tensor, places: Sequence[float]) -> pd.DataFrame:
    """position, path, norm: the length of the mixed noise over the mean length of its two ends."""
    full = float((first.norm() + last.norm()) / 2)
    rows = [
        (place, MIXES[mix], float(mixed(first, last, place, mix).norm()) / full) for mix in MIXES for place in places
    ]
    return pd.DataFrame(rows, columns=["position", "path", "norm"])


def _nearest_middle(table: pd.DataFrame) -> dict[str, float]:
    """For each path, the strength at the frame nearest the middle."""
    nearest = (table["position"] - 0.5).abs().min()
    rows = table[(table["position"] - 0.5).abs() <= nearest + 1e-9]
    return {str(path): float(norm) for path, norm in rows.groupby("path")["norm"].mean().items()}


def _summary(images: Sequence[Array], ends: Sequence[torch.Tensor], middle: dict[str, float]) -> None:
    steps = [relative_distance(a, b) for a, b in pairwise(images)]
    whole, largest = relative_distance(images[0], images[-1]), max(steps)
    frame, numbers = steps.index(largest) + 1, ends[0].numel()
    kept = " and ".join(f"“{path}” keeps {norm:.0%}" for path, norm in middle.items())
    showed(
        f"End to end the images are {whole:.2f} apart. The largest single change, {largest:.2f}, comes between frames "
        f"{frame} and {frame + 1}. The first seed's noise has the norm {float(ends[0].norm()):.1f}; "
        f"√{numbers} is {numbers**0.5:.0f}. Near the middle, {kept} of that strength."
    )
