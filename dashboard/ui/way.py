"""The learner's way through the course: chosen on Welcome, kept with their record, followed by every lesson.

`explore`: nothing waits for a guess. `guided`: predictions come first. `code`: each lesson's script stands open.
"""

from __future__ import annotations

import streamlit as st

from dashboard.ui.records import record

WAYS = {"explore": "Explore", "guided": "Guided", "code": "Code"}
DEFAULT = "guided"
_PAGE, _CHOICE = "welcome", "way"


def way() -> str:
    """A key of WAYS."""
    return record(_PAGE).choices.get(_CHOICE, DEFAULT)


def choose_way() -> None:
    """The choice; a reload keeps it."""
    keys = list(WAYS)
    chosen = st.radio("Your way", keys, keys.index(way()), WAYS.__getitem__, key=f"{_PAGE}.{_CHOICE}", horizontal=True)
    if chosen is not None:
        record(_PAGE).choices[_CHOICE] = chosen
