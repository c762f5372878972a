"""Laboratory for a misconception: is it the noise that decides, be it a style or the whole picture?"""

from __future__ import annotations

import streamlit as st

from dashboard.course import Lesson, Misconception
from dashboard.intervals import tells_apart
from dashboard.ui.alike import Alike, alike, alike_chart
from dashboard.ui.controls import request_from
from dashboard.ui.experiment import experiment_form
from dashboard.ui.grid_run import run_grid
from dashboard.ui.lesson import TEXT_WIDTH, showed
from dashboard.ui.models import current_model
from dashboard.ui.parsing import parse_prompts, parse_seeds


def misconception_lab(lesson: Lesson, belief: Misconception) -> None:
    """The claim, a one-click experiment of prompts by seeds, and what its numbers say."""
    with st.container(width=TEXT_WIDTH):
        st.markdown(f":material/help: **“{belief.claim}”** {belief.why_believed}")
    trial = experiment_form(lesson, belief.experiment, button=belief.button)
    if trial is None:
        return
    seeds, prompts = parse_seeds(str(trial.values["seeds"])), parse_prompts(str(trial.values["prompts"]))
    base = request_from({**trial.values, "prompt": ""}, current_model())
    requests = [base.replace(prompt=prompt, seed=seed) for prompt in prompts for seed in seeds]
    columns = [f"seed {seed}" for seed in seeds]
    results = run_grid(lesson, trial, requests, prompts, columns, heading="One seed, several prompts")
    if results is None:
        return
    if len(seeds) < 2 or len(prompts) < 2:
        showed("One prompt or one seed alone compares nothing: give at least two of each.")
        return
    found = alike(results, len(seeds))
    alike_chart(found)
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
