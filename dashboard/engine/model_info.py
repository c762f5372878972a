"""What is known about a model without loading it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ModelInfo:
    """One model that the operator listed, whether or not it can run here."""

    id: str
    name: str
    source: str  # folder, or hub id
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
    device: str  # "cpu", "cuda", ...
    dtype: str  # what "default" means for it: "float32" or "float16"
    licence: str
    what_it_is: str  # a sentence
    what_it_is_not: str  # a sentence
    prompt_tokens: int  # that it reads, its start and end markers included
    text_width: int  # numbers in the embedding of one token

    @property
    def latent_side(self) -> int:
        """Latent places a side, at the native size."""
        return self.native_size // self.vae_scale_factor
