"""Verify: make the image of a receipt again and say what, if anything, is different."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from dashboard.engine import Engine, ImageResult, compare
from dashboard.export.receipts import Receipt

_PLAIN_FIELDS = {  # what the learner is told -> the receipt's field
    "model": "model_id",
    "weights": "weights_sha256",
    "device": "device",
    "dtype": "dtype",
    "initial noise": "noise_sha256",
    "width": "width",
    "height": "height",
    "steps run": "steps_run",
    "filtered": "filtered",
}


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One field that is not now as it was when the image was made."""

    field: str
    then: object  # None: the field was not there
    now: object

    def __str__(self) -> str:
        return f"{self.field} was {_short(self.then)}, here {_short(self.now)}"


@dataclass(frozen=True, kw_only=True)
class Verification:
    """How a picture compares with the image that its receipt gives here."""

    verdict: str  # "identical", "close" or "different"
    max_difference: int | None  # 0 .. 255; None where the sizes differ
    mean_abs_difference: float | None  # 0 .. 255
    edited: bool  # the picture in the file is not the one that its receipt describes
    differences: tuple[Difference, ...]
    result: ImageResult  # the image made again

    @property
    def sentence(self) -> str:
        """The verdict in words."""
        parts = [_VERDICTS[self.verdict].format(self.max_difference)]
        if self.max_difference is None:
            parts = ["Different: the picture does not even have the size of the image made again."]
        if self.edited:
            parts.append("The picture was edited after it was made: it does not match its own receipt.")
        if self.differences:
            parts.append("Not as it was: " + "; ".join(map(str, self.differences)) + ".")
        elif self.verdict != "identical" and not self.edited:
            parts.append("Model, weights, versions and device are as they were.")
        return " ".join(parts)


_VERDICTS = {
    "identical": "Identical: every pixel is the same.",
    "close": "Close: no pixel differs by more than {} of 255.",
    "different": "Different: pixels differ by up to {} of 255.",
}


def verify(receipt: Receipt, pixels: np.ndarray, engine: Engine) -> Verification:
    """Render the receipt's request again, without the memo, and compare it with `pixels`, (H, W, 3) uint8.

    Waits for the image; whoever wants its progress submits the request and calls `judge`. Raises what `Engine.submit`
    and `Job.results` raise.
    """
    (result,) = engine.submit([receipt.request], use_memo=False).results()
    return judge(receipt, pixels, result)


def judge(receipt: Receipt, pixels: np.ndarray, result: ImageResult) -> Verification:
    """Compare `pixels`, (H, W, 3) uint8, with an image that was made again from their receipt."""
    now = result.array()
    same_size = pixels.shape == now.shape
    comparison = compare(pixels, now) if same_size else None
    return Verification(
        verdict=comparison.verdict if comparison else "different",
        max_difference=comparison.max_difference if comparison else None,
        mean_abs_difference=comparison.mean_abs_difference if comparison else None,
        edited=pixels.shape != (receipt.height, receipt.width, 3) or _sha256(pixels) != receipt.sha256,
        differences=tuple(_differences(receipt, Receipt.from_result(result))),
        result=result,
    )


def _sha256(pixels: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest()


def _differences(then: Receipt, now: Receipt) -> list[Difference]:
    found = [
        Difference(field=name, then=getattr(then, field), now=getattr(now, field))
        for name, field in _PLAIN_FIELDS.items()
        if getattr(then, field) != getattr(now, field)
    ]
    found += _table_differences("version of ", then.versions, now.versions)
    found += _table_differences("scheduler's ", then.scheduler_config, now.scheduler_config)
    return found


def _table_differences(prefix: str, then: Mapping[str, Any], now: Mapping[str, Any]) -> list[Difference]:
    names = sorted(then.keys() | now.keys())
    return [
        Difference(field=prefix + name, then=then.get(name), now=now.get(name))
        for name in names
        if then.get(name) != now.get(name)
    ]


def _short(value: object) -> str:
    text = "absent" if value is None else str(value)
    return text if len(text) <= 24 else text[:12] + "..."
