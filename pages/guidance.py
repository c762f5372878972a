"""Guidance: the course's step 2d. What the page says and asks stands in lessons/guidance/."""

import streamlit as st

from dashboard.ui import lesson as ui

lesson = ui.open_lesson("guidance")
words, picture = st.columns([3, 2], gap="large")
with words:
    ui.text(lesson, "intro")
with picture:
    ready = ui.wait_for_engine()

if ready:
    from dashboard.ui.labs import (
        code,
        first,
        guidance_parts,
        guidance_seeds,
        guidance_steps,
        guidance_sweep,
        more_guidance,
    )  # need torch

    with picture:
        first.first_image(lesson)
    ui.text(lesson, "sweep", kicker="Laboratory 1 · the experiment")
    guidance_sweep.guidance_sweep_lab(lesson)
    ui.text(lesson, "parts", kicker="Laboratory 2")
    guidance_parts.guidance_parts_lab(lesson)
    ui.text(lesson, "seeds", kicker="Laboratory 3")
    guidance_seeds.guidance_seeds_lab(lesson)
    ui.text(lesson, "grid", kicker="Laboratory 4")
    guidance_steps.guidance_steps_lab(lesson)
    ui.heading("A belief to test", "misconception")
    for belief in lesson.misconceptions:
        more_guidance.more_guidance_lab(lesson, belief)

with ui.ending(lesson):
    if ready:
        code.code_section(lesson, "sweep")
