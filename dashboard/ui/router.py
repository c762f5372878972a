"""One script run: page config, navigation, style, sidebar, page."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from dashboard.ui import engine_room, sidebar, style
from dashboard.ui.lesson import course
from dashboard.ui.session import browser_session

_ICON = Path(__file__).with_name("icon.png")  # a file of ours: Streamlit would fetch an emoji or symbol from elsewhere


def run() -> None:
    """Called at every visit and every rerun."""
    st.set_page_config(page_title="Diffusion Dashboard", page_icon=_ICON, layout="wide")
    browser_session()  # from here on the server knows when this tab goes
    first, *others = [entry for entry in course().entries if entry.available]
    pages = [st.Page(f"pages/{first.id}.py", title=first.title, default=True)]
    pages += [st.Page(f"pages/{entry.id}.py", title=entry.title, url_path=entry.id) for entry in others]
    page = st.navigation(pages, position="hidden")
    style.apply()
    was_ready = engine_room.loading().done
    sidebar.draw_course()
    page.run()
    sidebar.draw_engine()
    if not was_ready and engine_room.loading().done:
        st.rerun()  # the sidebar was drawn before the model was known
