"""Steps: the course's step 2b. What the page says and asks stands in lessons/steps/."""

import streamlit as st

from dashboard.ui import lesson as ui

lesson = ui.open_lesson("steps")
words, picture = st.columns([3, 2], gap="large")
with words:
    ui.text(lesson, "intro")
    ui.lesson_link("diffusion")
with picture:
    ready = ui.wait_for_engine()

if ready:
    from dashboard.ui.labs import (
        batch_time,
        code,
        first,
        knee_seeds,
        more_steps,
        solvers,
        step_sweep,
        timesteps,
    )  # need torch

    with picture:
        first.first_image(lesson)
    ui.text(lesson, "sweep", kicker="Laboratory 1 · the experiment")
    step_sweep.step_sweep_lab(lesson)
    ui.text(lesson, "batch", kicker="Laboratory 2")
    batch_time.batch_time_lab(lesson)
    ui.text(lesson, "knee", kicker="Laboratory 3")
    knee_seeds.knee_seeds_lab(lesson)
    ui.text(lesson, "timesteps", kicker="Laboratory 4")
    timesteps.timesteps_lab(lesson)
    ui.text(lesson, "schedulers", kicker="Laboratory 5")
    solvers.solvers_lab(lesson)
    ui.heading("A belief to test", "misconception")
    for belief in lesson.misconceptions:
        more_steps.more_steps_lab(lesson, belief)

with ui.ending(lesson):
    if ready:
        code.code_section(lesson, "sweep")
