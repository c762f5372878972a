"""What stands in place of a picture that a safety checker withheld: a striped sheet that says so, never just black."""

from __future__ import annotations

from PIL import Image, ImageDraw

from dashboard.engine import ImageResult
from dashboard.export.lettering import Lettering

FILTERED = "Filtered"
EXPLANATION = (
    "The model's safety checker withheld this picture. It compares pictures with a fixed list of ideas that nobody "
    "can read, mostly about nudity; it errs both ways, and knows little of violence. Another seed or wording may pass."
)
_PAPER, _STRIPE, _INK = (224, 224, 224), (204, 204, 204), (60, 60, 60)
_LEAST_SIDE = 160  # pixels: the word must be readable


def shown_picture(result: ImageResult) -> Image.Image:
    """The picture as people should see it: itself, or the sheet that says it was filtered, of the same shape."""
    return filtered_sheet(result.width, result.height) if result.filtered else result.image()


def filtered_sheet(width: int, height: int) -> Image.Image:
    """The sheet in the shape of a picture of this size, a multiple of it where the word would be too small."""
    scale = max(1, -(-_LEAST_SIDE // min(width, height)))
    width, height = width * scale, height * scale
    sheet = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(sheet)
    step = min(width, height) // 8
    for left in range(-height, width, 2 * step):
        draw.line([(left, height), (left + height, 0)], fill=_STRIPE, width=step)
    letters = Lettering(min(width, height) // 7, _INK)
    left = round((width - letters.measure(FILTERED)) / 2)
    letters.write(draw, FILTERED, left, (height - letters.height(FILTERED, width)) // 2, width)
    return sheet
