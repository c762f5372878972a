"""A rough look at latents while they are denoised: a linear map from channels to colours, fitted once a model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

PLACES = 16  # latent places a side of the samples that the map is fitted on
SAMPLES = 6
SEED = 0


@dataclass(frozen=True)
class Preview:
    """Colour of one latent place = its channels, times `weight`, plus `bias`; -1 to 1."""

    weight: Tensor  # (C, 3) float32, CPU
    bias: Tensor  # (3,)

    def image(self, latents: Tensor) -> Image.Image:
        """One pixel a latent place, (1, C, h, w) -> h x w picture. Latents noisier than unit variance are scaled."""
        places = latents[0].float().cpu().movedim(0, -1)  # (h, w, C)
        places = places / places.std().clamp(min=1.0)
        colours = places @ self.weight + self.bias
        pixels = (colours / 2 + 0.5).clamp(0, 1).mul(255).round().to(torch.uint8)
        return Image.fromarray(np.ascontiguousarray(pixels.numpy()))


def fit_preview(decode: Callable[[Tensor], Tensor], channels: int) -> Preview:
    """Least squares from latents to the decoder's own colours, averaged over each place's pixels.

    `decode`: (1, C, h, w) -> (1, 3, H, W). The samples are smooth noise: neighbouring latents of a picture resemble
    each other, and a decoder answers white noise with mush.
    """
    generator = torch.Generator().manual_seed(SEED)
    rows, colours = [], []
    for sample in range(SAMPLES):
        coarse = 2 + 2 * sample
        noise = torch.randn((1, channels, coarse, coarse), generator=generator)
        latents = functional.interpolate(noise, size=(PLACES, PLACES), mode="bicubic")
        pixels = decode(latents).cpu().clamp(-1, 1)
        rows.append(latents[0].flatten(1).T)  # (places, C)
        colours.append(functional.adaptive_avg_pool2d(pixels, PLACES)[0].flatten(1).T)  # (places, 3)
    known = torch.cat(rows)
    known = torch.cat([known, torch.ones(len(known), 1)], dim=1)
    solution = torch.linalg.lstsq(known, torch.cat(colours)).solution  # (C + 1, 3)
    return Preview(solution[:-1].contiguous(), solution[-1].contiguous())
