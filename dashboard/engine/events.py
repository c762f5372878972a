"""What a job tells whoever listens, in order: `Queued`*, then `Step`* and `ImageDone`*, then one of the last three."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from PIL.Image import Image

from dashboard.engine.results import ImageResult


@dataclass(frozen=True, kw_only=True)
class Queued:
    """The job waits; `position` images will be drawn before its first one."""

    position: int


@dataclass(frozen=True, kw_only=True)
class Step:
    """Image `index` of the job has run `step` of its `steps` scheduler steps."""

    index: int
    step: int  # 1 .. steps
    steps: int  # scheduler steps this image takes in all (Heun takes 2n - 1 for n asked)
    timestep: int  # the training timestep of the step just run, 0 .. 999
    preview: Image | None  # a rough look at the latents, when the job asked for previews


@dataclass(frozen=True, kw_only=True)
class ImageDone:
    """Image `index` of the job is finished."""

    index: int
    result: ImageResult


@dataclass(frozen=True, kw_only=True)
class Finished:
    """Every image of the job is done."""


@dataclass(frozen=True, kw_only=True)
class Failed:
    """The job stopped with an error, said in one sentence; `retry`: the same job may work later."""

    message: str
    retry: bool


@dataclass(frozen=True, kw_only=True)
class Cancelled:
    """The job was cancelled."""


Event: TypeAlias = Queued | Step | ImageDone | Finished | Failed | Cancelled
