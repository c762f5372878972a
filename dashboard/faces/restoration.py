"""What every restorer takes and gives: a picture in, the picture and an account of what was done to it out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from PIL import Image

from dashboard.faces.crops import Box, Face

MAX_FACTOR = 4
MAX_SIDE = 2048  # pixels of the result
MIN_SIDE = 16  # pixels of the picture


class FaceError(ValueError):
    """A picture could not be restored; the message is one sentence for the learner. The original is untouched."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What was done to one face."""

    face: Face  # its box is in pixels of the original
    blend: float  # the share of the restored pixels in what is shown, 0 .. 1
    difference: float  # mean absolute difference inside the box from the enlarged original, 0 .. 255


@dataclass(frozen=True, kw_only=True)
class Restoration:
    """A restored picture and everything that is known about how it came to be."""

    image: Image.Image  # RGB, `factor` times the original's size
    enlarged: Image.Image  # RGB, the same size: the original enlarged and nothing else
    factor: int
    changes: tuple[Change, ...] | None  # None: another server did it and does not say what it found
    untouched: bool  # nothing was restored: the picture is only the enlarged original, and must not pass for more
    seconds: float
    restorer: str  # which one


class Restorer(Protocol):
    """Finds the faces of a picture, restores them and pastes them back. Safe to call from many threads."""

    name: str

    def restore(self, picture: Image.Image, *, factor: int = 2, blend: float = 1.0) -> Restoration:
        """`factor`: how many times as large, a whole number from 1 to MAX_FACTOR. `blend`: the share of the restored
        pixels, 0 gives the enlarged original. FaceError, with a sentence, where it cannot be done."""
        ...


def checked(picture: Image.Image, factor: int, blend: float) -> Image.Image:
    """The picture as RGB; FaceError with a sentence where it cannot be restored so."""
    if isinstance(factor, bool) or not isinstance(factor, int) or not 1 <= factor <= MAX_FACTOR:
        raise FaceError(f"The factor must be a whole number from 1 to {MAX_FACTOR}.")
    if not 0 <= blend <= 1:
        raise FaceError("The blend must be from 0 to 1.")
    if min(picture.size) < MIN_SIDE:
        raise FaceError(f"This picture is too small: each side needs {MIN_SIDE} pixels or more.")
    if max(picture.size) * factor > MAX_SIDE:
        raise FaceError(f"The result would be larger than {MAX_SIDE} pixels a side; choose a smaller factor.")
    return picture.convert("RGB")


def enlarge(picture: Image.Image, factor: int) -> Image.Image:
    """The picture `factor` times as large, bicubic: the baseline that any restoration has to beat."""
    size = (picture.width * factor, picture.height * factor)
    return picture.resize(size, Image.Resampling.BICUBIC) if factor > 1 else picture.copy()


def difference_inside(a: Image.Image, b: Image.Image, box: Box) -> float:
    """Mean absolute difference of two pictures inside a box, 0 .. 255."""
    x0, y0, x1, y1 = (round(side) for side in box)
    left, right = (np.asarray(picture.crop((x0, y0, x1, y1))).astype(np.int16) for picture in (a, b))
    return float(np.abs(left - right).mean()) if left.size else 0.0
