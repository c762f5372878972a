"""Laboratory: images of people, drawn here and restored: before and after, where they differ, what was found."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard.course import Lesson
from dashboard.engine import ImageResult
from dashboard.export import file_name
from dashboard.faces import Restoration, Restorer
from dashboard.faces.crops import scaled
from dashboard.faces.pictures import png_bytes
from dashboard.ui.background import in_background
from dashboard.ui.controls import request_from
from dashboard.ui.experiment import experiment_form
from dashboard.ui.face_pictures import boxed, compare_slider, difference_figure, face_crop, face_rows
from dashboard.ui.figures import data_uri, figure
from dashboard.ui.gallery import downloads, gallery
from dashboard.ui.lesson import showed
from dashboard.ui.models import current_model
from dashboard.ui.parsing import parse_seeds
from dashboard.ui.records import record
from dashboard.ui.restorers import choose_restorer, current_restorer
from dashboard.ui.runs import show_run
from dashboard.ui.tables import table_below


def face_improve_lab(lesson: Lesson) -> None:
    """Form, the images drawn, each restored, its faces, the table, what the run showed."""
    choose_restorer()
    trial = experiment_form(lesson, "improve", button="Draw and restore")
    if trial is None:
        return
    seeds = parse_seeds(str(trial.values["seeds"]))
    base = request_from(trial.values, current_model())
    titles = [f"seed {seed}" for seed in seeds]
    results = show_run(trial.key, [base.replace(seed=seed) for seed in seeds], titles, asked_now=trial.asked_now)
    if results is None:
        return
    gallery(trial.key, results, titles)
    downloads(trial.key, results, titles, base.prompt or "(empty prompt)")
    restorer, factor, blend = current_restorer(), int(trial.values["factor"]), float(trial.values["blend"])
    of = (restorer.name, factor, blend, *(result.sha256 for result in results))
    restored = in_background(
        trial.key, of, lambda: restore_all(restorer, results, factor, blend), doing="Restoring the faces"
    )
    if restored is None:
        return
    record(lesson.id).ran.add("improve")
    place = titles.index(
        st.segmented_control("Look at", titles, default=titles[0], required=True, key=f"{trial.key}.at")
    )
    _show(titles[place], results[place], restored[place])
    table_below(_table(titles, restored), "What was found and changed in each image", title="What was done to each")
    _summary(restored)


def restore_all(restorer: Restorer, results: Sequence[ImageResult], factor: int, blend: float) -> list[Restoration]:
    """Each image by itself. FaceError, with a sentence, where one cannot be restored."""
    return [restorer.restore(result.image(), factor=factor, blend=blend) for result in results]


def _show(title: str, result: ImageResult, restored: Restoration) -> None:
    left, middle, right = st.columns(3, gap="medium")
    faces = [change.face for change in restored.changes or ()]
    what = "nothing restored" if restored.untouched else f"{restored.restorer}, blend {_blend(restored)}"
    with left:
        compare_slider(restored.enlarged, restored.image, title=title, detail=what, alt=f"{title}.")
    with middle:
        st.html(difference_figure(restored.enlarged, restored.image, title="Where they differ"))
    with right:
        picture = boxed(result.image(), [face.box for face in faces])
        found = "not told by the server" if restored.changes is None else f"{len(faces)} found"
        source = data_uri(picture)
        st.html(figure(source, title="Faces", detail=found, alt=f"{title} with a box round each face: {found}"))
    if restored.untouched:
        st.info(
            "**Nothing was restored here.** The picture on the right of the slider is the original, enlarged.",
            icon=":material/info:",
        )
    for number, change in enumerate(restored.changes or (), start=1):
        box = scaled(change.face.box, restored.factor)
        pair = [face_crop(image, box) for image in (restored.enlarged, restored.image)]
        details = [f"found with score {change.face.score:.2f}", f"changed by {change.difference:.1f} of 255"]
        face_rows(pair, [f"face {number}, before", f"face {number}, after"], details, about=title)
    if not restored.untouched:
        st.download_button(
            "The restored picture (PNG)",
            lambda: png_bytes(restored.image, comment_of(result, restored)),
            f"restored-{file_name(result)}",
            "image/png",
            key=f"save.restored.{result.sha256[:16]}",
            icon=":material/download:",
            on_click="ignore",
            type="tertiary",
        )


def comment_of(result: ImageResult, restored: Restoration) -> str:
    """What the saved picture says of itself: that its faces were restored, by what, and from which image."""
    return (
        f"Faces restored by {restored.restorer}, factor {restored.factor}, blend {_blend(restored)}. "
        f"Drawn by {result.model_name}; SHA-256 of the image before: {result.sha256}"
    )


def _blend(restored: Restoration) -> str:
    return f"{restored.changes[0].blend:.0%}" if restored.changes else "applied here"


def _table(titles: Sequence[str], restored: Sequence[Restoration]) -> pd.DataFrame:
    rows = [
        {
            "image": title,
            "faces found": "not told" if one.changes is None else len(one.changes),
            "changed inside the faces, of 255": _mean_change(one),
            "restored": "no" if one.untouched else "yes",
            "seconds": one.seconds,
            "restorer": one.restorer,
        }
        for title, one in zip(titles, restored, strict=True)
    ]
    return pd.DataFrame(rows)


def _mean_change(one: Restoration) -> float:
    changes = one.changes or ()
    return sum(change.difference for change in changes) / len(changes) if changes else float("nan")


def _summary(restored: Sequence[Restoration]) -> None:
    seconds = sum(one.seconds for one in restored) / len(restored)
    if any(one.changes is None for one in restored):
        untouched = sum(one.untouched for one in restored)
        showed(
            f"The server took {seconds:.2f} s an image and does not say what it found. "
            f"{untouched} of {len(restored)} images came back as they were, only larger."
        )
        return
    counts = [len(one.changes or ()) for one in restored]
    changed = [_mean_change(one) for one in restored if one.changes]
    told = (
        f"Inside them the colours moved by {sum(changed) / len(changed):.1f} of 255 on average; away from them, none."
        if changed
        else "So nothing was changed: a restorer restores what its finder takes for a face, and nothing else."
    )
    without = sum(not count for count in counts)
    none = f"in {without} of them none" if without else "in each of them at least one"
    showed(
        f"In {len(restored)} images **{sum(counts)}** faces were found, {none}. {told} It took {seconds:.2f} s an "
        "image. Whether a face is *right* cannot be said here: there is no true face to compare it with."
    )
