"""Putting restored crops back: a soft edge, and an honest share of the restored pixels."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image

from dashboard.faces.crops import Box

MASK_PX = 64
SOFT = 0.12  # of a crop's side: how wide the soft edge is


def paste_back(picture: Image.Image, crop: Image.Image, square: Box, blend: float) -> Image.Image:
    """`picture` with `crop` resized onto `square`; in its middle the result is picture + blend * (crop - picture)."""
    left, top = (int(np.floor(side)) for side in square[:2])
    right, bottom = (int(np.ceil(side)) for side in square[2:])
    size = (right - left, bottom - top)
    side = square[2] - square[0]
    fitted = crop if crop.width <= side else _smaller(crop, side)
    step = fitted.width / side  # of the crop's pixels, to one of the picture's
    data = (step, 0.0, (left - square[0]) * step, 0.0, step, (top - square[1]) * step)
    laid = fitted.transform(size, Image.Transform.AFFINE, data, Image.Resampling.BICUBIC)
    mask = _mask().resize(size, Image.Resampling.BILINEAR).point([round(value * blend) for value in range(256)])
    out = picture.copy()
    out.paste(laid, (left, top), mask)
    return out


def _smaller(crop: Image.Image, side: float) -> Image.Image:
    """A crop is shrunk by averaging before it is laid: sampling alone would leave out pixels."""
    width = max(1, round(side))
    return crop.resize((width, width), Image.Resampling.BICUBIC)


@lru_cache(maxsize=1)
def _mask() -> Image.Image:
    """White, falling to black towards the edge."""
    ramp = np.clip((np.minimum(np.arange(MASK_PX), np.arange(MASK_PX)[::-1]) + 0.5) / (SOFT * MASK_PX), 0, 1)
    smooth = ramp * ramp * (3 - 2 * ramp)
    return Image.fromarray((np.outer(smooth, smooth) * 255).round().astype(np.uint8))
