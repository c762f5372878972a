"""From latents to the picture that people see, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

from dashboard.engine.networks import Networks

if TYPE_CHECKING:
    from dashboard.engine.models import LoadedModel


def decode_rgb(model: LoadedModel, networks: Networks, latents: Tensor) -> tuple[npt.NDArray[np.uint8], bool]:
    """Latents (1, C, h, w) to (H, W, 3) uint8, and whether the model's safety checker made it black.

    FloatingPointError if the numbers overflowed.
    """
    pixels = networks.decode(latents)[0]  # (3, H, W)
    if not torch.isfinite(pixels).all():
        raise FloatingPointError(f"the numbers became too large for {str(networks.dtype).removeprefix('torch.')}")
    rgb = (pixels / 2 + 0.5).clamp(0, 1).mul(255).round().to(torch.uint8).movedim(0, -1).cpu().numpy()
    checker = model.safety_checker
    filtered = checker is not None and checker.refuses(Image.fromarray(rgb))
    return np.ascontiguousarray(np.zeros_like(rgb) if filtered else rgb), filtered


def as_pixels(picture: Image.Image) -> Tensor:
    """A picture as the VAE reads it: (1, 3, H, W) float32, -1 to 1."""
    rgb = np.array(picture.convert("RGB"), dtype=np.float32)  # (H, W, 3)
    return torch.from_numpy(rgb).movedim(-1, 0)[None] / 127.5 - 1
