"""Images without a model: results made by hand, so that the export room is tested without an engine."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from dashboard.engine import ImageRequest, ImageResult


def make_result(
    request: ImageRequest | None = None, *, width: int = 64, height: int = 64, **changes: Any
) -> ImageResult:
    """A result with pixels drawn from its request, and every other field filled with something plausible."""
    request = request or ImageRequest(prompt="a poodle", seed=42)
    seed = int.from_bytes(hashlib.sha256(repr(request).encode()).digest()[:4], "big")
    rgb = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8).tobytes()
    values: dict[str, Any] = {
        "request": request,
        "rgb": rgb,
        "width": width,
        "height": height,
        "sha256": hashlib.sha256(rgb).hexdigest(),
        "noise_sha256": "1" * 64,
        "seconds": 1.25,
        "evaluations": 40,
        "steps_run": 20,
        "model_id": request.model,
        "model_name": "Pocket" if request.model == "pocket" else request.model,
        "weights_sha256": "0a1b2c3d4e" + "5" * 54,
        "device": "cpu",
        "dtype": "float32",
        "versions": {"torch": "2.13.0", "diffusers": "0.42.1"},
        "scheduler_config": {"beta_start": 0.00085, "trained_betas": None, "sizes": [1, 2]},
        "from_memo": False,
    }
    return ImageResult(**{**values, **changes})
