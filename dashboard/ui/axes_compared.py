"""Which axis of a grid moves the image more: distances along rows and down columns, charted with their table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.engine import ImageResult
from dashboard.intervals import Interval, mean_interval
from dashboard.ui.distances import Array, mean_distance
from dashboard.ui.once import once
from dashboard.ui.tables import table_below

ALONG, DOWN = "along a row", "down a column"


def distances(images: Sequence[Array], rows: Sequence[str], columns: Sequence[str]) -> pd.DataFrame:
    """between, at, distance: the mean over pairs of images in each row, and in each column. Images come row by row."""
    across, found = len(columns), []
    if across > 1:
        found += [
            (ALONG, row, mean_distance(images[place * across : (place + 1) * across])) for place, row in enumerate(rows)
        ]
    if len(rows) > 1:
        found += [(DOWN, column, mean_distance(images[place::across])) for place, column in enumerate(columns)]
    return pd.DataFrame(found, columns=["between", "at", "distance"])


def compare_axes(results: Sequence[ImageResult], rows: Sequence[str], columns: Sequence[str]) -> dict[str, Interval]:
    """Draw bars and their table; ALONG over the rows and DOWN over the columns, where there are two.

    An axis with a single value has no pairs to compare: its entry is missing, and with both missing nothing is drawn.
    """
    key = ("axes compared", *rows, *columns, *(result.sha256 for result in results))
    table = once(key, lambda: distances([r.array() for r in results], rows, columns))
    if table.empty:
        return {}
    found = {str(way): _mean(group["distance"].tolist()) for way, group in table.groupby("between", sort=False)}
    st.markdown("**Which axis moves the image more?** Bars are means; lines are 95% intervals over rows or columns.")
    st.vega_lite_chart(
        once((*key, "chart"), lambda: _chart(found)),
        alt="Distance between two images: " + "; ".join(f"{way} {interval}" for way, interval in found.items()),
    )
    table_below(table, "Mean distance in every row and in every column")
    return found


def _mean(distances: Sequence[float]) -> Interval:
    """Their mean's interval; it ends at 0, below which no mean of distances can be."""
    found = mean_interval(distances)
    return replace(found, low=float(np.maximum(found.low, 0.0)))


def _chart(found: Mapping[str, Interval]) -> dict[str, Any]:
    x = charts.Axis(column="between", title="Which images are compared")
    y = charts.DISTANCE
    summary = pd.DataFrame([{"between": way, **asdict(interval)} for way, interval in found.items()])
    chart: dict[str, Any] = charts.bars(summary, x, y, order=[ALONG, DOWN]).to_dict()
    return chart
