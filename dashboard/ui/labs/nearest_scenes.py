"""Laboratory: a drawn image beside the training scenes nearest to it. Is it a copy?"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard.course import Lesson
from dashboard.engine import ImageResult, mean_abs_difference
from dashboard.pocket.explorer import SHOWN, Explorer, Neighbour
from dashboard.ui.controls import request_from
from dashboard.ui.experiment import experiment_form
from dashboard.ui.gallery import plain, single
from dashboard.ui.labs.judged import needs_pocket
from dashboard.ui.labs.training_set import explorer, scene_grid
from dashboard.ui.lesson import showed
from dashboard.ui.models import current_model
from dashboard.ui.once import once
from dashboard.ui.records import record
from dashboard.ui.runs import show_run

NEIGHBOURS = 6
COPY = 8.0  # of 255: the same picture drawn again through the autoencoder differs by less


def nearest_lab(lesson: Lesson) -> None:
    """Draw, look up the neighbours, compare meaning and pixels."""
    if needs_pocket():
        return
    trial = experiment_form(lesson, "nearest", button="Draw it and find its neighbours")
    if trial is None:
        return
    request = request_from(trial.values, current_model())
    title = f"seed {request.seed}"
    results = show_run(trial.key, [request], [title], asked_now=trial.asked_now)
    if results is None:
        return
    record(lesson.id).ran.add("nearest")
    (result,), data = results, explorer()
    near = once(("nearest", result.sha256), lambda: data.nearest(result.image(), NEIGHBOURS))
    drawn, neighbours = st.columns([1, 3], gap="large")
    with drawn:
        st.markdown("**Drawn**")
        single(f"{trial.key}.drawn", result, title, width="stretch")
    with neighbours:
        st.markdown("**Nearest training scenes**, nearest first")
        titles = [f"similarity {neighbour.similarity:.2f}" for neighbour in near]
        scene_grid(f"{trial.key}.scenes", data, [neighbour.scene for neighbour in near], titles)
    pixels = once(("pixels", result.sha256), lambda: _pixels(result, data, near))
    _table(near, pixels)
    usual = once("usual nearness", data.usual_nearness)
    reading = (
        "That is a copy of a training picture."
        if min(pixels) <= COPY
        else "Pixel by pixel none of them is this image: it was not copied from the scenes shown here."
    )
    showed(
        f"The nearest of {SHOWN:,} training scenes is “{plain(near[0].caption)}”, at a similarity of "
        f"**{near[0].similarity:.2f}**; a training scene's own nearest neighbour is usually at {usual:.2f}. The "
        f"colours of the closest picture differ by **{min(pixels):.0f}** of 255 on average. {reading}"
    )


def _pixels(result: ImageResult, data: Explorer, near: Sequence[Neighbour]) -> list[float]:
    pictures = data.pictures([neighbour.scene for neighbour in near])
    return [mean_abs_difference(result.image(), picture) for picture in pictures]


def _table(near: Sequence[Neighbour], pixels: Sequence[float]) -> None:
    rows = [(n.scene, n.caption, n.similarity, pixel) for n, pixel in zip(near, pixels, strict=True)]
    with st.expander("The numbers", icon=":material/table:"):
        st.dataframe(
            pd.DataFrame(rows, columns=["scene", "caption", "similarity", "pixel difference (of 255)"]),
            hide_index=True,
            column_config={
                "similarity": st.column_config.NumberColumn(format="%.3f"),
                "pixel difference (of 255)": st.column_config.NumberColumn(format="%.1f"),
            },
            alt="The nearest training scenes with their similarity and pixel difference",
        )
