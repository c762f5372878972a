"""Finished images: a grid whose cells open large, with their receipts, and the ways to take them along."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

import streamlit as st

from dashboard.engine import SCHEDULERS, ImageResult
from dashboard.export import (
    Cell,
    alt_text,
    cell_caption,
    cells_csv,
    diffusers_code,
    file_name,
    grid_png,
    index_html,
    notebook_json,
    png_bytes,
    zip_bytes,
)
from dashboard.export.filtered import EXPLANATION, FILTERED
from dashboard.ui.figures import figure, result_uri
from dashboard.ui.models import script_origin

if TYPE_CHECKING:
    from streamlit.elements.lib.grid_container import GridContainer

COLUMN_PIXELS = 230  # of a column where their number is fixed
MAX_OPEN = 2_048  # pixels a side: an opened image is shown with all of its pixels
LONG_SEED = 10**9  # a longer one stands on a line of its own under a small image
CELL_PIXELS = 136  # the least width of a cell: 64-pixel images at twice their size or more, six in a laptop's row


def gallery(
    key: str,
    results: Sequence[ImageResult],
    titles: Sequence[str],
    *,
    columns: int | None = None,
    min_width: int = CELL_PIXELS,
    credited: bool = True,
) -> None:
    """The images in order, each with its label, hash, time, seed and alt text. A click on one opens it large.

    `columns` keeps rows together that belong together; without it as many images stand in a row as fit. `credited`:
    say below which model drew them.
    """
    with _frame(columns, min_width) as grid:
        _fill(grid, key, results, titles)
    if credited:
        credit(results)


def grid_gallery(
    key: str,
    results: Sequence[ImageResult],
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    min_width: int = 90,
    below: Callable[[GridContainer, int], None] | None = None,
) -> None:
    """Two axes: the results row by row, each row under its label, each cell with its column's label.

    `below` may draw more cells after a row, whose number it gets. On a narrow screen the rows scroll together, so that
    what belongs to a column stays below one another.
    """
    across = len(columns)
    with _frame(across, min_width) as grid:
        for place, row in enumerate(rows):
            row_label(grid, f"{key}.{place}", row)
            _fill(grid, f"{key}.{place}", results[place * across : (place + 1) * across], columns)
            if below is not None:
                below(grid, place)
    credit(results)


def row_label(grid: GridContainer, key: str, text: str) -> None:
    """A row's label over its cells; where the grid scrolls sideways, the style sheet keeps it in view."""
    with grid.cell(column_span="all"), st.container(key=f"row-{_dashed(key)}"):
        st.markdown(f"**{plain(text)}**")


@contextmanager
def _frame(columns: int | None, min_width: int) -> Iterator[GridContainer]:
    """The grid: of a number of columns, or of as many as fit."""
    box = st.container() if columns is None else st.container(width=columns * COLUMN_PIXELS)
    with box, st.grid(columns=columns or "auto", min_column_width=min_width, wrap=columns is None) as grid:
        yield grid


def _fill(grid: GridContainer, key: str, results: Sequence[ImageResult], titles: Sequence[str]) -> None:
    for index, (result, title) in enumerate(zip(results, titles, strict=True)):
        with grid.cell(), st.container(key=f"cell-{_dashed(key)}-{index}", gap=None):
            _cell(f"{key}.open.{index}", result, title)


def _dashed(key: str) -> str:
    """A key that can be part of a style sheet's class."""
    return key.replace(".", "-")


def credit(results: Sequence[ImageResult]) -> None:
    """Which model drew these: the one in the sidebar may be another by now."""
    names = dict.fromkeys(f"{plain(result.model_name)} ({result.device}, {result.dtype})" for result in results)
    st.caption(f"Drawn by {' and '.join(names)}.")


def _cell(key: str, result: ImageResult, title: str) -> None:
    detail = " · ".join([result.sha256[:8], f"{result.seconds:.2f}\N{NO-BREAK SPACE}s", *_seed(result, title)])
    if result.filtered:
        detail = "Filtered: withheld by the model's safety checker"
    st.html(figure(result_uri(result), title=title, detail=detail, alt=_alt(result)))
    if st.button(f"Open {plain(title)}", key=key, width="stretch"):
        show_image(result, title)


def _seed(result: ImageResult, title: str) -> list[str]:
    """The seed that the noise came from, where the title does not say it."""
    seed = result.request.seed
    gap = "\N{NO-BREAK SPACE}" if seed < LONG_SEED else " "
    return [] if result.request.latents or f"seed {seed}" in title else [f"seed{gap}{seed}"]


