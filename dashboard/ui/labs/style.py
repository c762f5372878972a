"""Laboratory for a misconception: is it the noise that decides, be it a style or the whole picture?"""

from __future__ import annotations

import streamlit as st

from dashboard.course import Lesson, Misconception
from dashboard.intervals import tells_apart
from dashboard.ui.alike import Alike, prompts_by_seeds
from dashboard.ui.experiment import experiment_form
from dashboard.ui.lesson import TEXT_WIDTH, showed


def misconception_lab(lesson: Lesson, belief: Misconception) -> None:
    """The claim, a one-click experiment of prompts by seeds, and what its numbers say."""
    with st.container(width=TEXT_WIDTH):
        st.markdown(f":material/help: **“{belief.claim}”** {belief.why_believed}")
    trial = experiment_form(lesson, belief.experiment, button=belief.button)
    if trial is None:
        return
    found = prompts_by_seeds(lesson, trial, heading="One seed, several prompts")
    if found is not None:
        showed(reading(found, belief))


def reading(found: Alike, belief: Misconception) -> str:
    """The two distances in words; refutes the belief where one seed's images are clearly farther apart."""
    told = (
        f"One *prompt*, different seeds: the images lie {found.same_prompt} apart. One *seed*, different prompts: they "
        f"lie {found.same_seed} apart (1: unrelated). "
    )
    if tells_apart(found.difference) and found.difference.mean > 0:
        return told + belief.refutation
    return told + "These images cannot decide it: try more seeds and prompts."
