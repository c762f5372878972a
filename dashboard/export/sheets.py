"""A contact sheet: many images in one labelled picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from dashboard.engine import ImageResult
from dashboard.export.filtered import FILTERED, shown_picture
from dashboard.export.lettering import Lettering
from dashboard.export.names import credit

SMALLEST_CELL = 192  # pixels; a 64-pixel image is shown at three times its size
WRAP_AT = 8  # images a line where there is one axis only
ROW_LABEL_WIDTH = 220  # pixels
LEAST_WIDTH = 400  # pixels, so that a sheet of one small image still has room for its words
MARGIN, GAP = 24, 10  # pixels
PAPER = (255, 255, 255)
TITLE = Lettering(20, (32, 33, 36))
LABEL = Lettering(16, (32, 33, 36))
SMALL = Lettering(13, (95, 99, 104))


@dataclass(frozen=True, kw_only=True)
class _Strip:
    """One line of cells, with its label at the left and, where they are wanted, labels above."""

    label: str
    above: Sequence[str]
    results: Sequence[ImageResult]
    captions: Sequence[str]
    cell: tuple[int, int]  # width and height of every image, in pixels

    @property
    def above_height(self) -> int:
        return max((LABEL.height(text, self.cell[0]) for text in self.above), default=0)

    @property
    def height(self) -> int:
        below = max(SMALL.height(text, self.cell[0]) for text in self.captions)
        return self.above_height + max(self.cell[1] + below, LABEL.height(self.label, ROW_LABEL_WIDTH)) + GAP


def grid_png(
    results: Sequence[ImageResult],
    row_labels: Sequence[str],
    column_labels: Sequence[str],
    *,
    title: str = "",
    captions: Sequence[str] = (),
) -> Image.Image:
    """Draw results, given row by row, with every label in full and a line that says which model made them.

    With no `row_labels` there is one axis, and its images wrap after eight. `captions`, one a result, stand under the
    images. ValueError where the results do not fill the places.
    """
    if not results or len(results) != max(1, len(row_labels)) * len(column_labels):
        raise ValueError(f"{len(results)} images do not fill {len(row_labels)} rows of {len(column_labels)}.")
    strips = _strips(results, row_labels, column_labels, _captions(results, captions))
    indent = ROW_LABEL_WIDTH + GAP if row_labels else 0
    cells_width = len(strips[0].results) * (strips[0].cell[0] + GAP) - GAP
    inner = max(indent + cells_width, LEAST_WIDTH)
    footer = credit(results[0].model_id, results[0].model_name)
    top = MARGIN + TITLE.height(title, inner) + GAP
    bottom = top + sum(strip.height for strip in strips)
    sheet = Image.new("RGB", (inner + 2 * MARGIN, bottom + SMALL.height(footer, inner) + MARGIN), PAPER)
    draw = ImageDraw.Draw(sheet)
    TITLE.write(draw, title, MARGIN, MARGIN, inner)
    for strip in strips:
        _draw_strip(sheet, draw, strip, top, indent)
        top += strip.height
    SMALL.write(draw, footer, MARGIN, top, inner)
    return sheet


def _captions(results: Sequence[ImageResult], captions: Sequence[str]) -> list[str]:
    """What stands under the images; a filtered one says so."""
    given = captions or [""] * len(results)
    return [
        " ".join(filter(None, (FILTERED.lower() if r.filtered else "", text)))
        for r, text in zip(results, given, strict=True)
    ]


def _strips(
    results: Sequence[ImageResult], rows: Sequence[str], columns: Sequence[str], captions: Sequence[str]
) -> list[_Strip]:
    across = len(columns) if rows else WRAP_AT
    cell = _cell_size(results)
    return [
        _Strip(
            label=rows[start // across] if rows else "",
            above=columns[start : start + across],  # two axes: the columns' labels stand over the first row only
            results=results[start : start + across],
            captions=captions[start : start + across],
            cell=cell,
        )
        for start in range(0, len(results), across)
    ]


def _cell_size(results: Sequence[ImageResult]) -> tuple[int, int]:
    width, height = max(r.width for r in results), max(r.height for r in results)
    scale = max(1, -(-SMALLEST_CELL // min(width, height)))
    return width * scale, height * scale


def _draw_strip(sheet: Image.Image, draw: ImageDraw.ImageDraw, strip: _Strip, top: int, indent: int) -> None:
    width, height = strip.cell
    images_top = top + strip.above_height
    for i, (result, caption) in enumerate(zip(strip.results, strip.captions, strict=True)):
        left = MARGIN + indent + i * (width + GAP)
        if strip.above:  # labels of unequal length all stand on their images
            LABEL.write(draw, strip.above[i], left, images_top - LABEL.height(strip.above[i], width), width)
        scale = min(width / result.width, height / result.height)
        shown = (round(result.width * scale), round(result.height * scale))
        sheet.paste(shown_picture(result).resize(shown, Image.Resampling.LANCZOS), (left, images_top))
        SMALL.write(draw, caption, left, images_top + height, width)
    LABEL.write(draw, strip.label, MARGIN, images_top, ROW_LABEL_WIDTH)
