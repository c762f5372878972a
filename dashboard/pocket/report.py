"""What was last measured of the shipped weights: `report.json`, written by `python -m dashboard.pocket.evaluate`."""

import json
from pathlib import Path
from typing import Any

from dashboard.intervals import Interval

REPORT = Path(__file__).parent / "report.json"


def load_report() -> dict[str, Any]:
    """The whole report. FileNotFoundError where nothing was measured yet."""
    report: dict[str, Any] = json.loads(REPORT.read_text(encoding="utf-8"))
    return report


def interval(row: dict[str, Any]) -> Interval:
    """A row of the report: a value with its 95% interval and the number of pictures behind it."""
    return Interval(row["value"], row["low"], row["high"], row["of"])


def skew_shares() -> dict[str, Interval]:
    """How many of many astronauts were drawn as each sex and in each skin tone; empty if none was recognised."""
    skew = load_report()["skew"]
    return {name: interval(row) for field in ("sex", "skin_tone") for name, row in skew.get(field, {}).items()}
