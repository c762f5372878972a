"""How diffusion works: the model looked into. What the page says and asks stands in lessons/diffusion/."""

import streamlit as st

from dashboard.ui import lesson as ui

lesson = ui.open_lesson("diffusion")
words, picture = st.columns([3, 2], gap="large")
with words:
    ui.text(lesson, "intro")
with picture:
    ready = ui.wait_for_engine()

if ready:
    from dashboard.ui.labs import (  # need torch
        attention,
        code,
        embeddings,
        film,
        first,
        forward,
        latents,
        learned,
        style,
    )

    with picture:
        first.first_image(lesson)
    ui.text(lesson, "forward", kicker="Laboratory 1")
    forward.forward_lab(lesson)
    ui.text(lesson, "film", kicker="Laboratory 2 · the experiment")
    film.film_lab(lesson)
    ui.text(lesson, "latents", kicker="Laboratory 3")
    latents.latents_lab(lesson)
    ui.text(lesson, "words", kicker="Laboratory 4")
    embeddings.embeddings_lab(lesson)
    ui.text(lesson, "attention", kicker="Laboratory 5")
    attention.attention_lab(lesson)
    ui.text(lesson, "learned", kicker="Laboratory 6")
    learned.learned_lab(lesson)
    ui.heading("A belief to test", "misconception")
    for belief in lesson.misconceptions:
        style.misconception_lab(lesson, belief)

for section in ("research", "labels", "release"):
    ui.text(lesson, section)
with ui.ending(lesson):
    if ready:
        code.code_section(lesson, "film")
