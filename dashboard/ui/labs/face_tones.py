"""Shown, not run: how well the shipped finder and restorer do for each skin tone, as measured on unseen faces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.faces.quality import ToneQuality, tone_quality
from dashboard.intervals import Interval
from dashboard.ui.lesson import showed
from dashboard.ui.tables import table_below

BARS = ["skin", "mean", "low", "high"]
TABLE = ["skin", "faces", "found", "found, low", "found, high", "gain, dB", "gain, low", "gain, high"]


def face_tones_lab() -> None:
    """The chart of the gain, its table with the faces found, and what they say."""
    tones = tone_quality()
    chart = charts.bars(
        pd.DataFrame([(one.tone, one.gain_db.mean, one.gain_db.low, one.gain_db.high) for one in tones], columns=BARS),
        charts.Axis(column="skin", title="Skin"),
        charts.Axis(column="mean", title="Gain by restoring, dB"),
        order=[one.tone for one in tones],
    )
    gains = ", ".join(f"{one.tone} {one.gain_db.mean:.1f} dB" for one in tones)
    alt = f"How much nearer the true face restoring brings each skin tone: {gains}"
    st.vega_lite_chart(chart.to_dict(), alt=alt)
    rows = [(one.tone, one.gain_db.n, *_three(one.found), *_three(one.gain_db)) for one in tones]
    table_below(pd.DataFrame(rows, columns=TABLE), "Faces found, and what restoring gains, for each skin tone")
    showed(told(tones), opening="What was measured.")


def told(tones: Sequence[ToneQuality]) -> str:
    """For both measures the tones that lie farthest apart, and whether their intervals tell the two apart."""
    found = _extremes({one.tone: one.found for one in tones}, "{:.1%}")
    gain = _extremes({one.tone: one.gain_db for one in tones}, "{:.1f} dB")
    return f"Of the faces, the finder found {found}. What restoring gains goes {gain}."


def _extremes(of: Mapping[str, Interval], number: str) -> str:
    least, most = (choose(of, key=lambda tone: of[tone].mean) for choose in (min, max))
    ends = [
        f"{number.format(of[tone].mean)} ({number.format(of[tone].low)} to {number.format(of[tone].high)})"
        for tone in (least, most)
    ]
    apart = of[least].high < of[most].low
    verdict = (
        "these two differ" if apart else "the intervals overlap, and so many faces do not settle whether they differ"
    )
    return f"from {ends[0]} for {least} skin to **{ends[1]}** for {most} skin: {verdict}"


def _three(interval: Interval) -> tuple[float, float, float]:
    return interval.mean, interval.low, interval.high
