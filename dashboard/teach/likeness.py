"""How far an image is from the pictures that a word was taught from: their mixes of colours, compared by name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dashboard.pocket.world.subjects import COLOURS

Picture = npt.NDArray[np.uint8]


def colour_mix(picture: Picture) -> dict[str, float]:
    """The share of the picture, (H, W, 3), in each named colour; a pixel goes to the nearest one. They add up to 1."""
    named = np.array(list(COLOURS.values()), dtype=np.int32)  # (10, 3)
    pixels = picture.reshape(-1, 1, 3).astype(np.int32)
    nearest = np.square(pixels - named).sum(axis=-1).argmin(axis=-1)
    shares = np.bincount(nearest, minlength=len(named)) / len(nearest)
    return dict(zip(COLOURS, shares.tolist(), strict=True))


def distance_to(image: Picture, pictures: Sequence[Picture]) -> float:
    """The share of the image in other colours than the pictures' mean; 0: the same mix, 1: no colour in common.

    Total variation, half the sum of the absolute differences of the shares. Blind to shapes and places.
    """
    given = [colour_mix(picture) for picture in pictures]
    mean = {name: float(np.mean([mix[name] for mix in given])) for name in COLOURS}
    return sum(abs(share - mean[name]) for name, share in colour_mix(image).items()) / 2
