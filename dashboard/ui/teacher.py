"""A word being taught, as a page shows it: asked for once, watched from a fragment, kept when it is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.engine import ModelUnavailable, QueueFull
from dashboard.teach import Progress, School, Teaching, TeachingSnapshot, WordTask
from dashboard.ui import engine_room
from dashboard.ui.models import current_model
from dashboard.ui.session import browser_session, keeper, learner

POLL_SECONDS = 0.7


@dataclass
class Watched:
    """One teaching of one browser session. Lives in session state."""

    task: WordTask
    model: str
    teaching: Teaching | None = None
    problem: str = ""  # a sentence


@st.cache_resource(show_spinner=False)
def school() -> School:
    """The server's one teacher."""
    return School(engine_room.engine().models)


def show_teaching(key: str, task: WordTask, *, asked_now: bool) -> Teaching | None:
    """The teaching once its word is learned; None before that, and the page shows how far it is.

    `asked_now`: the learner clicked in this script run; then a task that was stopped or failed begins anew.
    """
    watched: Watched | None = st.session_state.get(f"{key}.teaching")
    same = watched is not None and (watched.task, watched.model) == (task, current_model())
    if watched is None or not same or (asked_now and _stopped(watched)):
        watched = st.session_state[f"{key}.teaching"] = _begin(task)
    if watched.teaching is not None and not watched.teaching.ended:
        _panel(key)
    if _stopped(watched):
        _explain(key, watched)
    return watched.teaching if watched.teaching is not None and watched.teaching.word is not None else None


def error_table(history: Sequence[Progress]) -> pd.DataFrame:
    """step, error, measured ("practice" or "exam"): one row a measurement, in the order of the steps."""
    rows = [
        (progress.step, error, measured)
        for progress in history
        for measured, error in (("practice", progress.loss), ("exam", progress.exam))
        if error is not None
    ]
    return pd.DataFrame(rows, columns=["step", "error", "measured"])


def error_chart(table: pd.DataFrame, steps: int) -> None:
    """The learning curve of `error_table`, over `steps` in all."""
    exams = table.loc[table["measured"] == "exam", "error"]
    alt = f"Error of the predicted noise over the steps of teaching; the exam fell from {exams.iloc[0]:.4f} "
    st.vega_lite_chart(charts.learning_curve(table, steps).to_dict(), alt=f"{alt}to {exams.iloc[-1]:.4f}.")


def _begin(task: WordTask) -> Watched:
    watched = Watched(task=task, model=current_model())
    try:
        watched.teaching = school().submit(task, learner=learner(), model=watched.model)
    except QueueFull as full:
        watched.problem = str(full)
    except (ValueError, ModelUnavailable) as error:
        watched.problem = str(error)
    return watched


def _stopped(watched: Watched) -> bool:
    ended = watched.teaching is not None and watched.teaching.ended and watched.teaching.word is None
    return bool(watched.problem) or ended


@st.fragment(run_every=POLL_SECONDS)
def _panel(key: str) -> None:
    """The moving part: progress, Cancel, and the curve as it grows. Redraws alone until the teaching ends."""
    watched: Watched = st.session_state[f"{key}.teaching"]
    teaching = watched.teaching
    if teaching is None or teaching.ended:
        st.rerun()
    keeper().hold(teaching, browser_session().id)
    snapshot = teaching.snapshot()
    with st.container(horizontal=True, vertical_alignment="center"):
        last = snapshot.history[-1] if snapshot.history else None
        st.progress(last.step / last.steps if last else 0.0, text=progress_text(snapshot))
        if st.button("Cancel", key=f"{key}.stop", icon=":material/stop:"):
            teaching.leave(learner())
            st.rerun()
    if len(snapshot.history) > 1:
        error_chart(error_table(snapshot.history), watched.task.steps)


def progress_text(snapshot: TeachingSnapshot) -> str:
    """One line: where the teaching stands."""
    if snapshot.state == "queued":
        words = "1 word is" if snapshot.ahead == 1 else f"{snapshot.ahead} words are"
        return f"Waiting: {words} taught before yours, one at a time" if snapshot.ahead else "Getting ready to teach …"
    if not snapshot.history:
        return "Getting ready to teach …"
    last = snapshot.history[-1]
    left = f", about {max(1, round(last.eta_seconds))} s left" if last.eta_seconds is not None else ""
    return f"Teaching: step {last.step} of {last.steps}{left}"


def _explain(key: str, watched: Watched) -> None:
    message = watched.problem or (watched.teaching.snapshot().message if watched.teaching else "")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.warning(message, icon=":material/info:")
        if st.button("Teach again", key=f"{key}.again", icon=":material/replay:"):
            del st.session_state[f"{key}.teaching"]
            st.rerun()
