"""The options of the pipeline's call, with what the installed library's documentation says of each."""

from __future__ import annotations

import re

import pandas as pd
import streamlit as st

from dashboard.documented import call_options

OPTIONS = ("prompt", "num_inference_steps", "guidance_scale", "latents", "generator")


def options_table() -> None:
    """One row an option: its default, the documentation's words, and a link to the place where they stand."""
    known = call_options()
    rows = [
        {
            "option": name,
            "default": known[name].default,
            "documentation": unlinked(known[name].said),
            "page": known[name].address,
        }
        for name in OPTIONS
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        row_height=92,
        height="content",
        column_config={
            "option": st.column_config.TextColumn(width=150),
            "default": st.column_config.TextColumn(width=64),
            "documentation": st.column_config.TextColumn("what the installed documentation says", width="large"),
            "page": st.column_config.LinkColumn("API page", display_text="open", width=80),
        },
        alt="The options of the pipeline's call, their defaults, and what the documentation says of each",
    )


def unlinked(text: str) -> str:
    """A table's cell shows no Markdown: links are left with their words."""
    return re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", text).replace("`", "")
