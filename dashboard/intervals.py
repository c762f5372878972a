"""Means with their uncertainty: one image is an anecdote, so curves over seeds carry 95% intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import binomtest
from scipy.stats import norm as normal
from scipy.stats import t as student

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """A mean and the 95% interval about it. With one value the interval is unknown: low and high are nan."""

    mean: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        if self.n < 2:
            return f"{self.mean:.2f} (one value: no interval)"
        return f"{self.mean:.2f} ({self.low:.2f} to {self.high:.2f})"


def mean_interval(values: Sequence[float]) -> Interval:
    """Student's t interval of the mean of independent values, such as one measurement a seed. ValueError for none."""
    array = np.asarray(values, dtype=float)
    if array.size == 0:
        raise ValueError("An interval needs at least one value.")
    mean = float(array.mean())
    if array.size == 1:
        return Interval(mean, float("nan"), float("nan"), 1)
    half = float(student.ppf((1 + CONFIDENCE) / 2, array.size - 1) * array.std(ddof=1) / np.sqrt(array.size))
    return Interval(mean, mean - half, mean + half, int(array.size))


def ratio_interval(ratios: Sequence[float]) -> Interval:
    """The geometric mean of positive ratios and its interval: Student's t of their logarithms.

    So the interval of a ratio never reaches below 0, and a ratio and its inverse agree. ValueError for none.
    """
    logs = mean_interval(np.log(np.asarray(ratios, dtype=float)))
    mean, low, high = (float(np.exp(end)) for end in (logs.mean, logs.low, logs.high))
    return Interval(mean, low, high, logs.n)


def share_interval(right: int, of: int) -> Interval:
    """The share `right` of `of` independent trials with its Wilson interval (Wilson 1927, JASA 22, 209-212), 0 .. 1.

    Unlike the mean's interval it stays honest near 0 and 1. ValueError where there was no trial.
    """
    if not (of > 0 and 0 <= right <= of):
        raise ValueError(f"{right} of {of} is no share.")
    z = float(normal.ppf((1 + CONFIDENCE) / 2))
    middle = (right + z**2 / 2) / (of + z**2)
    reach = z / (of + z**2) * float(np.sqrt(right * (of - right) / of + z**2 / 4))
    return Interval(right / of, max(0.0, middle - reach), min(1.0, middle + reach), of)


def pairs_interval(distances: Sequence[Sequence[float]]) -> Interval:
    """The mean over all pairs of n things, and its interval, from their (n, n) symmetric table without its diagonal.

    Pairs that share a thing are not independent, so the interval is the jackknife's: Student's t over pseudo-values,
    one a thing (Tukey 1958; Arvesen 1969 for means over pairs). With two things there is one pair and no interval.
    ValueError for fewer than two.
    """
    return mean_interval(pair_values(distances))


def pair_values(distances: Sequence[Sequence[float]]) -> list[float]:
    """The jackknife's pseudo-values of the mean over pairs, one a thing; of two things the one distance."""
    table = np.asarray(distances, dtype=float)
    n = len(table)
    if n < 2:
        raise ValueError("Pairs need at least two things.")
    off = table - np.diag(np.diag(table))
    mean = off.sum() / (n * (n - 1))
    if n == 2:
        return [float(mean)]
    without = (off.sum() - 2 * off.sum(axis=1)) / ((n - 1) * (n - 2))  # the mean when one thing is left out
    values: list[float] = (n * mean - (n - 1) * without).tolist()
    return values


def paired_difference(first: Sequence[float], second: Sequence[float]) -> Interval:
    """The interval of `first` minus `second`, value by value: both lists hold the same seeds in the same order."""
    return mean_interval(np.asarray(first, dtype=float) - np.asarray(second, dtype=float))


def paired_shares(first: Sequence[bool], second: Sequence[bool]) -> Interval:
    """The share of `first` minus that of `second`, -1 .. 1: both lists hold the same trials in the same order.

    The interval adds half a trial to each of the four kinds of pairs (Agresti and Min 2005, Statistics in Medicine 24,
    729-740), so that it is no point where every pair changed or none did. ValueError for none.
    """
    up, down, n = _changes(first, second)
    z = float(normal.ppf((1 + CONFIDENCE) / 2))
    middle = (up - down) / (n + 2)
    reach = z / (n + 2) * float(np.sqrt(up + down + 1 - (up - down) ** 2 / (n + 2)))
    return Interval((up - down) / n, max(-1.0, middle - reach), min(1.0, middle + reach), n)


def shares_apart(first: Sequence[bool], second: Sequence[bool]) -> bool:
    """Whether two shares of the same trials differ beyond chance at 95%: McNemar's test, exact."""
    up, down, _ = _changes(first, second)
    return up + down > 0 and bool(binomtest(up, up + down).pvalue < 1 - CONFIDENCE)


def _changes(first: Sequence[bool], second: Sequence[bool]) -> tuple[int, int, int]:
    """Pairs true in the first alone, pairs true in the second alone, all pairs."""
    pairs = list(zip(first, second, strict=True))
    if not pairs:
        raise ValueError("An interval needs at least one value.")
    return pairs.count((True, False)), pairs.count((False, True)), len(pairs)


def tells_apart(difference: Interval) -> bool:
    """Whether a difference is beyond chance at 95%: its interval is known and leaves out 0."""
    return difference.n > 1 and (difference.low > 0 or difference.high < 0)


def summarise(table: pd.DataFrame, by: Sequence[str], value: str) -> pd.DataFrame:
    """One row a group of `by`, in order of appearance: the columns of `by`, mean, low, high, n."""
    rows = [
        (*(key if isinstance(key, tuple) else (key,)), *_fields(mean_interval(group[value].tolist())))
        for key, group in table.groupby(list(by), sort=False)
    ]
    return pd.DataFrame(rows, columns=[*by, "mean", "low", "high", "n"])


def _fields(interval: Interval) -> tuple[float, float, float, int]:
    return interval.mean, interval.low, interval.high, interval.n
