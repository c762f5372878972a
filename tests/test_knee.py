"""The knee: where a curve of steps goes flat."""

from __future__ import annotations

import pytest

from dashboard.knee import knee, mark_points


def test_the_knee_is_the_fewest_steps_from_which_on_all_stay_near() -> None:
    assert knee([1, 6, 11, 16], [0.9, 0.2, 0.08, 0.0]) == 11
    assert knee([16, 1, 11, 6], [0.0, 0.9, 0.08, 0.2]) == 11, "in any order"


def test_a_lucky_image_before_the_curve_has_settled_is_not_the_knee() -> None:
    assert knee([1, 6, 11, 16], [0.9, 0.05, 0.3, 0.0]) == 16


def test_the_limit_counts_as_near() -> None:
    assert knee([1, 2], [0.1, 0.0], within=0.1) == 1


def test_without_an_end_that_is_near_there_is_no_knee() -> None:
    assert knee([1, 2], [0.0, 0.5]) is None


@pytest.mark.parametrize(("counts", "distances"), [([], []), ([1, 2], [0.5])])
def test_a_knee_needs_a_distance_for_each_count(counts: list[int], distances: list[float]) -> None:
    with pytest.raises(ValueError, match="one distance for each"):
        knee(counts, distances)


def test_a_mark_scores_by_its_place_in_the_sweep() -> None:
    counts = [1, 6, 11, 16, 21, 26, 31]
    assert [mark_points(counts, marked, 6) for marked in counts] == [75, 100, 75, 50, 25, 0, 0]
