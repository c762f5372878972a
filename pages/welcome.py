"""Welcome: what this is, a first live image, the ways through, the plan, and the two models."""

import streamlit as st

from dashboard.ui import lesson as ui
from dashboard.ui.plan import draw_plan
from dashboard.ui.way import choose_way

lesson = ui.open_lesson("welcome")
words, picture = st.columns([3, 2], gap="large")
with words:
    ui.text(lesson, "intro")
    ui.text(lesson, "how")
with picture:
    ready = ui.wait_for_engine()
    if ready:
        from dashboard.ui.labs import first, two_models  # after the wait: they need torch

        first.first_image(lesson)

ui.text(lesson, "ways")
choose_way()
ui.text(lesson, "plan")
draw_plan()
ui.text(lesson, "models")
if ready:
    two_models.two_models()
ui.close_lesson(lesson)
