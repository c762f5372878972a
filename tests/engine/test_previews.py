"""The rough look at latents follows what the decoder would show."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

from dashboard.engine.previews import fit_preview

COLOURS = torch.tensor([[0.3, 0.0, 0.1], [0.0, 0.2, 0.0], [0.1, 0.1, 0.4], [0.0, -0.2, 0.1]])  # (C, 3)


def linear_decoder(latents: torch.Tensor) -> torch.Tensor:
    pixels = torch.einsum("bchw,ck->bkhw", latents, COLOURS) + 0.1
    return functional.interpolate(pixels, scale_factor=4)


def test_a_linear_decoder_is_found_exactly():
    preview = fit_preview(linear_decoder, 4)
    latents = torch.randn((1, 4, 8, 8), generator=torch.Generator().manual_seed(1)) * 0.4
    shown = np.asarray(preview.image(latents), dtype=float)
    expected = ((linear_decoder(latents)[0, :, ::4, ::4] / 2 + 0.5).clamp(0, 1) * 255).movedim(0, -1).numpy()
    assert shown.shape == (8, 8, 3)
    assert np.abs(shown - expected).max() < 12  # the fit saw clipped colours


def test_loud_latents_are_scaled_to_be_seen():
    preview = fit_preview(linear_decoder, 4)
    latents = torch.randn((1, 4, 8, 8), generator=torch.Generator().manual_seed(1))
    quiet, loud = (np.asarray(preview.image(latents * factor)) for factor in (1, 14))
    assert np.abs(quiet.astype(int) - loud.astype(int)).mean() < 5
