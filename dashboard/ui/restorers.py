"""The server's restorers, and the learner's choice among them."""

from __future__ import annotations

import streamlit as st

from dashboard.faces import Restorer, Restorers, build_restorers
from dashboard.faces.choice import POCKET
from dashboard.settings import load_settings

KEY = "restorer"  # session key


@st.cache_resource(show_spinner="Loading the face restorers, once after each start of the server …")
def server_restorers() -> Restorers:
    """What this server's settings name, built once."""
    return build_restorers(load_settings())


def choose_restorer() -> None:
    """The choice, where the server has more than one; and why another one that was set up does not work."""
    found = server_restorers()
    if len(found.usable) > 1:
        name = {key: restorer.name for key, restorer in found.usable.items()}.__getitem__
        st.selectbox("Restorer for this page", list(found.usable), 0, name, key=KEY, persist_state="session")
    for problem in found.problems:
        st.caption(f":material/block: {problem}")


def current_restorer() -> Restorer:
    """The learner's choice, or Pocket's own."""
    usable = server_restorers().usable
    return usable.get(str(st.session_state.get(KEY, POCKET)), usable[POCKET])
