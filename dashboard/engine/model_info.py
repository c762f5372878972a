"""What is known about a model without loading it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

SAFETY_NOTES: Mapping[str, str] = {
    "on": "Its safety checker looks at every finished picture, not at the rough previews; it errs both ways.",
    "off": "The operator has switched its safety checker off.",
    "none": "It brings no safety checker: nothing looks at its pictures.",
    "unknown": "Whether it brings a safety checker is known once it is here.",
}


@dataclass(frozen=True, kw_only=True)
class ModelInfo:
    """One model that the operator listed, whether or not it can run here."""

    id: str
    name: str
    source: str  # folder, or hub id
    lora: str  # file or hub id of changes to its weights; else empty
    available: bool
    reason: str  # a sentence: why it cannot run here, or what to know before its first use; else empty
    native_size: int  # pixels a side
    min_size: int
    max_size: int
    size_multiple: int  # height and width must be multiples of it
    latent_channels: int
    vae_scale_factor: int  # pixels a latent place, a side
    default_steps: int
    default_guidance_scale: float
    default_scheduler: str  # a key of SCHEDULERS
    distilled: bool  # it learned to draw in that few steps and without guidance: more of either is not its way
    device: str  # "cpu", "cuda", ...
    dtype: str  # what "default" means for it: "float32", "bfloat16" or "float16"
    licence: str
    restrictions: str  # a sentence: what the licence forbids whoever uses it
    what_it_is: str  # a sentence
    what_it_is_not: str  # a sentence
    suits: str  # which lessons
    download_gb: float | None  # gigabytes; None: not known, or nothing is downloaded
    memory_gb: float | None  # gigabytes on a graphics card, about; None: not known
    safety: Literal["on", "off", "none", "unknown"]  # its safety checker; unknown until its folder is here
    pipeline: str  # in diffusers
    speed: tuple[str, ...]  # switches that are on: see `speed.SWITCHES`
    prompt_tokens: int  # that it reads, its start and end markers included
    text_width: int  # numbers in the embedding of one token

    @property
    def latent_side(self) -> int:
        """Latent places a side, at the native size."""
        return self.native_size // self.vae_scale_factor

    @property
    def safety_note(self) -> str:
        """A sentence on its safety checker."""
        return SAFETY_NOTES[self.safety]
