"""How far apart two pictures are."""

from __future__ import annotations

import colorsys
import math

import numpy as np
import pytest
from PIL import Image

from dashboard.engine import (
    CLOSE,
    clipped_share,
    compare,
    difference_map,
    max_difference,
    mean_abs_difference,
    psnr,
    saturation,
)

GREY = np.full((4, 5, 3), 100, dtype=np.uint8)


def changed(by: int) -> np.ndarray:
    other = GREY.copy()
    other[1, 2, 0] += by
    return other


@pytest.mark.parametrize(
    ("by", "verdict"), [(0, "identical"), (1, "close"), (CLOSE, "close"), (CLOSE + 1, "different")]
)
def test_verdicts(by, verdict):
    found = compare(GREY, changed(by))
    assert (found.verdict, found.max_difference) == (verdict, by)
    assert found.changed_share == (1 / 20 if by else 0)
    assert found.mean_abs_difference == pytest.approx(by / 60)
    assert found.psnr_db == (math.inf if by == 0 else pytest.approx(10 * math.log10(255**2 / (by**2 / 60))))


def test_unsigned_bytes_do_not_wrap():
    assert max_difference(np.zeros((2, 2, 3), np.uint8), np.full((2, 2, 3), 255, np.uint8)) == 255
    assert psnr(np.zeros((2, 2, 3), np.uint8), np.full((2, 2, 3), 255, np.uint8)) == 0


def test_sizes_that_differ():
    found = compare(GREY, GREY[:3])
    assert (found.verdict, found.max_difference, found.psnr_db) == ("different", 255, 0)
    for measure in (max_difference, mean_abs_difference, psnr, difference_map):
        with pytest.raises(ValueError):
            measure(GREY, GREY[:3])


def test_pictures_and_arrays_mix():
    assert compare(Image.fromarray(GREY), GREY).verdict == "identical"


def test_the_map_shows_where():
    picture = np.asarray(difference_map(GREY, changed(10), gain=5))
    assert picture.shape == (4, 5) and picture[1, 2] == 50 and picture.sum() == 50


def test_saturation_is_that_of_hsv():
    colours = np.array([[[255, 0, 0], [128, 128, 128], [0, 0, 0], [200, 100, 150]]], dtype=np.uint8)
    expected = [colorsys.rgb_to_hsv(*(colour / 255))[1] for colour in colours[0]]
    assert saturation(colours) == pytest.approx(np.mean(expected)) == pytest.approx((1 + 0 + 0 + 0.5) / 4)


def test_clipped_values_are_those_at_the_ends():
    assert clipped_share(GREY) == 0
    assert clipped_share(np.array([[[0, 255, 1], [254, 0, 7]]], dtype=np.uint8)) == 0.5