def single(key: str, result: ImageResult, title: str, *, width: int | Literal["stretch"] = 320) -> None:
    """One image at a width, which opens large like the others."""
    with st.container(key=f"cell-{_dashed(key)}", gap=None, width=width):
        _cell(f"{key}.open", result, title)
        credit([result])


@st.dialog("Image and receipt", width="large")
def show_image(result: ImageResult, title: str) -> None:
    """One image large, everything needed to make it again, its PNG and its script."""
    request = result.request
    picture, facts = st.columns(2)
    with picture:
        detail = f"{result.width} x {result.height} pixels"
        alt = _alt(result)
        st.html(figure(result_uri(result, MAX_OPEN), title=title, detail=detail, alt=alt))
        st.download_button(
            "PNG with its receipt",
            lambda: png_bytes(result),
            file_name(result),
            "image/png",
            icon=":material/download:",
            on_click="ignore",
            type="primary",
        )
    with facts:
        st.table(
            {
                "Prompt": plain(request.prompt) or "(empty)",
                **({"Negative prompt": plain(request.negative_prompt)} if request.negative_prompt else {}),
                "Seed": "given as latents" if request.latents else f"`{request.seed}`",
                "Steps": f"{request.num_inference_steps} asked, {result.steps_run} run",
                "Guidance": f"{request.guidance_scale:g}",
                "Scheduler": SCHEDULERS[request.scheduler].label,
                "Model": f"{result.model_name}, {result.device}, {result.dtype}",
                "Time": f"{result.seconds:.2f} s{' (kept from an earlier run)' if result.from_memo else ''}",
                "Noise SHA-256": f"`{result.noise_sha256[:16]}…`",
                "Image SHA-256": f"`{result.sha256[:16]}…`",
            },
            border="horizontal",
        )
    if result.filtered:
        st.info(EXPLANATION, icon=":material/visibility_off:")
    with st.expander("The same image in diffusers", icon=":material/code:"):
        st.code(diffusers_code(request, script_origin(request.model)), "python")


def _alt(result: ImageResult) -> str:
    told = alt_text(result.request, result.model_name)
    return f"{FILTERED}, not shown: {told}" if result.filtered else told


def downloads(
    key: str, results: Sequence[ImageResult], titles: Sequence[str], heading: str, *, rows: Sequence[str] = ()
) -> None:
    """Buttons to take a grid along. Files are made on click; each name holds a hash of the images.

    `titles` are the columns' labels; `rows` those of a grid with two axes, whose results come row by row.
    """
    stem = f"{_dashed(key)}-{hashlib.sha256(''.join(r.sha256 for r in results).encode()).hexdigest()[:8]}"
    cells = [Cell(file=f"{i:03}-{file_name(result)}", result=result) for i, result in enumerate(results, start=1)]
    files = (
        ("Images (zip)", "zip", "application/zip", lambda: zip_bytes(results)),
        ("Table (CSV)", "csv", "text/csv", lambda: cells_csv(cells)),
        ("Page (HTML)", "html", "text/html", lambda: _page(cells, rows, titles, heading)),
        ("Sheet (PNG)", "png", "image/png", lambda: _sheet(results, rows, titles, heading)),
        ("Notebook", "ipynb", "application/x-ipynb+json", lambda: _notebook(results, rows, titles, heading)),
    )
    with st.container(horizontal=True, gap="xsmall"):
        for label, suffix, mime, make in files:
            st.download_button(
                label,
                make,
                f"{stem}.{suffix}",
                mime,
                key=f"{key}.save.{suffix}",
                icon=":material/download:",
                on_click="ignore",
                type="tertiary",
            )


def _page(cells: Sequence[Cell], rows: Sequence[str], columns: Sequence[str], heading: str) -> str:
    """The grid as one HTML file with its images inside."""
    page = index_html(cells, rows, columns, title=heading)
    for cell in cells:
        page = page.replace(f"./{cell.file}", result_uri(cell.result, MAX_OPEN))
    return page


def _sheet(results: Sequence[ImageResult], rows: Sequence[str], columns: Sequence[str], heading: str) -> bytes:
    buffer = io.BytesIO()
    captions = [cell_caption(result) for result in results]
    grid_png(results, rows, columns, title=heading, captions=captions).save(buffer, "PNG")
    return buffer.getvalue()


def _notebook(results: Sequence[ImageResult], rows: Sequence[str], columns: Sequence[str], heading: str) -> str:
    requests = [result.request for result in results]
    titles = [f"{row}, {column}" for row in rows for column in columns] or list(columns)
    return notebook_json(requests, titles, heading=heading, origin=script_origin(requests[0].model))


def plain(text: str) -> str:
    """Text shown as text: nothing a learner typed is taken for Markdown."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|~>$:<])", r"\\\1", text)
