"""Seeds: the course's step 2a. What the page says and asks stands in lessons/seeds/."""

import streamlit as st

from dashboard.ui import lesson as ui

lesson = ui.open_lesson("seeds")
words, picture = st.columns([3, 2], gap="large")
with words:
    ui.text(lesson, "intro")
with picture:
    ready = ui.wait_for_engine()

if ready:
    from dashboard.ui.labs import (
        challenge,
        code,
        first,
        generator,
        repeat,
        same_image,
        seed_grid,
        strip,
        style,
    )  # need torch

    with picture:
        first.first_image(lesson)
    ui.text(lesson, "generator", kicker="Laboratory 1")
    generator.generator_lab(lesson)
    ui.text(lesson, "repeat", kicker="Laboratory 2")
    repeat.repeat_lab(lesson)
    ui.text(lesson, "grid", kicker="Laboratory 3 · the experiment")
    seed_grid.seed_grid_lab(lesson)
    ui.text(lesson, "same", kicker="Laboratory 4")
    same_image.same_image_lab(lesson)
    ui.text(lesson, "challenge", kicker="Laboratory 5")
    challenge.challenge_lab(lesson)
    ui.text(lesson, "strip", kicker="Laboratory 6")
    strip.strip_lab(lesson)
    ui.heading("A belief to test", "misconception")
    for belief in lesson.misconceptions:
        style.misconception_lab(lesson, belief)

with ui.ending(lesson):
    if ready:
        code.code_section(lesson, "grid")
