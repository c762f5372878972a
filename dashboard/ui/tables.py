"""The table behind a chart, folded under it."""

from __future__ import annotations

import pandas as pd
import streamlit as st


def table_below(table: pd.DataFrame, alt: str, *, title: str = "The numbers behind the chart") -> None:
    """Every column as it is called, numbers with three decimals; a number that is not there is left empty."""
    numbers = {
        str(name): st.column_config.NumberColumn(format="%.3f")
        for name in table.columns
        if pd.api.types.is_float_dtype(table[name])
    }
    with st.expander(title, icon=":material/table:"):
        st.dataframe(table, hide_index=True, column_config=numbers, placeholder="", alt=alt)
