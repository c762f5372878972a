"""How well the shipped networks do for each skin tone: figures from faces that nothing here was trained on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dashboard.intervals import Interval

MEASURED = Path(__file__).with_name("measured.json")  # written by `python -m dashboard.faces.train.measure`


@dataclass(frozen=True, kw_only=True)
class ToneQuality:
    """Of the damaged faces of one skin tone."""

    tone: str  # of SKIN_TONES
    found: Interval  # the share that the finder found, 0 .. 1
    gain_db: Interval  # how much nearer the truth the restored faces are than the enlarged ones


def tone_quality() -> tuple[ToneQuality, ...]:
    """Light to dark; a tone without faces is missing."""
    measured = json.loads(MEASURED.read_text(encoding="utf-8"))
    return tuple(
        ToneQuality(
            tone=row["tone"],
            found=_interval(row["found"], row["faces"]),
            gain_db=_interval(row["gain_db"], row["faces"]),
        )
        for row in measured["tones"]
    )


def _interval(row: Sequence[float], faces: int) -> Interval:
    mean, low, high = row
    return Interval(mean, low, high, faces)
