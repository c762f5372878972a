"""The parts of the model in use, counted on the networks that are loaded."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard.engine import Anatomy
from dashboard.ui import engine_room
from dashboard.ui.lesson import showed
from dashboard.ui.models import current_info, current_model
from dashboard.ui.once import once


def current_anatomy() -> Anatomy:
    """What the model in use is made of; loads it, with a spinner, where no image has loaded it yet."""
    model = current_model()
    with st.spinner("Looking into the model …"):
        return once(("anatomy", model), lambda: engine_room.engine().models.anatomy(model))


def parts_table() -> None:
    """A row a part, and a sentence from the numbers."""
    anatomy, info = current_anatomy(), current_info()
    rows = [
        {
            "part": part.name,
            "class": part.class_name,
            "parameters": part.parameters or None,
            "MB in memory": part.memory / 1e6 if part.parameters else None,
            "share": 100 * part.parameters / anatomy.parameters if part.parameters else None,
        }
        for part in anatomy.parts
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        placeholder="-",
        column_config={
            "parameters": st.column_config.NumberColumn(format="localized"),
            "MB in memory": st.column_config.NumberColumn(format="%.1f"),
            "share": st.column_config.ProgressColumn("share of all", format="%.1f%%", min_value=0, max_value=100),
        },
        alt=f"The parts of {info.name} with their classes, parameters and memory",
    )
    largest = max(anatomy.parts, key=lambda part: part.parameters)
    showed(
        f"{info.name} has {anatomy.parameters:,} parameters. Loaded here in {info.dtype} they take "
        f"{anatomy.memory / 1e6:.0f} MB; reading them into memory took {anatomy.load_seconds:.1f} s. The largest part "
        f"is `{largest.name}`, with {largest.parameters / anatomy.parameters:.0%} of them. "
        "Parts without a number learned nothing: they are rules and tables."
    )
