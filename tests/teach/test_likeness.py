"""The distance of colour mixes: 0 for the same mix, 1 for nothing in common, blind to places."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.teach import COLOURS, colour_mix, distance_to


def halves(left: str, right: str) -> np.ndarray:
    picture = np.empty((8, 8, 3), dtype=np.uint8)
    picture[:, :4], picture[:, 4:] = COLOURS[left], COLOURS[right]
    return picture


@pytest.mark.parametrize("colour", COLOURS)
def test_a_named_colour_is_itself(colour: str) -> None:
    mix = colour_mix(halves(colour, colour))
    assert mix[colour] == 1.0 and sum(mix.values()) == pytest.approx(1.0)


def test_distances() -> None:
    given = [halves("red", "blue")]
    assert distance_to(halves("red", "blue"), given) == 0
    assert distance_to(halves("blue", "red"), given) == 0, "places do not count"
    assert distance_to(halves("red", "green"), given) == pytest.approx(0.5)
    assert distance_to(halves("yellow", "green"), given) == pytest.approx(1.0)
    assert distance_to(halves("red", "blue"), [halves("red", "red"), halves("blue", "blue")]) == 0
