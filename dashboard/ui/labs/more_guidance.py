"""Laboratory for a misconception: does ever more guidance make an ever better picture?"""

from __future__ import annotations

import streamlit as st

from dashboard.axes import KINDS
from dashboard.course import Lesson, Misconception
from dashboard.ui.controls import request_from
from dashboard.ui.experiment import experiment_form
from dashboard.ui.grid_run import run_grid
from dashboard.ui.labs.guidance_seeds import changes_told, image_table
from dashboard.ui.lesson import TEXT_WIDTH, showed
from dashboard.ui.models import current_model
from dashboard.ui.parsing import parse_guidances, parse_seeds
from dashboard.ui.tables import table_below


def more_guidance_lab(lesson: Lesson, belief: Misconception) -> None:
    """The claim, one click, a grid of guidance by seeds, and what its pixels say."""
    with st.container(width=TEXT_WIDTH):
        st.markdown(f":material/help: **“{belief.claim}”** {belief.why_believed}")
    trial = experiment_form(lesson, belief.experiment, button=belief.button)
    if trial is None:
        return
    scales = sorted(parse_guidances(str(trial.values["guidances"])))
    seeds = parse_seeds(str(trial.values["seeds"]))
    base = request_from(trial.values, current_model())
    requests = [base.replace(guidance_scale=scale, seed=seed) for scale in scales for seed in seeds]
    rows, columns = [KINDS["guidance"].label(scale) for scale in scales], [f"seed {seed}" for seed in seeds]
    results = run_grid(lesson, trial, requests, rows, columns, heading=base.prompt)
    if results is None:
        return
    if len(scales) < 2:
        return
    table = image_table(results)
    table_below(table, "Match, saturation and clipped share of every image", title="The numbers behind the grid")
    told = " ".join(changes_told(table, scales[0], scales[-1]))
    showed(f"From guidance {scales[0]:g} to {scales[-1]:g}: {told} {belief.refutation}")
