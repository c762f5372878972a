"""Checking a safetensors file by its header, in plain Python, before any library reads it.

Format: 8 bytes little-endian length n, n bytes of JSON, then the tensors' bytes without gaps
(https://huggingface.co/docs/safetensors).
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from dashboard.engine.errors import ModelUnavailable

MAX_HEADER_BYTES = 16_000_000  # Stable Diffusion's U-Net has 0.1 MB of header
BYTES_A_VALUE = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}


def check_safetensors(path: Path) -> None:
    """`ModelUnavailable`, with one sentence, unless the header is sound and fits the file's size."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if length > MAX_HEADER_BYTES or length + 8 > size:
                raise ValueError("header longer than the file")
            header = json.loads(file.read(length))
        _check_tensors(header, size - 8 - length)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise ModelUnavailable(f"{path.parent.name}/{path.name} is damaged or is not a safetensors file.") from None
    except OSError:
        raise ModelUnavailable(f"{path.parent.name}/{path.name} cannot be read.") from None


def _check_tensors(header: dict[str, Any], data_bytes: int) -> None:
    spans = []
    for name, tensor in header.items():
        if name == "__metadata__":
            continue
        begin, end = tensor["data_offsets"]
        count = math.prod(tensor["shape"])
        if end - begin != count * BYTES_A_VALUE[str(tensor["dtype"])]:
            raise ValueError(f"{name} has not the bytes that its shape takes")
        spans.append((begin, end))
    place = 0
    for begin, end in sorted(spans):
        if begin != place:
            raise ValueError("the tensors leave a gap or overlap")
        place = end
    if place != data_bytes or not spans:
        raise ValueError("the file is cut short or too long")
