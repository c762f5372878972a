"""First images: the course's step 1. What the page says and asks stands in lessons/first-images/."""

import streamlit as st

from dashboard.ui import lesson as ui

lesson = ui.open_lesson("first-images")
words, picture = st.columns([3, 2], gap="large")
with words:
    ui.text(lesson, "intro")
with picture:
    ready = ui.wait_for_engine()

if ready:
    from dashboard.ui.labs import code, first, loop, one_change, options, pipeline_parts, when_finished  # need torch

    with picture:
        first.first_image(lesson)
    ui.text(lesson, "load", kicker="Step 1")
    pipeline_parts.parts_table()
    ui.text(lesson, "loop", kicker="Laboratory 1")
    loop.loop_lab(lesson)
    ui.text(lesson, "options", kicker="Where it is written")
    options.options_table()
    ui.text(lesson, "change", kicker="Laboratory 2 · the experiment")
    one_change.one_change_lab(lesson)
    ui.heading("A belief to test", "misconception")
    for belief in lesson.misconceptions:
        when_finished.misconception_lab(lesson, belief)

with ui.ending(lesson):
    if ready:
        code.code_section(lesson, "change")
