"""Laboratory for a misconception: does a seed carry a style from prompt to prompt?"""

from __future__ import annotations

import numpy as np
import streamlit as st

from dashboard.course import Lesson, Misconception
from dashboard.ui.controls import request_from
from dashboard.ui.distances import mean_distance
from dashboard.ui.experiment import experiment_form
from dashboard.ui.gallery import gallery, plain
from dashboard.ui.lesson import TEXT_WIDTH, showed
from dashboard.ui.models import current_model
from dashboard.ui.parsing import parse_prompts, parse_seeds
from dashboard.ui.records import record
from dashboard.ui.runs import show_run


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
    titles = [f"seed {seed}" for _ in prompts for seed in seeds]
    results = show_run(trial.key, requests, titles, asked_now=trial.asked_now)
    if results is None:
        return
    record(lesson.id).ran.add(belief.experiment)
    rows = [results[start : start + len(seeds)] for start in range(0, len(results), len(seeds))]
    for index, (prompt, row) in enumerate(zip(prompts, rows, strict=True)):
        st.markdown(f"**{plain(prompt)}**")
        gallery(f"{trial.key}.{index}", row, titles[: len(seeds)], columns=len(seeds), min_width=90)
    same_prompt = float(np.mean([mean_distance([r.array() for r in row]) for row in rows]))
    columns = list(zip(*rows, strict=True))
    same_seed = float(np.mean([mean_distance([r.array() for r in column]) for column in columns]))
    showed(
        f"One *prompt*, different seeds: the images lie {same_prompt:.2f} apart. One *seed*, different prompts: they "
        f"lie {same_seed:.2f} apart (1: unrelated). {belief.refutation}"
    )
