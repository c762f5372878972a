"""Prompts: the course's step 2c. What the page says and asks stands in lessons/prompts/."""

import streamlit as st

from dashboard.ui import lesson as ui

lesson = ui.open_lesson("prompts")
words, picture = st.columns([3, 2], gap="large")
with words:
    ui.text(lesson, "intro")
with picture:
    ready = ui.wait_for_engine()

if ready:
    from dashboard.ui.labs import (
        anatomy,
        code,
        eraser,
        first,
        negative,
        prompt_grid,
        tokens,
        word_maps,
        word_swap,
    )  # need torch

    with picture:
        first.first_image(lesson)
    ui.text(lesson, "grid", kicker="Laboratory 1 · the experiment")
    prompt_grid.prompt_grid_lab(lesson)
    ui.text(lesson, "files")
    ui.text(lesson, "anatomy", kicker="Laboratory 2")
    anatomy.anatomy_lab(lesson)
    ui.text(lesson, "tokens", kicker="Laboratory 3")
    tokens.tokens_lab(lesson)
    ui.text(lesson, "negative", kicker="Laboratory 4")
    negative.negative_lab(lesson)
    ui.text(lesson, "swap", kicker="Laboratory 5")
    word_swap.word_swap_lab(lesson)
    ui.text(lesson, "attention", kicker="Laboratory 6")
    word_maps.word_maps_lab(lesson)
    ui.heading("A belief to test", "misconception")
    for belief in lesson.misconceptions:
        eraser.eraser_lab(lesson, belief)

ui.text(lesson, "guides")
with ui.ending(lesson):
    if ready:
        code.code_section(lesson, "grid")
