"""A picture through Pocket's autoencoder and back: what every picture that Pocket draws has gone through."""

from __future__ import annotations

from typing import Any

import torch
from PIL import Image

from dashboard.building import built_once
from dashboard.faces.crops import to_pictures, to_tensor
from dashboard.pocket import WEIGHTS_FOLDER

LATENT_PX = 4  # Pocket's: pixels to a side of one latent
STABLE_DIFFUSION_LATENT_PX = 8


def through_latents(pictures: list[Image.Image]) -> list[Image.Image]:
    """RGB pictures of one size (sides in multiples of LATENT_PX) -> latents -> pictures; no chance in it."""
    vae = _vae()
    with torch.inference_mode():
        latents = vae.encode(to_tensor(pictures)).latent_dist.mode()
        return to_pictures(vae.decode(latents).sample)


def latents_across(box_px: tuple[float, float], latent_px: int = LATENT_PX) -> float:
    """How many latents (places of the grid) a box of this width and height covers."""
    return box_px[0] * box_px[1] / latent_px**2


@built_once
def _vae() -> Any:
    # From its own file: two threads that first ask the package itself for a class can fail.
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL

    vae = AutoencoderKL.from_pretrained(
        WEIGHTS_FOLDER / "vae", use_safetensors=True, local_files_only=True, torch_dtype=torch.float32
    )
    return vae.eval()
