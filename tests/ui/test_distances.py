"""The distance: 0 for the same, 1 for strangers, the same scale for images and noises."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.ui.distances import mean_distance, pair_table, relative_distance

RNG = np.random.default_rng(5)


def test_the_scale() -> None:
    a, b = RNG.normal(size=(2, 4, 64, 64))
    assert relative_distance(a, a) == 0
    assert relative_distance(a, b) == pytest.approx(1, abs=0.02)
    assert relative_distance(a, -a) == pytest.approx(2**0.5)
    assert relative_distance(a, 0.5 * a + 0.5 * b) < relative_distance(a, 0.2 * a + 0.8 * b)


def test_bytes_do_not_wrap_around() -> None:
    dark, light = np.zeros((8, 8, 3), np.uint8), np.full((8, 8, 3), 255, np.uint8)
    half = dark.copy()
    half[:4] = 255
    assert relative_distance(half, 255 - half) == pytest.approx(2**0.5)
    assert relative_distance(dark, light) == 0, "two flat pictures differ in brightness only"


def test_it_does_not_matter_who_comes_first() -> None:
    a, b = RNG.integers(0, 256, (2, 16, 16, 3), dtype=np.uint8)
    assert relative_distance(a, b) == relative_distance(b, a)


def test_shapes_must_agree() -> None:
    with pytest.raises(ValueError, match="shapes"):
        relative_distance(np.zeros((2, 2)), np.zeros((3, 2)))


def test_a_row_a_pair_in_the_order_given() -> None:
    arrays = list(RNG.normal(size=(3, 100)))
    table = pair_table(["7", "3", "21"], arrays, arrays)
    assert list(zip(table["first"], table["second"], strict=True)) == [("7", "3"), ("7", "21"), ("3", "21")]
    assert (table["image_distance"] == table["noise_distance"]).all()
    assert mean_distance(arrays) == pytest.approx(table["image_distance"].mean())
    assert mean_distance(arrays[:1]) == 0
