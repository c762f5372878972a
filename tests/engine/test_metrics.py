"""How far apart two pictures are."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PIL import Image

from dashboard.engine import CLOSE, compare, difference_map, max_difference, mean_abs_difference, psnr

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
