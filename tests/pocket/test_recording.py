"""What a training leaves of its way, and how it is read."""

from itertools import pairwise

import pytest
from PIL import Image

from dashboard.pocket.recording import load_recording, strip
from dashboard.pocket.train.recorder import MOMENTS, moments


def test_moments_hold_both_ends_and_more_early_than_late():
    chosen = sorted(moments(1420))
    assert (chosen[0], chosen[-1], len(chosen)) == (0, 1420, MOMENTS)
    gaps = [later - earlier for earlier, later in pairwise(chosen[1:])]
    assert gaps == sorted(gaps)


def test_a_missing_recording_is_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_recording(tmp_path)


def test_a_strip_is_its_images_side_by_side():
    images = [Image.new("RGB", (4, 4), colour) for colour in ("red", "green", "blue")]
    joined = strip(images)
    assert joined.size == (12, 4)
    assert [joined.getpixel((4 * place + 1, 2)) for place in range(3)] == [image.getpixel((0, 0)) for image in images]
