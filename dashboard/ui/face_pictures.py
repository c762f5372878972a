"""Faces on a page: a picture before and after under one slider, boxes round faces, faces enlarged, differences."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from html import escape

import streamlit as st
from PIL import Image, ImageDraw, ImageFont

from dashboard.engine import difference_map, max_difference
from dashboard.faces.crops import Box, crop_square, cut, scaled
from dashboard.ui.figures import data_uri, figure
from dashboard.ui.gallery import row_label
from dashboard.ui.lesson import TEXT_WIDTH

SHOWN_PX = 384  # a side of a picture with boxes or under a slider
FACE_PX = 128  # a side of an enlarged face
MAX_GAIN = 8  # small differences must be seen, and must not look like a picture
COLUMN_PIXELS = 160

_SLIDER = """\
<figure class="dd-cell dd-compare">
  <div class="dd-pair">
    <img src="{before}" alt="{alt} Before."><img id="{key}-after" src="{after}" alt="{alt} After.">
  </div>
  <label for="{key}">
    Before<input id="{key}" type="range" min="0" max="100" value="50" aria-label="{label}">After
  </label>
  <figcaption><b>{title}</b><br>{detail}</figcaption>
</figure>
<script>
(() => {{
  const range = document.getElementById("{key}"), after = document.getElementById("{key}-after");
  const show = () => {{ after.style.clipPath = `inset(0 0 0 ${{100 - range.value}}%)`; }};
  range.addEventListener("input", show);
  show();
}})();
</script>"""


def compare_slider(before: Image.Image, after: Image.Image, *, title: str, detail: str, alt: str) -> None:
    """Two pictures of one size over each other; the slider shows more of the second. The browser does it alone."""
    sources = [data_uri(large(picture), max_side=2 * SHOWN_PX) for picture in (before, after)]
    key = "cmp" + hashlib.sha256("".join((*sources, title)).encode()).hexdigest()[:12]
    body = _SLIDER.format(
        key=key,
        before=sources[0],
        after=sources[1],
        alt=escape(alt, quote=True),
        label=escape(f"{title}: how much of the picture is shown as after", quote=True),
        title=escape(title),
        detail=escape(detail),
    )
    st.html(body, unsafe_allow_javascript=True)


def large(picture: Image.Image, side: int = SHOWN_PX) -> Image.Image:
    """The picture shown larger where it is small; the browser's own enlarging differs from one to the next."""
    scale = side / max(picture.size)
    if scale <= 1:
        return picture
    return picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.Resampling.BICUBIC)


def boxed(picture: Image.Image, boxes: Sequence[Box]) -> Image.Image:
    """The picture, larger, with a numbered box round each face, light on dark so that it shows on any ground."""
    shown = large(picture).copy()
    scale = shown.width / picture.width
    draw, font = ImageDraw.Draw(shown), ImageFont.load_default(size=18)
    for number, box in enumerate(boxes, start=1):
        left, top, right, bottom = scaled(box, scale)
        draw.rectangle((left - 2, top - 2, right + 2, bottom + 2), outline="black", width=5)
        draw.rectangle((left - 1, top - 1, right + 1, bottom + 1), outline="white", width=2)
        draw.text((left + 4, top + 1), str(number), fill="white", font=font, stroke_width=2, stroke_fill="black")
    return shown


def face_crop(picture: Image.Image, box: Box, side: int = FACE_PX) -> Image.Image:
    """A face with a little around it, enlarged."""
    return cut(picture, crop_square(box), side)


def difference_figure(before: Image.Image, after: Image.Image, *, title: str) -> str:
    """Where two pictures of one size differ; black is equal."""
    largest = max_difference(before, after)
    gain = max(1, min(MAX_GAIN, 255 // max(1, largest)))
    detail = f"largest {largest} of 255" + (f", brightened {gain} times" if gain > 1 and largest else "")
    source = data_uri(large(difference_map(before, after, gain=gain)))
    return figure(source, title=title, detail=detail, alt=f"{title}: {detail}; black is equal")


def face_rows(
    pictures: Sequence[Image.Image],
    titles: Sequence[str],
    details: Sequence[str],
    *,
    about: str,
    across: int | None = None,
    key: str = "",
    labels: Sequence[str] = (),
) -> None:
    """Faces at one size, `across` in a row, all in one row without it; `about` begins each alternative text.

    `labels` stand over the rows, one each, under the name `key`. On a narrow screen the rows scroll together, so that
    what stands below a face stays below it.
    """
    across = across or len(pictures)
    with (
        st.container(width=max(TEXT_WIDTH // 2, across * COLUMN_PIXELS)),
        st.grid(columns=across, min_column_width=70, wrap=False) as grid,
    ):
        for place, (picture, title, detail) in enumerate(zip(pictures, titles, details, strict=True)):
            row, column = divmod(place, across)
            if labels and not column:
                row_label(grid, f"{key}.{row}", labels[row])
            told = f"{about}, {labels[row]}" if labels else about
            with grid.cell():
                source = data_uri(large(picture, FACE_PX))
                st.html(figure(source, title=title, detail=detail, alt=f"{told}, {title}: {detail}"))
