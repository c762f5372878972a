"""Welcome: what this is, a first live image, and the way to the first lesson."""

import streamlit as st

from dashboard.ui import lesson as ui

lesson = ui.open_lesson("welcome")
words, picture = st.columns([3, 2], gap="large")
with words:
    ui.text(lesson, "intro")
    st.page_link("pages/seeds.py", label="Begin with the lesson on seeds", icon=":material/arrow_forward:")
    ui.text(lesson, "how")
    ui.text(lesson, "model")
with picture:
    if ui.wait_for_engine():
        from dashboard.ui.labs.first import first_image  # after the wait: it needs torch

        first_image(lesson)

ui.close_lesson(lesson)
