"""Verify says what is different, and never takes an edited picture for an honest one."""

import dataclasses

import numpy as np
import pytest

from dashboard.engine import ImageRequest
from dashboard.export import Receipt, verify
from tests.export.made import make_result

MADE = make_result(ImageRequest(prompt="a poodle", seed=42))


class Again:
    """Stands for an engine that makes one known image."""

    def __init__(self, result=MADE):
        self.result = result
        self.asked = None

    def submit(self, requests, *, use_memo=True):
        self.asked = (requests, use_memo)
        return self

    def results(self):
        return (self.result,)


def changed(by: int, **changes):
    """The image with one pixel changed by `by` of 255, and perhaps other fields."""
    pixels = MADE.array()
    pixels[3, 4, 1] = pixels[3, 4, 1] - by if pixels[3, 4, 1] >= by else pixels[3, 4, 1] + by
    return dataclasses.replace(MADE, rgb=pixels.tobytes(), **changes)


def test_identical_and_computed_anew():
    engine = Again()
    found = verify(Receipt.from_result(MADE), MADE.array(), engine)
    assert engine.asked == ([MADE.request], False)
    assert (found.verdict, found.max_difference, found.edited, found.differences) == ("identical", 0, False, ())
    assert found.sentence == "Identical: every pixel is the same."


def test_close_names_the_fields():
    now = changed(2, device="cuda", dtype="float16", versions={"torch": "3.0", "diffusers": "0.42.1", "cuda": "13"})
    found = verify(Receipt.from_result(MADE), MADE.array(), Again(now))
    assert (found.verdict, found.max_difference, found.edited) == ("close", 2, False)
    assert [d.field for d in found.differences] == ["device", "dtype", "version of cuda", "version of torch"]
    assert found.sentence == (
        "Close: no pixel differs by more than 2 of 255. Not as it was: device was cpu, here cuda; "
        "dtype was float32, here float16; version of cuda was absent, here 13; version of torch was 2.13.0, here 3.0."
    )


def test_different_weights_noise_and_schedule():
    config = {**MADE.scheduler_config, "beta_start": 0.001}
    now = changed(100, weights_sha256="f" * 64, noise_sha256="e" * 64, scheduler_config=config)
    found = verify(Receipt.from_result(MADE), MADE.array(), Again(now))
    assert (found.verdict, found.max_difference) == ("different", 100)
    assert [d.field for d in found.differences] == ["weights", "initial noise", "scheduler's beta_start"]


def test_different_for_no_known_reason():
    assert "as they were" in verify(Receipt.from_result(MADE), MADE.array(), Again(changed(100))).sentence


@pytest.mark.parametrize("by,verdict", [(1, "close"), (100, "different")])
def test_an_edited_picture_is_told(by, verdict):
    found = verify(Receipt.from_result(MADE), changed(by).array(), Again())
    assert (found.verdict, found.edited, found.differences) == (verdict, True, ())
    assert "edited after it was made" in found.sentence


def test_a_resized_picture_is_different():
    found = verify(Receipt.from_result(MADE), MADE.array()[:32], Again())
    assert (found.verdict, found.max_difference, found.edited) == ("different", None, True)
    assert "size" in found.sentence
    wide = np.ascontiguousarray(MADE.array().reshape(32, 128, 3))  # the same bytes in another shape
    assert verify(Receipt.from_result(MADE), wide, Again()).edited
