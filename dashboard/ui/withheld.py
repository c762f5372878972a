"""Pictures that a safety checker withheld are black; a measurement must not take that for what the model drew."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard.engine import ImageResult


def measurable(results: Sequence[ImageResult]) -> bool:
    """Whether every picture is there to be measured; where one was withheld, False, and the page says why."""
    withheld = sum(result.filtered for result in results)
    if withheld:
        st.info(
            f"**Nothing is measured here.** The model's safety checker withheld {withheld} of these {len(results)} "
            "pictures, and black in their place would be counted as if the model had drawn it. Try other seeds or "
            "another prompt.",
            icon=":material/visibility_off:",
        )
    return not withheld
