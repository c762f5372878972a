"""Setting up: the course's step 0. What the page says and asks stands in lessons/setup/."""

from dashboard.ui import lesson as ui

lesson = ui.open_lesson("setup")
ui.text(lesson, "intro")
ready = ui.wait_for_engine()

if ready:
    from dashboard.ui.labs import (  # need torch
        batches,
        code,
        cost_grid,
        machine_table,
        model_needs,
        timed,
        without_card,
    )

    ui.text(lesson, "machine", kicker="Measured now")
    machine_table.machine_table()
    ui.text(lesson, "needs", kicker="Counted now")
    model_needs.needs_table()
    ui.text(lesson, "here")
    model_needs.models_table()

ui.text(lesson, "hub")

if ready:
    ui.text(lesson, "timed", kicker="Laboratory 1 · the experiment")
    timed.timed_lab(lesson)
    ui.text(lesson, "batch", kicker="Laboratory 2")
    batches.batches_lab(lesson)
    ui.text(lesson, "cost", kicker="Laboratory 3")
    cost_grid.cost_grid_lab(lesson)
    ui.heading("A belief to test", "misconception")
    for belief in lesson.misconceptions:
        without_card.misconception_lab(lesson, belief)

ui.text(lesson, "colab", kicker="On your own machine")
ui.text(lesson, "keep")
with ui.ending(lesson):
    if ready:
        code.code_section(lesson, "timed")
