"""Laboratory: the timesteps that a scheduler picks, read from the scheduler itself. Draws no image."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.course import Lesson
from dashboard.engine import SCHEDULERS, SchedulerShelf
from dashboard.ui import engine_room
from dashboard.ui.experiment import experiment_form
from dashboard.ui.lesson import showed
from dashboard.ui.models import current_model, files_are_here
from dashboard.ui.parsing import parse_schedulers
from dashboard.ui.records import record


def timesteps_lab(lesson: Lesson) -> None:
    """Form, the timesteps as marks, their table, and what they show."""
    trial = experiment_form(lesson, "timesteps", button="Show the timesteps")
    if trial is None:
        return
    if not files_are_here():
        return
    record(lesson.id).ran.add("timesteps")
    keys, steps = parse_schedulers(str(trial.values["schedulers"])), int(trial.values["num_inference_steps"])
    shelf = engine_room.engine().models.schedulers(current_model())
    table = timestep_table(shelf, keys, steps, str(trial.values["spacing"]))
    names = [SCHEDULERS[key].label for key in keys]
    told = ", ".join(f"{name} {int((table['scheduler'] == name).sum())} evaluations" for name in names)
    st.vega_lite_chart(charts.timesteps(table, names).to_dict(), alt=f"Timesteps for {steps} steps: {told}.")
    with st.expander("The numbers behind the chart", icon=":material/table:"):
        wide = table.pivot(index="evaluation", columns="scheduler", values="timestep")[names].reset_index()
        st.dataframe(wide, hide_index=True, alt="The timestep of each evaluation for each scheduler")
    showed(
        " ".join(
            _reading(str(name), rows["timestep"].tolist()) for name, rows in table.groupby("scheduler", sort=False)
        )
    )


def timestep_table(shelf: SchedulerShelf, keys: tuple[str, ...], steps: int, spacing: str) -> pd.DataFrame:
    """scheduler, evaluation (1, 2, ...), timestep: one row a model evaluation."""
    rows = [
        (SCHEDULERS[key].label, place, timestep)
        for key in keys
        for place, timestep in enumerate(shelf.timesteps(key, steps, spacing), start=1)
    ]
    return pd.DataFrame(rows, columns=["scheduler", "evaluation", "timestep"])


def _reading(name: str, timesteps: list[float]) -> str:
    """One scheduler's way, in a sentence."""
    count = "1 evaluation" if len(timesteps) == 1 else f"{len(timesteps)} evaluations"
    twice = len(timesteps) - len(set(timesteps))
    again = f", looking again at {twice} of its timesteps" if twice else ""
    return f"**{name}**: {count}, from {timesteps[0]:.0f} down to {timesteps[-1]:.0f}{again}."
