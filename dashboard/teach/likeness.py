"""How far an image is from the pictures that a word was taught from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

GRID = 8  # both pictures are shrunk to 8 x 8 places: what is where, and in which colour, without the details


def distance_to(image: npt.NDArray[np.uint8], pictures: Sequence[npt.NDArray[np.uint8]]) -> float:
    """The mean distance of an image from the pictures, 0 (the same) to 255 (black from white); all (S, S, 3).

    The distance of two pictures is the root mean square difference of their colours after both are shrunk to 8 x 8.
    ValueError unless S is a multiple of 8.
    """
    small = _shrunk(image)
    return float(np.mean([np.sqrt(np.square(small - _shrunk(picture)).mean()) for picture in pictures]))


def _shrunk(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """(S, S, 3) to (8, 8, 3) by averaging."""
    side = len(picture)
    if side % GRID:
        raise ValueError(f"The side of the pictures must be a multiple of {GRID} pixels.")
    step = side // GRID
    return picture.astype(np.float64).reshape(GRID, step, GRID, step, 3).mean(axis=(1, 3))
