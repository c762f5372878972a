"""Faces as boxes, and the square crops around them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image

Box = tuple[float, float, float, float]  # left, top, right, bottom, in pixels of the picture

CROP_SCALE = 1.5  # a crop's side over its face's longer one: brows, chin and some hair go with the face


@dataclass(frozen=True, kw_only=True)
class Face:
    """A face that was found."""

    box: Box
    score: float  # 0 .. 1: how sure the finder is


def crop_square(box: Box, scale: float = CROP_SCALE) -> Box:
    """The square about a face's middle, `scale` times its longer side; it may reach beyond the picture."""
    left, top, right, bottom = box
    half = max(right - left, bottom - top) * scale / 2
    x, y = (left + right) / 2, (top + bottom) / 2
    return (x - half, y - half, x + half, y + half)


def cut(picture: Image.Image, square: Box, side: int) -> Image.Image:
    """The square resized to `side` x `side` pixels, bicubic; what lies outside the picture repeats its edge."""
    left, top, right, bottom = square
    pad = max(0, int(np.ceil(max(-left, -top, right - picture.width, bottom - picture.height))))
    if pad:
        pixels = np.pad(np.asarray(picture), ((pad, pad), (pad, pad), (0, 0)), mode="edge")
        picture = Image.fromarray(pixels)
    where = (left + pad, top + pad, right + pad, bottom + pad)
    return picture.resize((side, side), Image.Resampling.BICUBIC, box=where)


def scaled(box: Box, factor: float) -> Box:
    """The same box in a picture `factor` times as large."""
    left, top, right, bottom = box
    return (left * factor, top * factor, right * factor, bottom * factor)


def overlap(a: Box, b: Box) -> float:
    """Intersection over union, 0 .. 1."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (_area(a) + _area(b) - shared)


def to_tensor(pictures: list[Image.Image]) -> torch.Tensor:
    """RGB pictures of one size -> float32 (B, 3, H, W) in -1 .. 1."""
    stacked = np.stack([np.asarray(picture) for picture in pictures])
    return torch.from_numpy(stacked).permute(0, 3, 1, 2).float() / 127.5 - 1


def to_pictures(pixels: torch.Tensor) -> list[Image.Image]:
    """The way back, rounded."""
    values = ((pixels.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
    return [Image.fromarray(picture) for picture in values]


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
