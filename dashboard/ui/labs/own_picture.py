"""The picture that a laboratory works on: drawn by the model in use, or the learner's own."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import streamlit as st
from PIL import Image

from dashboard.course import Lesson
from dashboard.teach.pictures import BadPicture, read_picture, square
from dashboard.ui.controls import request_from
from dashboard.ui.experiment import experiment_form, key_of
from dashboard.ui.models import current_info, current_model
from dashboard.ui.runs import show_run


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture in the model's size."""

    image: Image.Image
    sha256: str  # of its pixels
    words: str  # what it shows, for alternative texts
    prompt: str  # what it was drawn from; empty for an upload


def bring_picture(lesson: Lesson) -> None:
    """The place to drop a picture. It stays in this session's memory and goes when the tab is closed."""
    key = f"{lesson.id}.own"
    upload = st.file_uploader("Or bring your own picture", ["png", "jpg", "jpeg", "webp"], key=key, max_upload_size=10)
    st.caption("Cut to a square and shrunk. It is kept in memory only, and laboratory 3 uses it too.")
    st.session_state[f"{key}.picture"] = None
    if upload is None:
        return
    try:
        image = square(read_picture(upload.getvalue()), current_info().native_size)
    except BadPicture as error:
        st.error(str(error), icon=":material/error:")
        return
    st.session_state[f"{key}.picture"] = Picture(
        image=image, sha256=hashlib.sha256(image.tobytes()).hexdigest(), words="your picture", prompt=""
    )


def picture_for(lesson: Lesson, experiment_id: str, *, button: str) -> Picture | None:
    """The learner's own picture where there is one, else the one that the experiment's form draws; None before that."""
    trial = experiment_form(lesson, experiment_id, button=button)
    own: Picture | None = st.session_state.get(f"{lesson.id}.own.picture")
    if own is not None:
        return own
    if trial is None:
        return None
    request = request_from(trial.values, current_model())
    key = key_of(lesson, experiment_id)
    results = show_run(key, [request], [f"seed {request.seed}"], asked_now=trial.asked_now)
    if results is None:
        return None
    shown = f"the picture of “{request.prompt}”"
    return Picture(image=results[0].image(), sha256=results[0].sha256, words=shown, prompt=request.prompt)
