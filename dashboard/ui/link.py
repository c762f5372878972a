"""The address of a page holds what its experiments ran with, so that a link or a reload brings it back.

`?grid.seeds=0-9&grid.steps=30&ran=grid.same`: only values that differ from the lesson's are written; `ran` lists the
experiments to run again. Nothing about the learner stands there. What an address says is checked like typing.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

import streamlit as st

RAN = "ran"


def ran(experiment_id: str) -> bool:
    """Whether the address says that this experiment was run."""
    return experiment_id in st.query_params.get(RAN, "").split(".")


def read(experiment_id: str, name: str) -> str | None:
    """What the address says for one control, as text; None when it says nothing."""
    return st.query_params.get(f"{experiment_id}.{name}")


def write(experiment_id: str, values: Mapping[str, str], defaults: Mapping[str, str]) -> None:
    """Put one experiment's values into the address, leaving the other experiments' as they are."""
    mine = {f"{experiment_id}.{name}": value for name, value in values.items() if value != defaults.get(name)}
    done = [name for name in st.query_params.get(RAN, "").split(".") if name]
    mine[RAN] = ".".join(dict.fromkeys([*done, experiment_id]))
    for name, value in st.query_params.to_dict().items():
        if name.startswith(f"{experiment_id}.") and name not in mine:
            del st.query_params[name]
        elif mine.get(name) == value:
            del mine[name]  # stands there already
    if mine:
        st.query_params.update(mine)


def address() -> str:
    """This page's full address with its state."""
    url, state = (st.context.url or "").split("?")[0], st.query_params.to_dict()
    return f"{url}?{urlencode(state)}" if state else url


def copy_box() -> None:
    """The address in a box with a copy button."""
    with st.expander("Share this page", icon=":material/link:"):
        st.markdown("This link brings back every setting on this page, and the same images with them.")
        st.code(address(), language=None, wrap_lines=True)
