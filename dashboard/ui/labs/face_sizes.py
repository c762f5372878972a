"""Laboratory: one face at several sizes through Pocket's latents and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st
from PIL import Image

from dashboard import charts
from dashboard.course import Lesson
from dashboard.faces.compare import inside
from dashboard.faces.round_trip import latents_across, through_latents
from dashboard.faces.sizes import at_size, large_faces
from dashboard.intervals import mean_interval, summarise
from dashboard.ui.background import in_background
from dashboard.ui.distances import relative_distance
from dashboard.ui.experiment import experiment_form
from dashboard.ui.face_pictures import face_crop, face_rows
from dashboard.ui.lesson import showed
from dashboard.ui.once import once
from dashboard.ui.parsing import parse_face_sizes
from dashboard.ui.records import record
from dashboard.ui.tables import table_below

FACES = 8  # how many are measured


@dataclass(frozen=True)
class SizeStudy:
    """What `measure` found: size, latents, distance for each face; and one face's crops before and after."""

    table: pd.DataFrame
    before: list[Image.Image]
    after: list[Image.Image]


def face_sizes_lab(lesson: Lesson) -> None:
    """Form, a row before and a row after, the chart of what was lost, what the run showed."""
    trial = experiment_form(lesson, "sizes", button="Send them through the latents")
    if trial is None:
        return
    sizes = sorted(parse_face_sizes(str(trial.values["face_sizes"])))
    of = ("face sizes", *sizes)
    study = in_background(trial.key, of, lambda: once(of, lambda: measure(sizes)), doing="Encoding and decoding")
    if study is None:
        return
    record(lesson.id).ran.add("sizes")
    titles = [f"{size} px, {when}" for when in ("as drawn", "after") for size in sizes]
    counts = [f"{count:.0f} latents" for count in study.table.drop_duplicates("size")["latents"]]
    st.markdown("**Above as drawn, below after Pocket's latents**")
    face_rows([*study.before, *study.after], titles, counts * 2, about="A face", across=len(sizes))
    summary = summarise(study.table, ["size"], "distance")
    alt = "Distance of faces from themselves after the latents: " + ", ".join(
        f"{row.size:.0f} px {row.mean:.2f}" for row in summary.itertuples()
    )
    chart = charts.curve(
        summary,
        charts.Axis(column="size", title="Longer side of the face, pixels"),
        charts.Axis(column="distance", title="Distance from itself"),
    )
    st.vega_lite_chart(once((*of, "chart"), chart.to_dict), alt=alt)
    table_below(study.table, "Distance after the latents for each face and size")
    _summary(study.table, sizes)


def measure(sizes: Sequence[int]) -> SizeStudy:
    """Each of some known faces at each size: how far it is from itself after the round trip, inside its box."""
    scenes = large_faces(max(sizes))[:FACES]
    rows, before, after = [], [], []
    for size in sizes:
        placed = [at_size(scene, size) for scene in scenes]
        decoded = through_latents([picture for picture, _ in placed])
        for scene, (picture, box), back in zip(scenes, placed, decoded, strict=True):
            pair = [face_crop(image, box) for image in (picture, back)]
            distance = relative_distance(inside(picture, box), inside(back, box))
            rows.append((str(scene.faces[0]), size, latents_across((box[2] - box[0], box[3] - box[1])), distance))
            if scene is scenes[0]:
                before.append(pair[0])
                after.append(pair[1])
    return SizeStudy(pd.DataFrame(rows, columns=["face", "size", "latents", "distance"]), before, after)


def _summary(table: pd.DataFrame, sizes: Sequence[int]) -> None:
    found = {size: mean_interval(table[table["size"] == size]["distance"].tolist()) for size in sizes}
    small, big = found[sizes[0]], found[sizes[-1]]
    numbers = f"At {sizes[0]} pixels a face ends **{small}** from itself, at {sizes[-1]} pixels **{big}**."
    if small.low > big.high:
        reading = "The smaller face lost more: it had fewer latents to be written in."
    elif small.high < big.low:
        reading = "Here the larger face lost more, against what one would expect."
    else:
        reading = "The two intervals overlap: this run cannot tell them apart."
    showed(f"{numbers} {reading}")
