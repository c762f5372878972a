"""Laboratory for a misconception: does a diffusion model need a graphics card?"""

from __future__ import annotations

import streamlit as st

from dashboard.course import Lesson, Misconception
from dashboard.engine import ImageResult
from dashboard.machine import Machine
from dashboard.ui.controls import request_from
from dashboard.ui.experiment import experiment_form
from dashboard.ui.gallery import single
from dashboard.ui.labs.machine_table import machine
from dashboard.ui.lesson import TEXT_WIDTH, showed
from dashboard.ui.models import current_model
from dashboard.ui.records import record
from dashboard.ui.runs import show_run


def misconception_lab(lesson: Lesson, belief: Misconception) -> None:
    """The claim, one image computed afresh, and what computed it."""
    with st.container(width=TEXT_WIDTH):
        st.markdown(f":material/help: **“{belief.claim}”** {belief.why_believed}")
    trial = experiment_form(lesson, belief.experiment, button=belief.button)
    if trial is None:
        return
    request = request_from(trial.values, current_model())
    results = show_run(trial.key, [request], [f"seed {request.seed}"], asked_now=trial.asked_now, fresh=True)
    if results is None:
        return
    record(lesson.id).ran.add(belief.experiment)
    single(trial.key, results[0], f"seed {request.seed}", width=220)
    showed(sentences(results[0], machine(), belief))


def sentences(result: ImageResult, here: Machine, belief: Misconception) -> str:
    """Refutes the claim only where no card took part."""
    if result.device != "cpu":
        return (
            f"A graphics card ({here.device}) drew this image in {result.seconds:.2f} s, so this run cannot test the "
            "claim. Start the dashboard with DASHBOARD_DEVICE=cpu and run it again."
        )
    return (
        f"No graphics card took part. The processor ({here.processor}) drew {result.width} x {result.height} pixels "
        f"in {result.steps_run} steps and {result.seconds:.2f} s. {belief.refutation}"
    )
