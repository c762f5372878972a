"""The little CSS that the theme cannot say, in one file."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

_CSS = Path(__file__).with_name("style.css")


def apply() -> None:
    """Put the style sheet on the page; it takes no space."""
    st.html(_CSS)
