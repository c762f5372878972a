"""Drawn examples of a thing that no caption names: one shape in one colour, a little different each time."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from PIL import Image, ImageDraw

from dashboard.pocket.world.subjects import COLOURS

CANVAS = 256  # pixels: drawn large, shrunk smooth
OUTLINE = (40, 40, 44)
Points = list[tuple[float, float]]


def draw_shapes(shape: str, colour: str, background: str, count: int, *, side: int, seed: int = 0) -> list[Image.Image]:
    """`count` pictures of `side` x `side` pixels, the shape a little elsewhere in each. ValueError for a bad name.

    `shape` is a key of SHAPES, `colour` and `background` are keys of COLOURS.
    """
    for name, known in ((shape, SHAPES), (colour, COLOURS), (background, COLOURS)):
        if name not in known:
            raise ValueError(f"There is no {name!r} here; choose one of {', '.join(known)}.")
    rng = np.random.default_rng(seed)
    return [_picture(shape, COLOURS[colour], COLOURS[background], side, rng) for _ in range(count)]


def _picture(
    shape: str, colour: tuple[int, int, int], background: tuple[int, int, int], side: int, rng: np.random.Generator
) -> Image.Image:
    picture = Image.new("RGB", (CANVAS, CANVAS), background)
    radius = CANVAS * rng.uniform(0.28, 0.38)
    x, y = CANVAS / 2 + rng.uniform(-0.08, 0.08, size=2) * CANVAS
    points = [(x + radius * px, y - radius * py) for px, py in SHAPES[shape]()]
    ImageDraw.Draw(picture).polygon(points, fill=colour, outline=OUTLINE, width=5)
    return picture.resize((side, side), Image.Resampling.LANCZOS)


def _star() -> Points:
    return [_at(turn / 10, 1.0 if turn % 2 == 0 else 0.42) for turn in range(10)]


def _heart() -> Points:
    """The classic curve x = 16 sin^3 t, y = 13 cos t - 5 cos 2t - 2 cos 3t - cos 4t, scaled to a circle of radius 1."""
    turns = [2 * math.pi * turn / 80 for turn in range(80)]
    return [
        (math.sin(t) ** 3, (13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)) / 16)
        for t in turns
    ]


def _cross() -> Points:
    quarter = [(0.33, 0.9), (0.33, 0.33), (0.9, 0.33)]
    return [
        *quarter,
        *((x, -y) for x, y in reversed(quarter)),
        *((-x, -y) for x, y in quarter),
        *((-x, y) for x, y in reversed(quarter)),
    ]


def _diamond() -> Points:
    return [(0.0, 1.0), (0.72, 0.0), (0.0, -1.0), (-0.72, 0.0)]


def _arrow() -> Points:
    return [(0.0, 1.0), (0.8, 0.1), (0.33, 0.1), (0.33, -0.9), (-0.33, -0.9), (-0.33, 0.1), (-0.8, 0.1)]


def _at(turn: float, radius: float) -> tuple[float, float]:
    """A point on a circle, `turn` rounds clockwise from the top; y points up."""
    return radius * math.sin(2 * math.pi * turn), radius * math.cos(2 * math.pi * turn)


SHAPES: Mapping[str, Callable[[], Points]] = {
    "star": _star,
    "heart": _heart,
    "cross": _cross,
    "diamond": _diamond,
    "arrow": _arrow,
}
