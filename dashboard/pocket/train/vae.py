"""Phase one: the autoencoder that turns 64 x 64 pictures into 16 x 16 x 4 latents and back."""

from collections.abc import Iterator

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch.nn import functional as F

from dashboard.pocket.train.data import to_pixels
from dashboard.pocket.train.trainee import Trainee

KL_WEIGHT = 1e-6  # latent diffusion's own: enough to keep the latents from drifting apart


def train_vae(trainee: Trainee, images: np.ndarray, device: torch.device) -> Iterator[dict[str, float]]:
    """Runs until the phase's steps are done; yields losses (pixel values in -1 .. 1) after each step."""
    (vae,) = trainee.modules
    assert isinstance(vae, AutoencoderKL)
    while trainee.step < trainee.phase.steps:
        rng = np.random.default_rng((1, trainee.step))
        torch.manual_seed(trainee.step * 1000 + trainee.team.rank)
        picked = trainee.team.share(rng.integers(len(images), size=trainee.phase.batch_size))
        pixels = to_pixels(images[picked]).to(device)
        posterior = vae.encode(pixels).latent_dist
        decoded = vae.decode(posterior.sample()).sample
        pixel_loss = F.mse_loss(decoded, pixels)
        edge_loss = _edge_difference(decoded, pixels)
        kl = posterior.kl().mean()
        # Squared error alone blurs; the absolute terms keep edges, and the edge term weighs them twice.
        trainee.update(2 * pixel_loss + F.l1_loss(decoded, pixels) + edge_loss + KL_WEIGHT * kl)
        yield {"psnr_db": psnr_db(pixel_loss.item()), "edge": edge_loss.item(), "kl": kl.item()}


def psnr_db(mse: float) -> float:
    """Peak signal-to-noise ratio; pixel values span 2."""
    return float(10 * np.log10(4 / max(mse, 1e-12)))


def _edge_difference(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Mean absolute difference of the two pictures' horizontal and vertical slopes."""
    return F.l1_loss(a.diff(dim=-1), b.diff(dim=-1)) + F.l1_loss(a.diff(dim=-2), b.diff(dim=-2))


@torch.no_grad()
def encode_all(
    vae: AutoencoderKL, images: np.ndarray, device: torch.device, batch: int = 100
) -> Iterator[torch.Tensor]:
    """Latent means, unscaled, float16: (batch, 4, 16, 16) at a time."""
    for start in range(0, len(images), batch):
        yield vae.encode(to_pixels(images[start : start + batch]).to(device)).latent_dist.mode().half().cpu()
