"""Playground: any two parameters against each other. What the page says and asks stands in lessons/playground/."""

from dashboard.ui import lesson as ui

lesson = ui.open_lesson("playground")
ui.text(lesson, "intro")
ready = ui.wait_for_engine()

if ready:
    from dashboard.ui import load_settings  # need torch
    from dashboard.ui.labs import anecdote, any_grid, code, live

    ui.text(lesson, "live", kicker="Laboratory 1 · at once")
    live.live_lab(lesson, "grid")
    ui.text(lesson, "grid", kicker="Laboratory 2 · the experiment")
    load_settings.load_settings(lesson, "grid")
    any_grid.any_grid_lab(lesson)
    ui.heading("A belief to test", "misconception")
    for belief in lesson.misconceptions:
        anecdote.anecdote_lab(lesson, belief)

with ui.ending(lesson):
    if ready:
        code.code_section(lesson, "grid")
