"""Receipts: what a PNG carries so that its image can be made again and checked."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from PIL.PngImagePlugin import PngInfo

from dashboard.engine import ImageRequest, ImageResult
from dashboard.export.parameters import parameters_text, parse_parameters
from dashboard.export.png import PARAMETERS_KEY, RECEIPT_KEY, NotAReceipt, read_png

FORMAT = 1
_SHA256 = re.compile(r"[0-9a-f]{64}")
_HASHES = ("sha256", "noise_sha256", "weights_sha256")


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """Everything about an image but its pixels and its time, as they were when it was made.

    Time and "came from the memo" stay out, so that the same request gives the same PNG, byte for byte.
    """

    request: ImageRequest
    sha256: str  # of the raw RGB bytes
    noise_sha256: str  # of the initial latents, float32, before scaling
    width: int  # pixels
    height: int  # pixels
    evaluations: int  # U-Net rows
    steps_run: int
    model_id: str
    model_name: str
    weights_sha256: str
    device: str
    dtype: str
    versions: Mapping[str, str]
    scheduler_config: Mapping[str, object]
    filtered: bool

    @classmethod
    def from_result(cls, result: ImageResult) -> Receipt:
        """The receipt of an image; `scheduler_config` passes through JSON, so that it equals one that was read back."""
        values = {field.name: getattr(result, field.name) for field in fields(cls)}
        values["versions"] = dict(result.versions)
        values["scheduler_config"] = json.loads(json.dumps(dict(result.scheduler_config), default=str))
        return cls(**values)

    def as_dict(self) -> dict[str, object]:
        """JSON-able, the inverse of `from_dict`."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        values["request"] = self.request.as_dict()
        return {"format": FORMAT, **values}

    @classmethod
    def from_dict(cls, values: object) -> Receipt:
        """Raises NotAReceipt, with a sentence, on missing keys, wrong types or a request outside its limits."""
        if not isinstance(values, dict):
            raise NotAReceipt("The receipt in this PNG is not in our format.")
        if values.get("format") != FORMAT:
            raise NotAReceipt("The receipt in this PNG was written by another version of this dashboard.")
        kept: dict[str, Any] = {field.name: _checked(field.name, values.get(field.name)) for field in fields(cls)}
        return cls(**kept)


def png_bytes(result: ImageResult) -> bytes:
    """The image as PNG with its receipt inside. Deterministic: equal results give equal bytes."""
    texts = PngInfo()
    texts.add_text(PARAMETERS_KEY, parameters_text(result))  # Latin-1 goes to tEXt, all else to iTXt
    texts.add_text(RECEIPT_KEY, json.dumps(Receipt.from_result(result).as_dict(), sort_keys=True))
    buffer = io.BytesIO()
    result.image().save(buffer, "PNG", pnginfo=texts)
    return buffer.getvalue()


def read_receipt(data: bytes) -> Receipt:
    """The receipt in a PNG made here. Raises NotAReceipt, and nothing else, on any other bytes."""
    texts = read_png(data).texts
    if RECEIPT_KEY not in texts:
        raise NotAReceipt("This PNG carries no receipt: it was not made here, or a program saved it again without it.")
    try:
        return Receipt.from_dict(json.loads(texts[RECEIPT_KEY], parse_constant=_refuse_constant))
    except NotAReceipt:
        raise
    except (ValueError, RecursionError) as error:
        raise NotAReceipt("The receipt in this PNG is damaged: it cannot be read.") from error


def request_from_png(data: bytes) -> ImageRequest:
    """The settings in a PNG: our receipt or, without one, AUTOMATIC1111's parameters. Raises NotAReceipt."""
    texts = read_png(data).texts
    if RECEIPT_KEY in texts:
        return read_receipt(data).request
    if PARAMETERS_KEY not in texts:
        raise NotAReceipt(
            "This PNG carries no settings: it was not made here, or a program saved it again without them."
        )
    try:
        return parse_parameters(texts[PARAMETERS_KEY])
    except ValueError as error:
        raise NotAReceipt(str(error)) from error


def _checked(name: str, value: object) -> object:
    match name:
        case "request":
            return _request(value)
        case "width" | "height" | "evaluations" | "steps_run":
            sound = isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**31
        case "filtered":
            sound = isinstance(value, bool)
        case "versions":
            sound = isinstance(value, dict) and all(isinstance(version, str) for version in value.values())
        case "scheduler_config":
            sound = isinstance(value, dict)
        case _:
            sound = isinstance(value, str) and (name not in _HASHES or bool(_SHA256.fullmatch(value)))
    if not sound:
        raise NotAReceipt(f'The receipt in this PNG is damaged: "{name}" is missing or is not what it should be.')
    return value


def _request(value: object) -> ImageRequest:
    if not isinstance(value, dict):
        raise NotAReceipt('The receipt in this PNG is damaged: "request" is missing or is not what it should be.')
    try:
        return ImageRequest.from_dict(value)
    except ValueError as error:
        raise NotAReceipt(f"The receipt in this PNG asks for something impossible. {error}") from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
