"""How far two pictures are apart. Pictures are PIL images or (H, W, 3) uint8 arrays; differences are of 255."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

Picture: TypeAlias = Image.Image | npt.NDArray[np.uint8]
Verdict: TypeAlias = Literal["identical", "close", "different"]

CLOSE = 8  # of 255: the largest difference that rounding on another machine makes, with room; no eye sees it


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What `compare` found."""

    verdict: Verdict  # "identical": every byte; "close": max_difference <= CLOSE; else "different"
    max_difference: int  # 0 .. 255
    mean_abs_difference: float  # 0 .. 255
    psnr_db: float  # infinite where identical, 0 where the sizes differ
    changed_share: float  # of pixels that differ in any channel, 0 .. 1


def compare(a: Picture, b: Picture) -> Comparison:
    """Compare two pictures; pictures of unequal sizes are different in every pixel."""
    left, right = _array(a), _array(b)
    if left.shape != right.shape:
        return Comparison(
            verdict="different", max_difference=255, mean_abs_difference=255.0, psnr_db=0.0, changed_share=1.0
        )
    difference = np.abs(left.astype(np.int16) - right.astype(np.int16))
    largest = int(difference.max(initial=0))
    return Comparison(
        verdict="identical" if largest == 0 else "close" if largest <= CLOSE else "different",
        max_difference=largest,
        mean_abs_difference=float(difference.mean()),
        psnr_db=psnr(left, right),
        changed_share=float(difference.any(axis=-1).mean()),
    )


def max_difference(a: Picture, b: Picture) -> int:
    """Largest difference of any channel of any pixel, 0 .. 255. ValueError if the sizes differ."""
    return int(_difference(a, b).max(initial=0))


def mean_abs_difference(a: Picture, b: Picture) -> float:
    """Mean absolute difference over channels and pixels, 0 .. 255. ValueError if the sizes differ."""
    return float(_difference(a, b).mean())


def psnr(a: Picture, b: Picture) -> float:
    """Peak signal-to-noise ratio in dB: 10 log10(255^2 / mean squared error); infinite for equal pictures."""
    error = float(np.square(_difference(a, b), dtype=np.float64).mean())
    return math.inf if error == 0 else 10 * math.log10(255**2 / error)


def difference_map(a: Picture, b: Picture, *, gain: float = 1.0) -> Image.Image:
    """Grey picture of the largest channel difference of each pixel, times `gain`; black is equal.

    ValueError if the sizes differ.
    """
    largest = _difference(a, b).max(axis=-1)
    return Image.fromarray(np.clip(largest * gain, 0, 255).astype(np.uint8))


def saturation(picture: Picture) -> float:
    """Mean saturation of the pixels, 0 (grey) to 1 (pure colours): (max - min) / max of a pixel's channels, as in HSV.

    A black pixel counts as 0 (Smith 1978, Color Gamut Transform Pairs).
    """
    rgb = _array(picture).astype(np.float64)
    most, least = rgb.max(axis=-1), rgb.min(axis=-1)
    return float(((most - least) / np.maximum(most, 1)).mean())


def clipped_share(picture: Picture) -> float:
    """Share of the colour values that stand at an end of their scale, 0 or 255: what lay beyond is lost, 0 to 1."""
    rgb = _array(picture)
    return float(((rgb == 0) | (rgb == 255)).mean())


def _difference(a: Picture, b: Picture) -> npt.NDArray[np.int16]:
    left, right = _array(a), _array(b)
    if left.shape != right.shape:
        raise ValueError("Pictures of unequal sizes have no pixel-by-pixel difference.")
    return np.abs(left.astype(np.int16) - right.astype(np.int16))


def _array(picture: Picture) -> npt.NDArray[np.uint8]:
    if isinstance(picture, Image.Image):
        return np.asarray(picture.convert("RGB"))
    return picture
