"""What laboratories share that let the judge count: its verdicts, its shares, and its own errors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from dashboard.engine import ImageResult
from dashboard.intervals import Interval, share_interval
from dashboard.pocket.judge import load_judge
from dashboard.ui.models import DEFAULT, current_model
from dashboard.ui.once import once

FIELDS = {"sex": "drawn as", "skin_tone": "skin"}


@dataclass(frozen=True)
class Counted:
    """What the judge took a set of pictures for. `known`: those it recognised as the subject at all."""

    pictures: int
    known: int
    counts: dict[str, Counter[str]]  # field -> class -> pictures
    sexes: tuple[str, ...]  # of the recognised ones, in the order of the pictures

    def share(self, field: str, value: str) -> Interval:
        return share_interval(self.counts[field][value], self.known)


def needs_pocket() -> bool:
    """Say so, where another model draws: the judge, the scorer and the training set are Pocket's own."""
    if current_model() == DEFAULT:
        return False
    st.info("This laboratory is about Pocket's own training set. Choose Pocket in the sidebar.", icon=":material/info:")
    return True


def counted(results: Sequence[ImageResult], subject: str) -> Counted:
    """The judge's counts over these images, worked out once."""
    return once(("judged", subject, *(result.sha256 for result in results)), lambda: _count(results, subject))


def _count(results: Sequence[ImageResult], subject: str) -> Counted:
    known = [verdict for verdict in _verdicts(results) if verdict["subject"] == subject]
    counts = {field: Counter(verdict[field] for verdict in known) for field in FIELDS}
    return Counted(len(results), len(known), counts, tuple(verdict["sex"] for verdict in known))


def sex_of_each(results: Sequence[ImageResult], subject: str) -> list[str]:
    """What the judge took each image for; empty where it did not take it for the subject."""
    return [verdict["sex"] if verdict["subject"] == subject else "" for verdict in _verdicts(results)]


def _verdicts(results: Sequence[ImageResult]) -> list[Mapping[str, str]]:
    def read() -> list[Mapping[str, str]]:
        return list(load_judge().verdicts([result.image() for result in results]))

    return once(("verdicts", *(result.sha256 for result in results)), read)


def share_rows(source: str, shares: dict[str, Interval]) -> pd.DataFrame:
    """Rows for `charts.shares`: name, source, mean, low, high, n."""
    rows = [(name, source, share.mean, share.low, share.high, share.n) for name, share in shares.items()]
    return pd.DataFrame(rows, columns=["name", "source", "mean", "low", "high", "n"])
