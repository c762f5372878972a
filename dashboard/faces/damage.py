"""Ways to damage a picture, each with its strength: what the restorer learns to undo, and what a learner may try."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter


@dataclass(frozen=True, kw_only=True)
class Damage:
    """Done in the order of the fields. The same seed gives the same noise."""

    blur: float = 0.0  # standard deviation of a Gaussian, pixels
    shrink: float = 1.0  # made smaller by this factor and larger again
    noise: float = 0.0  # standard deviation of normal noise, of 255
    seed: int = 0

    def __post_init__(self) -> None:
        for name, low, high in (("blur", 0, 16), ("shrink", 1, 16), ("noise", 0, 128)):
            if not low <= getattr(self, name) <= high:
                raise ValueError(f"The {name} must be from {low} to {high}.")


def damaged(picture: Image.Image, damage: Damage) -> Image.Image:
    """The picture (RGB) with the damage done; its size stays."""
    if damage.blur:
        picture = picture.filter(ImageFilter.GaussianBlur(damage.blur))
    if damage.shrink > 1:
        small = (max(1, round(picture.width / damage.shrink)), max(1, round(picture.height / damage.shrink)))
        picture = picture.resize(small, Image.Resampling.BOX).resize(picture.size, Image.Resampling.BICUBIC)
    if damage.noise:
        noise = np.random.default_rng(damage.seed).normal(0, damage.noise, (picture.height, picture.width, 3))
        picture = Image.fromarray(np.clip(np.asarray(picture) + noise, 0, 255).round().astype(np.uint8))
    return picture
