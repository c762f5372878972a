"""Laboratory: one known face, stored or your own, damaged twice over and restored twice: what is it worth?"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import streamlit as st
from PIL import Image

from dashboard.course import Lesson
from dashboard.engine import max_difference, mean_abs_difference
from dashboard.faces import FaceError, Restoration, Restorer
from dashboard.faces.compare import Recovery, recovery
from dashboard.faces.crops import Box
from dashboard.faces.damage import Damage, damaged
from dashboard.faces.known import known_faces
from dashboard.faces.pictures import read_picture
from dashboard.faces.remote import RemoteRestorer
from dashboard.ui.background import in_background
from dashboard.ui.experiment import experiment_form
from dashboard.ui.face_pictures import compare_slider, difference_figure, face_crop, face_rows
from dashboard.ui.lesson import TEXT_WIDTH, showed
from dashboard.ui.parsing import parse_seed
from dashboard.ui.records import record
from dashboard.ui.restorers import current_restorer
from dashboard.ui.tables import table_below

MAX_SIDE = 512  # pixels: a larger upload is made smaller first


@dataclass(frozen=True)
class Run:
    """A picture damaged and restored."""

    damaged: Image.Image
    restored: Restoration


def face_known_lab(lesson: Lesson) -> None:
    """The learner's picture or a stored one, form, faces side by side, the numbers, what the run showed."""
    upload = _upload(lesson)
    trial = experiment_form(lesson, "known", button="Damage and restore")
    if trial is None:
        return
    try:
        true, box = upload or _stored(trial.values)
    except FaceError as error:
        st.error(str(error), icon=":material/error:")
        return
    damage, restorer = _damage(trial.values), current_restorer()
    # Only a fingerprint of the picture: the key is kept, and an upload must not be.
    of = (restorer.name, damage, hashlib.sha256(true.tobytes()).hexdigest())
    runs = in_background(trial.key, of, lambda: two_runs(restorer, true, damage), doing="Damaging and restoring")
    if runs is None:
        return
    record(lesson.id).ran.add("known")
    _show(true, runs, box)


def _upload(lesson: Lesson) -> tuple[Image.Image, Box | None] | None:
    """The learner's own picture, once they agreed where it goes. It stays in this session's memory."""
    with st.container(width=TEXT_WIDTH):
        file = st.file_uploader(
            "A picture of your own (PNG, JPEG or WebP), in place of the known face",
            type=["png", "jpg", "jpeg", "webp"],
            key=f"{lesson.id}.upload",
            max_upload_size=10,
        )
        if file is None:
            return None
        where = (
            "this server's memory" if not isinstance(current_restorer(), RemoteRestorer) else current_restorer().name
        )
        if not st.checkbox(
            f"This is my picture, or whoever is in it agrees. It goes to {where}, and this server does not store it.",
            key=f"{lesson.id}.agreed",
        ):
            st.caption("Until you agree, the known face is used.")
            return None
        try:
            picture = read_picture(file.getvalue())
        except FaceError as error:
            st.error(str(error), icon=":material/error:")
            return None
    picture.thumbnail((MAX_SIDE, MAX_SIDE))
    return picture, None


def _stored(values: Mapping[str, Any]) -> tuple[Image.Image, Box | None]:
    scene = next(scene for scene in known_faces() if str(scene.index) == str(values["scene"]))
    return scene.picture, scene.faces[0].box


def _damage(values: Mapping[str, Any]) -> Damage:
    shrink, blur, noise = (float(values[name]) for name in ("shrink", "blur", "noise"))
    return Damage(shrink=shrink, blur=blur, noise=noise, seed=parse_seed(str(values["seed"])))


def two_runs(restorer: Restorer, true: Image.Image, damage: Damage) -> tuple[Run, Run, bool]:
    """Two damaged copies that differ in their noise alone, both restored; and whether the first, restored a second
    time, gives the same picture to the last bit. FaceError, with a sentence, where one cannot be restored."""
    first, second = (damaged(true, replace(damage, seed=seed)) for seed in (damage.seed, damage.seed + 1))
    runs = [Run(picture, restorer.restore(picture, factor=1)) for picture in (first, second)]
    again = restorer.restore(first, factor=1)
    return runs[0], runs[1], again.image.tobytes() == runs[0].restored.image.tobytes()


def _show(true: Image.Image, runs: tuple[Run, Run, bool], box: Box | None) -> None:
    first, second, _ = runs
    changes = first.restored.changes or ()
    box = box or (changes[0].face.box if changes else None)
    left, right = st.columns(2, gap="medium")
    with left:
        compare_slider(
            first.damaged,
            first.restored.image,
            title="Damaged and restored",
            detail=first.restored.restorer,
            alt="First run.",
        )
    with right:
        st.html(difference_figure(true, first.restored.image, title="Restored against true"))
    if first.restored.untouched:
        why = "The server sent it back as it was" if first.restored.changes is None else "No face was found in it"
        st.info(f"**Nothing was restored.** {why}.", icon=":material/info:")
    if box is None:
        box = (0.0, 0.0, float(true.width), float(true.height))
    found = [recovery(true, run.damaged, run.restored.image, box) for run in (first, second)]
    pictures = [true, first.damaged, first.restored.image, second.restored.image]
    titles = ["true", "damaged", "restored", "other noise, restored"]
    details = [
        "what we know",
        f"{found[0].damaged_psnr:.1f} dB from true",
        f"{found[0].restored_psnr:.1f} dB",
        f"{found[1].restored_psnr:.1f} dB",
    ]
    face_rows([face_crop(picture, box) for picture in pictures], titles, details, about="The face")
    table_below(_table(found), "Nearness to the true face for both runs", title="The numbers")
    _summary(found, runs, box)


def _table(found: list[Recovery]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "run": ["first noise", "other noise"],
            "damaged, dB": [one.damaged_psnr for one in found],
            "restored, dB": [one.restored_psnr for one in found],
            "came back": [one.came_back for one in found],
            "invented": [one.invented for one in found],
        }
    )


def _summary(found: list[Recovery], runs: tuple[Run, Run, bool], box: Box) -> None:
    first, second, repeats = runs
    pair = [face_crop(run.restored.image, box) for run in (first, second)]
    apart, most = mean_abs_difference(*pair), max_difference(*pair)
    nearer = "nearer the true face" if found[0].gain > 0 else "farther from the true face"
    again = "gave the same picture, bit for bit" if repeats else "gave another picture: this restorer draws fresh noise"
    showed(
        f"The restored face is {abs(found[0].gain):.1f} dB {nearer} than the damaged one. Of what was missing "
        f"**{found[0].came_back:.0%} came back**; of all that the restorer changed **{found[0].invented:.0%} was "
        f"invented**: it leads elsewhere than to the true face. The same damaged picture restored again {again}. With "
        f"other noise in the damage the restored faces differ by {apart:.1f} of 255 on average and "
        f"by up to {most}: that much was decided by chance."
    )
