"""Welcome: what this is, a first live image and experiment, the ways through, the plan, and the two models."""

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

ui.text(lesson, "ways")
choose_way()
if ready:
    from dashboard.ui.labs import code, first, style, two_models, word_or_noise  # after the wait: they need torch

    with picture:
        first.first_image(lesson)
    ui.text(lesson, "word", kicker="Laboratory")
    word_or_noise.word_or_noise_lab(lesson)
    ui.heading("A belief to test", "misconception")
    for belief in lesson.misconceptions:
        style.misconception_lab(lesson, belief)
ui.text(lesson, "plan")
draw_plan()
ui.text(lesson, "models")
if ready:
    two_models.two_models()

with ui.ending(lesson):
    if ready:
        code.code_section(lesson, "word")
