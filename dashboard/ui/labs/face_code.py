"""The course's `improve_image`, as a learner's own script: Gradio's old protocol, and today's."""

from __future__ import annotations

import streamlit as st

from dashboard.course import Lesson
from dashboard.faces.example import NEW, OLD
from dashboard.ui.lesson import TEXT_WIDTH, heading


def face_code(lesson: Lesson) -> None:
    """Both scripts; they run against `python -m dashboard faces-server`."""
    heading("The same in your own script", "script")
    with st.container(width=TEXT_WIDTH):
        st.markdown(lesson.section("code").body)
        with st.expander("The course's way: one request, the picture as text", icon=":material/code:"):
            st.code(OLD, "python")
        with st.expander("Today's way: upload, call, wait, fetch", icon=":material/code:"):
            st.code(NEW, "python")
