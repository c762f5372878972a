"""How far apart two images, or two noises, are: one number that means the same for both."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.engine import CLOSE

Array = npt.NDArray[np.generic]


def relative_distance(a: Array, b: Array) -> float:
    """sqrt(mean((a - b)^2) / (var a + var b)), each with its own mean taken off, over arrays of one shape.

    0: the same up to brightness; 1: uncorrelated, as two independent noises are; up to sqrt(2): opposites.
    Two flat arrays are 0 apart. ValueError when the shapes differ.
    """
    if a.shape != b.shape:
        raise ValueError(f"cannot compare arrays of the shapes {a.shape} and {b.shape}")
    left, right = a.astype(np.float64), b.astype(np.float64)
    left, right = left - left.mean(), right - right.mean()
    spread = float((left**2).mean() + (right**2).mean())
    return float(np.sqrt(((left - right) ** 2).mean() / spread)) if spread > 0 else 0.0


def pair_table(labels: Sequence[str], images: Sequence[Array], noises: Sequence[Array]) -> pd.DataFrame:
    """One row a pair, in the order of the labels: first, second, image_distance, noise_distance."""
    rows = [
        (labels[i], labels[j], relative_distance(images[i], images[j]), relative_distance(noises[i], noises[j]))
        for i, j in combinations(range(len(labels)), 2)
    ]
    return pd.DataFrame(rows, columns=["first", "second", "image_distance", "noise_distance"])


def mean_distance(arrays: Sequence[Array]) -> float:
    """The average over all pairs; 0 for fewer than two arrays."""
    pairs = [relative_distance(a, b) for a, b in combinations(arrays, 2)]
    return float(np.mean(pairs)) if pairs else 0.0


def from_first(rows: Sequence[Sequence[Array]]) -> list[list[float]]:
    """For each row after the first: how far each of its arrays is from the one above it in the first row."""
    first, *others = rows
    return [[relative_distance(a, b) for a, b in zip(first, row, strict=True)] for row in others]


def changed_pixels(a: Array, b: Array) -> float:
    """The share of pixels, 0 .. 1, of two (H, W, 3) uint8 pictures in which a channel differs by more than CLOSE."""
    return float((np.abs(a.astype(np.int16) - b.astype(np.int16)).max(axis=-1) > CLOSE).mean())
