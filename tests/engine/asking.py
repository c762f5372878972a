"""Short ways to ask the tiny model for images, and to watch or hold the worker's ticks."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from dashboard.engine import ImageRequest
from dashboard.engine.batch import advance
from dashboard.engine.denoising import Denoising


def ask(prompt: str = "a photo of a poodle", **changes: object) -> ImageRequest:
    """A request to the tiny model: few steps, the scheduler and the guidance that plain diffusers takes by itself."""
    fields = {"prompt": prompt, "model": "tiny", "num_inference_steps": 4, "scheduler": "pndm", "guidance_scale": 7.5}
    fields |= changes
    return ImageRequest(**fields)  # type: ignore[arg-type]


class Ticks:
    """Stands in for the worker's `advance`: notes which requests each tick held; can hold the worker before a tick."""

    def __init__(self) -> None:
        self.requests: list[list[ImageRequest]] = []
        self.rows = 0
        self.go = threading.Event()
        self.go.set()
        self.reached = threading.Event()

    def __call__(self, images: Sequence[Denoising]) -> dict[Denoising, Exception]:
        self.reached.set()
        assert self.go.wait(30)
        self.requests.append([image.request for image in images])
        self.rows += sum(image.rows_a_step for image in images)
        return advance(images)

    def hold(self) -> None:
        """Let the worker stop before its next tick; `reached` says when it is there."""
        self.go.clear()
        self.reached.clear()

    def seeds(self) -> list[list[int]]:
        return [[request.seed for request in tick] for tick in self.requests]
