"""Laboratory: what an image costs alone, and what it costs as one of many in a batch."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard.course import Lesson
from dashboard.ui.controls import request_from
from dashboard.ui.experiment import experiment_form
from dashboard.ui.lesson import showed
from dashboard.ui.models import current_model
from dashboard.ui.parsing import parse_seeds
from dashboard.ui.records import record
from dashboard.ui.runs import show_run


def batch_time_lab(lesson: Lesson) -> None:
    """Form, one image alone, then the same image among others, both computed afresh."""
    trial = experiment_form(lesson, "batch", button="Measure both")
    if trial is None:
        return
    base = request_from(trial.values, current_model())
    seeds = parse_seeds(str(trial.values["seeds"]))
    together = [base.replace(seed=seed) for seed in seeds]
    if trial.asked_now:
        st.session_state.pop(f"{trial.key}.together.state", None)  # measured again, after the first image
    alone = show_run(f"{trial.key}.alone", together[:1], ["alone"], asked_now=trial.asked_now, fresh=True)
    if alone is None:
        return
    titles = [f"seed {seed}" for seed in seeds]
    batch = show_run(f"{trial.key}.together", together, titles, asked_now=False, fresh=True)
    if batch is None:
        return
    record(lesson.id).ran.add("batch")
    one, share, total = alone[0].seconds, batch[0].seconds, sum(result.seconds for result in batch)
    table = pd.DataFrame(
        [("alone", 1, one, one), (f"{len(batch)} together", len(batch), total, total / len(batch))],
        columns=["drawn", "images", "seconds in all", "seconds an image"],
    )
    seconds = st.column_config.NumberColumn(format="%.2f")
    columns = {"seconds in all": seconds, "seconds an image": seconds}
    st.dataframe(table, hide_index=True, width=680, column_config=columns, alt="Seconds alone and together")
    same = "byte for byte the same" if alone[0].sha256 == batch[0].sha256 else "not the same"
    gain = one * len(batch) / total
    showed(
        f"Alone, this image took {one:.2f} s of computing; as one of {len(batch)} its share was {share:.2f} s. "
        f"One after another, {len(batch)} such images would take about {one * len(batch):.1f} s. "
        f"Together they took {total:.1f} s, "
        f"{gain:.1f} times {'faster' if gain >= 1 else 'as fast: here the batch gained nothing'}. "
        f"The image came out {same}."
    )
