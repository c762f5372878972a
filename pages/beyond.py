"""Beyond: the course's extensions and follow-up questions. What the page says and asks stands in lessons/beyond/."""

import streamlit as st

from dashboard.ui import lesson as ui

lesson = ui.open_lesson("beyond")
words, picture = st.columns([3, 2], gap="large")
with words:
    ui.text(lesson, "intro")
with picture:
    ready = ui.wait_for_engine()

if ready:
    from dashboard.ui.labs import call_options, code, first, model_card, new_word, unchanged, use_word  # need torch

    with picture:
        first.first_image(lesson)
    ui.text(lesson, "teach", kicker="Laboratory 1 · the experiment")
    new_word.new_word_lab(lesson)
    ui.text(lesson, "use", kicker="Laboratory 2")
    use_word.use_word_lab(lesson)
    ui.heading("A belief to test", "misconception")
    for belief in lesson.misconceptions:
        unchanged.unchanged_lab(lesson, belief)
    ui.text(lesson, "parameters", kicker="Laboratory 3")
    call_options.call_options_lab()
    ui.text(lesson, "cards", kicker="Laboratory 4")
    model_card.model_card_lab()

ui.text(lesson, "extensions", kicker="Where to go from here")
ui.text(lesson, "questions", kicker="Asked again and again")
with ui.ending(lesson):
    if ready:
        code.code_section(lesson, new_word.shown_experiment(lesson))
