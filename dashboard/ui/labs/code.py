"""The script that draws an experiment's first image without this dashboard."""

from __future__ import annotations

import streamlit as st

from dashboard.course import Lesson
from dashboard.export import diffusers_code
from dashboard.ui.controls import parse_seeds, request_from
from dashboard.ui.experiment import last_trial
from dashboard.ui.lesson import TEXT_WIDTH, heading
from dashboard.ui.models import current_model, script_source


def code_section(lesson: Lesson, experiment_id: str) -> None:
    """The diffusers script for the experiment as it last ran, or as the lesson sets it up."""
    trial = last_trial(lesson, experiment_id)
    values = dict(trial.values if trial else lesson.experiments[experiment_id])
    seed = parse_seeds(str(values.get("seeds", values.get("seed", 0))))[0]
    request = request_from({**values, "seed": seed}, current_model())
    heading("The same in diffusers", "code")
    with st.container(width=TEXT_WIDTH):
        st.markdown(
            f"This script draws the image of seed {seed} with nothing but torch and diffusers. "
            "Every image on this page has its own: click it."
        )
        with st.expander("Show the script", icon=":material/code:"):
            st.code(diffusers_code(request, script_source(request.model)), "python")
