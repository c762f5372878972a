"""Laboratory for a misconception: does a seed carry a style from prompt to prompt?"""

from __future__ import annotations

import numpy as np
import streamlit as st

from dashboard.course import Lesson, Misconception
from dashboard.ui.controls import request_from
from dashboard.ui.distances import mean_distance
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
    rows = [results[start : start + len(seeds)] for start in range(0, len(results), len(seeds))]
    same_prompt = float(np.mean([mean_distance([r.array() for r in row]) for row in rows]))
    same_seed = float(np.mean([mean_distance([r.array() for r in column]) for column in zip(*rows, strict=True)]))
    showed(
        f"One *prompt*, different seeds: the images lie {same_prompt:.2f} apart. One *seed*, different prompts: they "
        f"lie {same_seed:.2f} apart (1: unrelated). {belief.refutation}"
    )
