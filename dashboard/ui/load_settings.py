"""Settings out of a PNG, this dashboard's or AUTOMATIC1111's, into an experiment's form."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from dashboard.course import Lesson
from dashboard.engine import ImageRequest
from dashboard.export import NotAReceipt, alt_text, request_from_png
from dashboard.ui.experiment import fill_form, key_of
from dashboard.ui.gallery import plain
from dashboard.ui.models import current_model

MAX_MEGABYTES = 10


def load_settings(lesson: Lesson, experiment_id: str) -> None:
    """A place to drop a PNG, what it says, what of it cannot be used here, and a button that fills the form."""
    key = key_of(lesson, experiment_id)
    with st.expander("Load settings from a PNG", icon=":material/upload_file:"):
        st.caption("A picture saved here, or by AUTOMATIC1111's program, carries its settings. Drop it to use them.")
        upload = st.file_uploader("PNG with settings", type=["png"], key=f"{key}.png", max_upload_size=MAX_MEGABYTES)
        if upload is None:
            return
        try:
            request = request_from_png(upload.getvalue())
        except NotAReceipt as error:
            st.error(str(error), icon=":material/error:")
            return
        st.markdown(f"It says: {plain(alt_text(request))}")
        for note in left_out(request, current_model()):
            st.caption(f":material/info: {plain(note)}")
        st.button(
            "Use these settings",
            key=f"{key}.load",
            icon=":material/input:",
            on_click=fill_form,
            args=(lesson, experiment_id, settings_of(request)),
        )


def settings_of(request: ImageRequest) -> Mapping[str, str | int | float]:
    """The request's fields that a form holds, by control name."""
    return {
        "prompt": request.prompt,
        "negative_prompt": request.negative_prompt,
        "seed": str(request.seed),
        "num_inference_steps": request.num_inference_steps,
        "guidance_scale": request.guidance_scale,
        "scheduler": request.scheduler,
    }


def left_out(request: ImageRequest, model: str) -> list[str]:
    """Sentences on what the form cannot take over."""
    notes = []
    if request.model != model:
        notes.append(
            f"It was made with the model {request.model}; the form draws with {model}, so the image will differ."
        )
    if request.latents is not None:
        notes.append("It began from noise of its own and not from its seed; the form begins from the seed.")
    if request.width or request.height:
        notes.append("Its size is left out: the form draws at the model's own size.")
    if request.dtype != "default":
        notes.append(f"It asked for {request.dtype}; the form draws in the model's own precision.")
    return notes
