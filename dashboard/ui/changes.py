"""Rows of images, each beside the map of where it differs from the first row: the same noise, one thing changed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.engine import ImageResult, compare, difference_map
from dashboard.ui.figures import data_uri, figure
from dashboard.ui.gallery import COLUMN_PIXELS, credit, gallery, plain
from dashboard.ui.once import once

if TYPE_CHECKING:
    from streamlit.elements.lib.grid_container import GridContainer

MIN_WIDTH = 70  # pixels, of an image in half the page's width
MAX_GAIN = 8  # small differences must be seen, and must not look like a picture


def changed_rows(
    key: str,
    rows: Sequence[Sequence[ImageResult]],
    labels: Sequence[str],
    columns: Sequence[str],
) -> None:
    """The first row alone; each other one with its difference maps at its right, or below it on a narrow screen."""
    for place, (row, label) in enumerate(zip(rows, labels, strict=True)):
        st.markdown(f"**{plain(label)}**")
        pictures, maps = st.columns(2, gap="medium")
        with pictures:
            gallery(f"{key}.{place}", row, columns, columns=len(columns), min_width=MIN_WIDTH, credited=False)
        if place:
            with maps:
                _difference_row(rows[0], row, columns)
    credit([result for row in rows for result in row])


def difference_cells(
    grid: GridContainer, first: Sequence[ImageResult], others: Sequence[ImageResult], titles: Sequence[str]
) -> None:
    """Where each image differs from the one it is compared with: black is equal."""
    for a, b, title in zip(first, others, titles, strict=True):
        with grid.cell():
            st.html(once(("difference", a.sha256, b.sha256, title), partial(_map, a, b, title)))


def _difference_row(first: Sequence[ImageResult], others: Sequence[ImageResult], titles: Sequence[str]) -> None:
    across = len(titles)
    with (
        st.container(width=across * COLUMN_PIXELS),
        st.grid(columns=across, min_column_width=MIN_WIDTH, wrap=False) as grid,
    ):
        difference_cells(grid, first, others, titles)


def _map(a: ImageResult, b: ImageResult, title: str) -> str:
    found = compare(a.array(), b.array())
    gain = max(1, min(MAX_GAIN, 255 // max(1, found.max_difference)))
    detail = "identical" if found.verdict == "identical" else f"largest {found.max_difference} of 255"
    alt = f"Where {title} differs: {detail}"
    source = data_uri(difference_map(a.array(), b.array(), gain=gain))
    return figure(source, title=title, detail=f"difference: {detail}", alt=alt)
