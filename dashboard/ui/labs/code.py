"""The scripts that draw an experiment's images without this dashboard."""

from __future__ import annotations

import streamlit as st

from dashboard.course import Lesson
from dashboard.engine import ImageRequest
from dashboard.export import diffusers_code, grid_code
from dashboard.ui.controls import CONTROLS, request_from
from dashboard.ui.experiment import key_of, last_trial
from dashboard.ui.lesson import TEXT_WIDTH, heading
from dashboard.ui.models import current_model, script_origin
from dashboard.ui.own_values import experiment_values
from dashboard.ui.parsing import parse_guidances, parse_prompts, parse_seeds, parse_step_counts
from dashboard.ui.runs import last_requests
from dashboard.ui.way import way


def code_section(lesson: Lesson, experiment_id: str) -> None:
    """The diffusers scripts for the experiment as it last ran, or for the lesson's first image before it has run."""
    requests = last_requests(key_of(lesson, experiment_id)) or (_first_request(lesson, experiment_id),)
    heading("The same in diffusers", "code")
    with st.container(width=TEXT_WIDTH):
        st.markdown(
            "This script draws the first image of the experiment with nothing but torch and diffusers. "
            "Every image on this page has its own: click it."
        )
        origin = script_origin(requests[0].model)
        with st.expander("One image", expanded=way() == "code", icon=":material/code:"):
            st.code(diffusers_code(requests[0], origin), "python")
        if len(requests) > 1:
            with st.expander(f"All {len(requests)} images of the last run", icon=":material/code:"):
                st.code("\n".join(grid_code(requests, origin)), "python")


def _first_request(lesson: Lesson, experiment_id: str) -> ImageRequest:
    """What the form holds, with the first value of each of its lists."""
    trial = last_trial(lesson, experiment_id)
    values = dict(trial.values if trial else experiment_values(lesson, experiment_id))
    values["seed"] = parse_seeds(str(values.get("seeds", values.get("seed", 0))))[0]
    values.setdefault("prompt", values.get("about", ""))  # some experiments fix the prompt and have no control for it
    if "prompts" in values:
        values["prompt"] = parse_prompts(str(CONTROLS["prompts"].tidy(values["prompts"])))[0]
    if "step_counts" in values:
        values["num_inference_steps"] = parse_step_counts(str(values["step_counts"]))[0]
    if "guidances" in values:
        values["guidance_scale"] = parse_guidances(str(values["guidances"]))[0]
    return request_from(values, current_model())
