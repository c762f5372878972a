"""Laboratory: factor and blend swept over one known face; how near the true face each blend comes, over many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from PIL import Image

from dashboard import charts
from dashboard.course import Lesson
from dashboard.faces import Face, PocketRestorer
from dashboard.faces.compare import psnr_inside
from dashboard.faces.crops import scaled
from dashboard.faces.damage import Damage, damaged
from dashboard.faces.known import KnownScene, known_faces
from dashboard.faces.restoration import Restoration
from dashboard.faces.round_trip import through_latents
from dashboard.intervals import mean_interval, paired_difference, summarise, tells_apart
from dashboard.pocket.world.render import IMAGE_PX
from dashboard.ui.background import in_background
from dashboard.ui.experiment import experiment_form
from dashboard.ui.face_pictures import face_crop, face_rows
from dashboard.ui.lesson import showed
from dashboard.ui.once import once
from dashboard.ui.parsing import check_count, parse_blends, parse_factors
from dashboard.ui.records import record
from dashboard.ui.tables import table_below

FACES = 12  # how many are measured
NOISE = 6  # of 255, of the damage


def face_sweep_lab(lesson: Lesson) -> None:
    """Form, a row a factor, the chart over blends, what the run showed."""
    trial = experiment_form(lesson, "sweep", button="Sweep", check=_fits)
    if trial is None:
        return
    factors, blends = _values(trial.values)
    index, shrink = str(trial.values["scene"]), float(trial.values["shrink"])
    of = ("face sweep", index, shrink, *factors, *blends)
    scene = next(scene for scene in known_faces() if str(scene.index) == index)
    made = in_background(
        trial.key,
        of,
        lambda: (grid(scene, shrink, factors, blends), measured(shrink, factors, blends)),
        doing="Restoring",
    )
    if made is None:
        return
    record(lesson.id).ran.add("sweep")
    rows, table = made
    _faces(trial.key, scene, factors, blends, rows)
    summary = summarise(table, ["factor", "blend"], "psnr")
    chart = charts.curve(
        summary,
        charts.Axis(column="blend", title="Blend: the share of restored pixels"),
        charts.Axis(column="psnr", title="Nearness, dB", domain=_span(summary)),
        series="factor",
    )
    alt = "Nearness to the true face: " + ", ".join(
        f"{row.factor} blend {row.blend:g} {row.mean:.1f} dB" for row in summary.itertuples()
    )
    st.vega_lite_chart(once((*of, "chart"), chart.to_dict), alt=alt)
    table_below(table, "Nearness to the true face for each face, factor and blend")
    _summary(table, factors, blends)


def _faces(
    key: str, scene: KnownScene, factors: Sequence[int], blends: Sequence[float], rows: Sequence[Sequence[Restoration]]
) -> None:
    sides = [IMAGE_PX * factor for factor in factors]
    boxes = [scaled(scene.faces[0].box, side / scene.picture.width) for side in sides]
    face_rows(
        [face_crop(one.image, box) for row, box in zip(rows, boxes, strict=True) for one in row],
        [f"blend {blend:g}" for blend in blends] * len(factors),
        [f"{one.seconds:.2f} s" for row in rows for one in row],
        about="A known face",
        across=len(blends),
        key=key,
        labels=[f"factor {factor}: {side} x {side} pixels" for factor, side in zip(factors, sides, strict=True)],
    )


def _span(summary: pd.DataFrame) -> tuple[float, float]:
    """From below the lowest interval to above the highest, in whole decibels."""
    return float(np.floor(summary["low"].min())), float(np.ceil(summary["high"].max()))


def _values(values: Mapping[str, Any]) -> tuple[tuple[int, ...], tuple[float, ...]]:
    return parse_factors(str(values["factors"])), parse_blends(str(values["blends"]))


def _fits(values: Mapping[str, Any]) -> None:
    factors, blends = _values(values)
    check_count(len(factors) * len(blends))


def poor_copy(scene: KnownScene, shrink: float) -> Image.Image:
    """The scene as Pocket would give it, IMAGE_PX a side and through the latents, and damaged further."""
    (decoded,) = through_latents([scene.picture.resize((IMAGE_PX, IMAGE_PX), Image.Resampling.BOX)])
    return damaged(decoded, Damage(shrink=shrink, noise=NOISE, seed=scene.index))


def restored(scene: KnownScene, shrink: float, factor: int, blend: float) -> Restoration:
    """The damaged copy restored; the restorer is told where the face is, so that nothing but restoring is seen."""
    picture = poor_copy(scene, shrink)
    box = scaled(scene.faces[0].box, picture.width / scene.picture.width)
    return PocketRestorer(lambda _: [Face(box=box, score=1.0)]).restore(picture, factor=factor, blend=blend)


def grid(scene: KnownScene, shrink: float, factors: Sequence[int], blends: Sequence[float]) -> list[list[Restoration]]:
    """A row a factor, a column a blend."""
    return [[restored(scene, shrink, factor, blend) for blend in blends] for factor in factors]


def measured(shrink: float, factors: Sequence[int], blends: Sequence[float]) -> pd.DataFrame:
    """factor, blend, face, psnr (dB, inside the face, at the true picture's size) for some known faces."""
    rows = []
    for scene in known_faces()[:FACES]:
        for factor in factors:
            full = restored(scene, shrink, factor, 1.0)
            for blend in blends:
                # Blending is linear, so one restoration gives every blend, but for rounding.
                image = Image.blend(full.enlarged, full.image, blend).resize(
                    scene.picture.size, Image.Resampling.BICUBIC
                )
                nearness = psnr_inside(scene.picture, image, scene.faces[0].box)
                rows.append((f"factor {factor}", blend, str(scene.faces[0]), nearness))
    return pd.DataFrame(rows, columns=["factor", "blend", "face", "psnr"])


def _summary(table: pd.DataFrame, factors: Sequence[int], blends: Sequence[float]) -> None:
    shown = table[table["factor"] == f"factor {factors[-1]}"]
    by_blend = {blend: shown[shown["blend"] == blend]["psnr"].tolist() for blend in sorted(blends)}
    best = max(by_blend, key=lambda blend: mean_interval(by_blend[blend]).mean)
    least, most = min(by_blend), max(by_blend)
    gain = paired_difference(by_blend[most], by_blend[least])
    if not tells_apart(gain):
        told = "these faces cannot tell the two apart."
    elif gain.mean > 0:
        told = "on average more restoring brought these faces nearer the truth."
    else:
        told = "on average more restoring took these faces farther from the truth."
    showed(
        f"At factor {factors[-1]}, from blend {least:g} to {most:g} the nearness changes by **{gain} dB**: {told} "
        f"The best of the blends tried is {best:g}. The blend is honest: it is the share of restored pixels laid over "
        "the enlarged original, and 0 shows the original itself."
    )
