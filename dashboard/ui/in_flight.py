"""Which experiment of this session has a job running: one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from dashboard.engine import Job

_KEY = "run in flight"  # session key of (experiment's key, its job)


def in_flight() -> str | None:
    """The key of the experiment whose job this session watches; None once the job has ended."""
    flight: tuple[str, Job] | None = st.session_state.get(_KEY)
    return flight[0] if flight is not None and not flight[1].ended else None


def last_started() -> str | None:
    """The key of the experiment that this session started last, running or not."""
    flight: tuple[str, Job] | None = st.session_state.get(_KEY)
    return flight[0] if flight is not None else None


def take_off(key: str, job: Job) -> None:
    """This experiment's job was submitted."""
    st.session_state[_KEY] = (key, job)


def leave_page(lesson_id: str) -> None:
    """This lesson's page is open now: a run that another page started stops, and begins anew when that page returns."""
    key = in_flight()
    if key is not None and not key.startswith(f"{lesson_id}."):
        st.session_state[_KEY][1].cancel()
        st.session_state.pop(f"{key}.state", None)
