"""Laboratory: three runs without a seed beside three with one."""

from __future__ import annotations

import secrets

import streamlit as st

from dashboard.course import Lesson
from dashboard.ui.controls import request_from
from dashboard.ui.distances import mean_distance
from dashboard.ui.experiment import experiment_form
from dashboard.ui.gallery import gallery
from dashboard.ui.lesson import showed
from dashboard.ui.models import current_model
from dashboard.ui.parsing import parse_seed, parse_seeds
from dashboard.ui.records import record
from dashboard.ui.runs import show_run
from dashboard.ui.withheld import measurable

RUNS = 3
FRESH_BELOW = 10**16  # as long as the course's own seeds, so that a learner can copy one by hand


def draw_seeds() -> dict[str, str]:
    """Seeds that nobody chose, written down so that their images can be made again."""
    return {"drawn": ", ".join(str(secrets.randbelow(FRESH_BELOW)) for _ in range(RUNS))}


def repeat_lab(lesson: Lesson) -> None:
    """Six images in one job, none of them from the memo: equal ones are equal because they were computed alike."""
    trial = experiment_form(lesson, "repeat", button="Run three and three", extra=draw_seeds)
    if trial is None:
        return
    fixed = parse_seed(str(trial.values["seed"]))
    drawn = parse_seeds(str(trial.values["drawn"]))
    base = request_from(trial.values, current_model())
    requests = [base.replace(seed=seed) for seed in (*drawn, *[fixed] * RUNS)]
    titles = [f"seed {seed}" for seed in (*drawn, *[fixed] * RUNS)]
    results = show_run(trial.key, requests, titles, asked_now=trial.asked_now, fresh=True)
    if results is None:
        return
    record(lesson.id).ran.add("repeat")
    split = len(drawn)
    st.markdown("**No seed set: these were drawn for you**")
    gallery(f"{trial.key}.free", results[:split], titles[:split], columns=RUNS, min_width=90)
    st.markdown(f"**One seed, {fixed}, three times**")
    gallery(f"{trial.key}.fixed", results[split:], titles[split:], columns=RUNS, min_width=90)
    if not measurable(results):
        return
    hashes = len({result.sha256 for result in results[split:]})
    apart = mean_distance([result.array() for result in results[:split]])
    showed(
        f"Without a seed the images lie {apart:.2f} apart on average (0: same, 1: unrelated). "
        + (
            "With the seed, all three have one hash: they are the same bytes."
            if hashes == 1
            else f"With the seed, the three have {hashes} hashes: this machine did not repeat itself."
        )
    )
