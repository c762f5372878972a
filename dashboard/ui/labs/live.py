"""Laboratory: words and noise tried at once, with the model that needs four steps."""

from __future__ import annotations

import streamlit as st

from dashboard.course import Lesson
from dashboard.engine import SCHEDULERS, ImageRequest, ImageResult
from dashboard.engine.catalogue import POCKET_FAST
from dashboard.ui import lesson as ui
from dashboard.ui.controls import CONTROLS, request_from
from dashboard.ui.experiment import fill_form, key_of
from dashboard.ui.gallery import single
from dashboard.ui.models import info_of
from dashboard.ui.parsing import MAX_PROMPT
from dashboard.ui.prompt_notes import prompt_notes
from dashboard.ui.records import record
from dashboard.ui.runs import show_run

SEEDS = 100  # of the slider


@st.fragment
def live_lab(lesson: Lesson, experiment: str) -> None:
    """A prompt and a seed whose image follows each change; a button takes the words to `experiment`.

    Redraws alone where the image comes at once.
    """
    words, picture = st.columns([3, 2], gap="large")
    with words:
        request = _asked(lesson)
        prompt_notes([request.prompt], POCKET_FAST)
    with picture:
        results = show_run(key_of(lesson, "live"), [request], [f"seed {request.seed}"], asked_now=False)
        if results is not None:
            single(f"{lesson.id}.live", results[0], f"seed {request.seed}")
    if results is None:
        return
    if request != request_from(lesson.experiments["live"], POCKET_FAST):
        record(lesson.id).ran.add("live")
    with words:
        ui.showed(_reading(results[0]), opening="What you see.")
        if st.button("Take these words to the grid below", icon=":material/south:", key=f"{lesson.id}.live.take"):
            fill_form(lesson, experiment, {"prompt": request.prompt})
            st.rerun()


def _asked(lesson: Lesson) -> ImageRequest:
    """The widgets, and the image of their values; they hold no prompt that is too long."""
    key, written = key_of(lesson, "live"), lesson.experiments["live"]
    typed = st.text_input("Prompt", str(written["prompt"]), MAX_PROMPT, f"{key}.prompt", bind="query-params")
    seed = st.slider("Seed", 0, SEEDS, int(str(written["seed"])), key=f"{key}.seed", bind="query-params")
    return request_from({**written, "prompt": CONTROLS["prompt"].tidy(typed), "seed": str(seed)}, POCKET_FAST)


def _reading(result: ImageResult) -> str:
    request, info = result.request, info_of(result.request.model)
    return (
        f"**{info.name}** drew this in {request.num_inference_steps} steps ({SCHEDULERS[request.scheduler].label}) "
        f"with {result.seconds:.2f} seconds of computing. It is another model than Pocket: from one noise it draws "
        "a picture much like Pocket's, not the same. The grid below shows what the model in use makes of it."
    )
