"""The first live image of a page: drawn at once, without a click."""

from __future__ import annotations

import streamlit as st

from dashboard.course import Lesson
from dashboard.ui.controls import request_from
from dashboard.ui.experiment import key_of
from dashboard.ui.gallery import single
from dashboard.ui.models import current_model
from dashboard.ui.own_values import experiment_values
from dashboard.ui.runs import show_run


def first_image(lesson: Lesson) -> None:
    """Draw the lesson's first image and say what it is."""
    request = request_from(experiment_values(lesson, "first"), current_model())
    title = f"seed {request.seed}"
    results = show_run(key_of(lesson, "first"), [request], [title], asked_now=False)
    if results is not None:
        single(f"{lesson.id}.first", results[0], title, width=320)
        st.caption(f"“{request.prompt}”. Click the image to see its receipt.")
