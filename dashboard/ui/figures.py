"""Pictures as HTML with the image inside the address: they change whole, never flicker, and nothing is left to fetch.

Streamlit's own image element serves files that a later run may drop before the browser asks for them; a page that
redraws twice a second meets that. All text that goes in here is escaped.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape

from PIL import Image

from dashboard.engine import CellStatus, ImageResult, probes
from dashboard.export.filtered import FILTERED, filtered_sheet, shown_picture
from dashboard.ui.once import once

MAX_SIDE = 384  # pixels: larger images are shown smaller in grids, as JPEG; their own pixels are one click away


def figure(source: str, *, title: str, detail: str, alt: str, crisp: bool = False) -> str:
    """One captioned picture: `source` is its address, `detail` the small print; `crisp` keeps enlarged pixels sharp."""
    kind = "dd-cell dd-crisp" if crisp else "dd-cell"
    picture = f'<img src="{source}" alt="{escape(alt, quote=True)}">'
    return f'<figure class="{kind}">{picture}{_caption(title, detail)}</figure>'


def preview_grid(cells: Sequence[CellStatus], titles: Sequence[str]) -> str:
    """A figure for each image of a running job: its latest look, its title and its step."""
    figures = "".join(_preview(cell, title) for cell, title in zip(cells, titles, strict=True))
    return f'<div class="dd-grid" role="group" aria-label="Images being drawn">{figures}</div>'


def data_uri(image: Image.Image, max_side: int = MAX_SIDE) -> str:
    """The image inside an address: PNG, or a smaller JPEG when a side is longer than `max_side` pixels.

    A picture that a look at the model decoded and its safety checker withheld is shown as that.
    """
    if image.info.get(probes.FILTERED):
        image = filtered_sheet(*image.size)
    buffer, kind = io.BytesIO(), "png"
    if max(image.size) > max_side:
        image = image.convert("RGB")
        image.thumbnail((max_side, max_side))
        kind = "jpeg"
    image.save(buffer, kind.upper())
    return f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"


def percent(share: float) -> str:
    """A share in per cent, with a decimal place where it is small."""
    return f"{share:.0%}" if share == 0 or share >= 0.0095 else f"{share:.1%}"


def result_uri(result: ImageResult, max_side: int = MAX_SIDE) -> str:
    """The address of a finished image, encoded once however often a page shows it."""
    return once(("image", result.sha256, result.filtered, max_side), lambda: data_uri(shown_picture(result), max_side))


def _preview(cell: CellStatus, title: str) -> str:
    words = _state(cell)
    if cell.result is not None:
        return figure(result_uri(cell.result), title=title, detail=words, alt=f"{title}, {words}")
    if cell.preview is not None:
        return figure(data_uri(cell.preview), title=title, detail=words, alt=f"{title}, {words}")
    return f'<figure class="dd-cell"><div class="dd-empty" aria-hidden="true"></div>{_caption(title, words)}</figure>'


def _caption(title: str, detail: str) -> str:
    return f"<figcaption><b>{escape(title)}</b><br>{escape(detail)}</figcaption>"


def _state(cell: CellStatus) -> str:
    match cell.state:
        case "running":
            return f"step {cell.step} of {cell.steps}"
        case "done" if cell.result is not None:
            return FILTERED.lower() if cell.result.filtered else f"{cell.result.seconds:.2f} s"
        case _:
            return cell.state
