"""Laboratory: which parameters can I pass? The installed pipelines' own signatures and documentation."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version

import pandas as pd
import streamlit as st

from dashboard.documented import PIPELINES, TEXT_TO_IMAGE, Option, call_options, pipeline_purpose
from dashboard.ui.gallery import plain
from dashboard.ui.labs.options import unlinked
from dashboard.ui.lesson import showed

USED_HERE: Mapping[str, str] = {  # the call's argument -> the field of this dashboard's requests that does the same
    "prompt": "prompt",
    "height": "height",
    "width": "width",
    "num_inference_steps": "num_inference_steps",
    "guidance_scale": "guidance_scale",
    "negative_prompt": "negative_prompt",
    "generator": "seed",
    "latents": "latents",
}


def call_options_lab() -> None:
    """Choose a pipeline, search its arguments, read what the library says of each."""
    chosen, search = st.columns([1, 1])
    with chosen:
        pipeline = st.selectbox("Pipeline", list(PIPELINES), key="pipeline", bind="query-params")
    with search:
        wanted = st.text_input("Search", placeholder="such as image, guidance, seed", key="argument", max_chars=40)
    options, purpose = call_options(pipeline), pipeline_purpose(pipeline)
    if purpose:
        st.caption(f"diffusers {version('diffusers')} says: {plain(purpose)}")
    found = [option for option in options.values() if wanted.lower() in f"{option.name} {option.said}".lower()]
    if not found:
        st.info(f"No argument of {pipeline} and no sentence about one holds “{plain(wanted)}”.")
        return
    _table(found)
    _summary(pipeline, options)


def _table(options: list[Option]) -> None:
    rows = [
        {
            "argument": option.name,
            "default": option.default or "must be given",
            "type": option.kind,
            "documentation": unlinked(option.said),
            "here": _here(option.name),
            "page": option.address,
        }
        for option in options
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        row_height=72,
        height=440 if len(rows) > 5 else "content",
        column_config={
            "argument": st.column_config.TextColumn(width=170, pinned=True),
            "default": st.column_config.TextColumn(width=80),
            "type": st.column_config.TextColumn(width=150),
            "documentation": st.column_config.TextColumn("what the documentation says", width="large"),
            "here": st.column_config.TextColumn("in this dashboard", width=130),
            "page": st.column_config.LinkColumn("API page", display_text="open", width=80),
        },
        alt="The arguments of the pipeline's call, their defaults, types and documentation",
    )


def _here(name: str) -> str:
    field = USED_HERE.get(name)
    return "no" if field is None else "yes" if field == name else f"yes, as {field}"


def _summary(pipeline: str, options: Mapping[str, Option]) -> None:
    used = [name for name in options if name in USED_HERE]
    more = [name for name in options if name not in call_options(TEXT_TO_IMAGE)]
    beyond = f" It has {len(more)} that plain text-to-image lacks: {', '.join(f'`{m}`' for m in more)}." if more else ""
    told = f"`{pipeline}` takes {len(options)} arguments. This dashboard's requests carry {len(used)} of them.{beyond}"
    showed(told, opening="What the table says.")
