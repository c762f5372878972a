"""Data and bias: the open training set and a measured skew. What the page says and asks stands in lessons/."""

import streamlit as st

from dashboard.ui import lesson as ui

lesson = ui.open_lesson("data-and-bias")
words, picture = st.columns([3, 2], gap="large")
with words:
    ui.text(lesson, "intro")
with picture:
    ready = ui.wait_for_engine()

if ready:
    from dashboard.ui.labs import bias, code, fair, first, guided_skew, nearest_scenes, training_set  # need torch

    with picture:
        first.first_image(lesson)
    ui.text(lesson, "word", kicker="Laboratory 1")
    training_set.word_lab(lesson)
    ui.text(lesson, "pair", kicker="Laboratory 2")
    training_set.pair_lab(lesson)
    ui.text(lesson, "nearest", kicker="Laboratory 3")
    nearest_scenes.nearest_lab(lesson)
    ui.text(lesson, "bias", kicker="Laboratory 4 · the experiment")
    bias.bias_lab(lesson)
    ui.text(lesson, "guided", kicker="Laboratory 5")
    guided_skew.guided_skew_lab(lesson)
    ui.text(lesson, "limits")
    ui.heading("A belief to test", "misconception")
    for belief in lesson.misconceptions:
        fair.misconception_lab(lesson, belief)

with ui.ending(lesson):
    if ready:
        code.code_section(lesson, "bias")
