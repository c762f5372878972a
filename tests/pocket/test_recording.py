"""What a training leaves of its way, and how it is read."""

from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from dashboard.pocket.recording import RECORDING, load_recording, strip, strip_name
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


@pytest.mark.skipif(not RECORDING.is_dir(), reason="no training's recording is shipped")
def test_the_shipped_recording_is_whole():
    """Every moment of a finished training, each with a picture of every prompt, and pictures of no other."""
    found = load_recording()
    steps = [moment.step for moment in found.moments]
    assert steps == sorted(moments(steps[-1]))
    assert {path.name for path in RECORDING.glob("*.webp")} == {strip_name(step) for step in steps}
    assert {image.size for moment in found.moments for image in moment.images} == {(64, 64)}
    assert all(len(moment.images) == len(found.prompts) for moment in found.moments)
    assert len({frozenset(moment.errors) for moment in found.moments}) == 1
    assert np.mean(list(found.moments[-1].errors.values())) < np.mean(list(found.moments[0].errors.values()))
