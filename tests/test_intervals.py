"""Intervals are what they say: checked against scipy, and by counting how often they hold the truth."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import gammaln

from dashboard.intervals import (
    mean_interval,
    paired_difference,
    paired_shares,
    pairs_interval,
    ratio_interval,
    share_interval,
    shares_apart,
    summarise,
    tells_apart,
)


def test_it_is_students_interval():
    values = [1.0, 2.0, 4.0, 8.0, 3.0]
    found = mean_interval(values)
    low, high = stats.t.interval(0.95, len(values) - 1, loc=np.mean(values), scale=stats.sem(values))
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high)) and found.n == 5


def test_it_holds_the_true_mean_in_95_of_100_cases():
    rng = np.random.default_rng(0)
    held = [found.low <= 3 <= found.high for found in (mean_interval(rng.normal(3, 2, 6)) for _ in range(2_000))]
    assert 0.93 < np.mean(held) < 0.97


def test_one_value_has_no_interval_and_tells_nothing_apart():
    alone = mean_interval([7.0])
    assert alone.mean == 7 and np.isnan(alone.low) and "no interval" in str(alone)
    assert not tells_apart(alone)
    with pytest.raises(ValueError, match="at least one"):
        mean_interval([])


def test_a_ratios_interval_stays_above_nought_and_turns_with_the_ratio():
    ratios = [1.0, 2.0, 8.0]
    found, turned = ratio_interval(ratios), ratio_interval([1 / ratio for ratio in ratios])
    assert found.mean == pytest.approx(stats.gmean(ratios)) and mean_interval(ratios).low < 0 < found.low
    assert (1 / turned.high, 1 / turned.low) == (pytest.approx(found.low), pytest.approx(found.high))
    assert np.isnan(ratio_interval([3.0]).low)


def test_a_difference_is_told_only_where_its_interval_leaves_out_nought():
    first, noisy = [1.0, 2.0, 3.0, 4.0], [0.9, 2.3, 2.8, 4.1]
    assert tells_apart(paired_difference(first, [value - 1 + 0.01 * value for value in first]))
    assert not tells_apart(paired_difference(first, noisy))


def test_groups_keep_their_order():
    table = pd.DataFrame({"steps": [9, 9, 3, 3], "seed": [1, 2, 1, 2], "distance": [1.0, 3.0, 5.0, 5.0]})
    summary = summarise(table, ["steps"], "distance")
    assert (
        summary["steps"].tolist() == [9, 3] and summary["mean"].tolist() == [2, 5] and summary["n"].tolist() == [2, 2]
    )
    assert summary["low"][1] == summary["high"][1] == 5


@pytest.mark.parametrize(("right", "of"), [(0, 7), (3, 7), (7, 7), (40, 100), (1, 1)])
def test_a_shares_interval_is_wilsons(right: int, of: int) -> None:
    found = share_interval(right, of)
    wanted = stats.binomtest(right, of).proportion_ci(0.95, method="wilson")
    assert (found.mean, found.n) == (right / of, of)
    assert (found.low, found.high) == (pytest.approx(wanted.low, abs=1e-9), pytest.approx(wanted.high, abs=1e-9))


@pytest.mark.parametrize(("right", "of"), [(0, 0), (3, 2), (-1, 4)])
def test_a_share_of_nothing_is_refused(right: int, of: int) -> None:
    with pytest.raises(ValueError, match="is no share"):
        share_interval(right, of)


def test_pairs_have_their_mean_and_the_jackknifes_interval() -> None:
    table = [[0.0, 1.0, 2.0], [1.0, 0.0, 3.0], [2.0, 3.0, 0.0]]
    found = pairs_interval(table)
    left_out = [3.0, 2.0, 1.0]  # the mean of the pairs without the first, the second, the third
    expected = mean_interval([3 * 2.0 - 2 * mean for mean in left_out])
    assert found.mean == pytest.approx(2.0) and found.n == 3
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_one_pair_has_no_interval_and_one_thing_no_pair() -> None:
    found = pairs_interval([[0.0, 0.4], [0.4, 0.0]])
    assert found.mean == 0.4 and np.isnan(found.low)
    with pytest.raises(ValueError, match="at least two"):
        pairs_interval([[0.0]])


def test_the_interval_of_pairs_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    true = 2 * np.exp(gammaln(20.5) - gammaln(20))  # of two points of 40 standard normal numbers
    hits = 0
    for _ in range(400):
        points = rng.normal(size=(8, 40))
        distances = np.linalg.norm(points[:, None] - points[None], axis=-1)
        found = pairs_interval(distances)
        hits += found.low <= true <= found.high
    assert 0.90 < hits / 400 < 0.99


@pytest.mark.parametrize("n", [1, 2, 16])
def test_the_interval_of_paired_shares_is_never_a_point_and_stays_in_range(n: int) -> None:
    none, every = [False] * n, [True] * n
    for first, second in ((every, none), (none, every), (none, none), (every, every)):
        found = paired_shares(first, second)
        assert found.mean == sum(first) / n - sum(second) / n and found.n == n
        assert -1 <= found.low < found.high <= 1 and found.low <= found.mean <= found.high


def test_paired_shares_as_worked_out_by_hand() -> None:
    first, second = [True] * 9 + [False] * 7, [True] * 2 + [False] * 14  # 7 of 16 changed, all one way
    found = paired_shares(first, second)
    half = 1.959964 / 18 * (8 - 49 / 18) ** 0.5
    assert (found.low, found.high) == (pytest.approx(7 / 18 - half), pytest.approx(7 / 18 + half))


@pytest.mark.parametrize(
    ("up", "down", "apart"), [(6, 0, True), (5, 0, False), (0, 6, True), (9, 1, True), (6, 6, False), (0, 0, False)]
)
def test_shares_are_apart_by_the_exact_test_of_the_pairs_that_changed(up: int, down: int, apart: bool) -> None:
    first = [True] * up + [False] * down + [True] * 4
    second = [False] * up + [True] * down + [True] * 4
    assert shares_apart(first, second) is apart


def test_shares_without_a_pair_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one value"):
        paired_shares([], [])
