"""Laboratory for a misconception: has teaching a word changed the model? Prompts drawn without and with the word."""

from __future__ import annotations

import streamlit as st

from dashboard.course import Lesson, Misconception
from dashboard.engine import compare
from dashboard.ui.controls import request_from
from dashboard.ui.experiment import experiment_form
from dashboard.ui.gallery import downloads, grid_gallery
from dashboard.ui.labs.new_word import TOKEN, taught_word
from dashboard.ui.lesson import TEXT_WIDTH, showed
from dashboard.ui.models import current_model
from dashboard.ui.parsing import parse_prompts, parse_seeds
from dashboard.ui.records import record
from dashboard.ui.runs import show_run
from dashboard.ui.withheld import measurable


def unchanged_lab(lesson: Lesson, belief: Misconception) -> None:
    """The claim, the same prompts computed twice, and whether a single byte differs."""
    with st.container(width=TEXT_WIDTH):
        st.markdown(f":material/help: **“{belief.claim}”** {belief.why_believed}")
    trial = experiment_form(lesson, belief.experiment, button=belief.button)
    taught = taught_word()
    if trial is None:
        return
    if taught is None:
        st.info(f"Teach {TOKEN} first, in laboratory 1: then there is something to test.")
        return
    prompts, seeds = parse_prompts(str(trial.values["prompts"])), parse_seeds(str(trial.values["seeds"]))
    base = request_from({**trial.values, "prompt": ""}, current_model())
    columns = [f"seed {seed}, {state}" for seed in seeds for state in ("no new word", f"{TOKEN} loaded")]
    requests = [
        base.replace(prompt=prompt, seed=seed, learned_words=words)
        for prompt in prompts
        for seed in seeds
        for words in ((), (taught[0],))
    ]
    titles = [f"{prompt}, {column}" for prompt in prompts for column in columns]
    results = show_run(trial.key, requests, titles, asked_now=trial.asked_now, fresh=True)
    if results is None:
        return
    record(lesson.id).ran.add(belief.experiment)
    grid_gallery(trial.key, results, prompts, columns)
    downloads(trial.key, results, columns, belief.claim, rows=prompts)
    if not measurable(results):
        return
    pairs = [compare(a.array(), b.array()) for a, b in zip(results[::2], results[1::2], strict=True)]
    same = sum(pair.verdict == "identical" for pair in pairs)
    if same == len(pairs):
        showed(f"All {len(pairs)} pairs are the same bytes. {belief.refutation}")
    else:
        largest = max(pair.max_difference for pair in pairs)
        showed(f"{same} of {len(pairs)} pairs are the same bytes; the largest difference is {largest} of 255.")
