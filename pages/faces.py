"""Faces: the course's step 3. What the page says and asks stands in lessons/faces/."""

import streamlit as st

from dashboard.ui import lesson as ui

lesson = ui.open_lesson("faces")
words, picture = st.columns([3, 2], gap="large")
with words:
    ui.text(lesson, "intro")
with picture:
    ready = ui.wait_for_engine()

if ready:
    from dashboard.ui.labs import (
        code,
        face_code,
        face_improve,
        face_known,
        face_sizes,
        face_study,
        face_sweep,
        face_tones,
        face_witness,
        first,
    )  # need torch

    with picture:
        first.first_image(lesson)
    ui.text(lesson, "sizes", kicker="Laboratory 1")
    face_sizes.face_sizes_lab(lesson)
    ui.text(lesson, "improve", kicker="Laboratory 2")
    face_improve.face_improve_lab(lesson)
    ui.text(lesson, "sweep", kicker="Laboratory 3")
    face_sweep.face_sweep_lab(lesson)
    ui.text(lesson, "study", kicker="Laboratory 4 · the experiment")
    face_study.face_study_lab(lesson)
    ui.text(lesson, "tones", kicker="Measured before")
    face_tones.face_tones_lab()
    ui.text(lesson, "known", kicker="Laboratory 5")
    face_known.face_known_lab(lesson)
    ui.heading("A belief to test", "misconception")
    for belief in lesson.misconceptions:
        face_witness.face_witness_lab(lesson, belief)
    ui.text(lesson, "consent", kicker="Before you use it")

with ui.ending(lesson):
    if ready:
        code.code_section(lesson, "improve")
        face_code.face_code(lesson)
