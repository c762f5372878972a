"""Phase two: the U-Net and the text encoder learn to predict the noise in a latent, given its caption."""

from collections.abc import Iterator

import numpy as np
import torch
from diffusers import UNet2DConditionModel
from transformers import CLIPTextModel, CLIPTokenizer

from dashboard.pocket.model import build_scheduler
from dashboard.pocket.train.data import worded
from dashboard.pocket.train.trainee import Trainee
from dashboard.pocket.world.subjects import Cast

SNR_CAP = 5.0


def train_diffusion(
    trainee: Trainee, latents: torch.Tensor, tokenizer: CLIPTokenizer, cast: Cast, device: torch.device
) -> Iterator[dict[str, float]]:
    """`latents` are scaled, float16, (N, 4, 16, 16). Yields the plain noise-prediction error after each step."""
    unet, text_encoder = trainee.modules
    assert isinstance(unet, UNet2DConditionModel) and isinstance(text_encoder, CLIPTextModel)
    alphas_cumprod = build_scheduler().alphas_cumprod.to(device)
    snr = alphas_cumprod / (1 - alphas_cumprod)
    # Min-SNR weighting (Hang et al. 2023, arXiv 2303.09556): nearly clean latents count less, the middle more.
    weights = snr.clamp(max=SNR_CAP) / snr
    size = trainee.phase.batch_size
    while trainee.step < trainee.phase.steps:
        rng = np.random.default_rng((2, trainee.step))
        generator = torch.Generator().manual_seed(trainee.step)
        share = trainee.team.share
        picked = share(rng.integers(len(latents), size=size))
        clean = latents[torch.from_numpy(picked)].float().to(device)
        noise = share(torch.randn((size, *clean.shape[1:]), generator=generator)).to(device)
        timesteps = share(_spread_timesteps(size, len(snr), rng)).to(device)
        level = alphas_cumprod[timesteps].view(-1, 1, 1, 1)
        noisy = level.sqrt() * clean + (1 - level).sqrt() * noise
        wording = np.random.default_rng((3, trainee.step, trainee.team.rank))
        tokens = tokenizer(worded(picked, cast, wording), padding="max_length", truncation=True, return_tensors="pt")
        with torch.autocast(device.type, torch.bfloat16, enabled=trainee.phase.bfloat16):
            words = text_encoder(tokens.input_ids.to(device)).last_hidden_state
            predicted = unet(noisy, timesteps, words).sample
        errors = (predicted.float() - noise).square().mean(dim=(1, 2, 3))
        trainee.update((weights[timesteps] * errors).mean())
        yield {"noise_mse": errors.mean().item(), "weighted": (weights[timesteps] * errors).mean().item()}


def _spread_timesteps(count: int, steps: int, rng: np.random.Generator) -> torch.Tensor:
    """One random timestep in each of `count` equal parts of the schedule: less variance than free draws."""
    return torch.from_numpy(((rng.permutation(count) + rng.random(count)) / count * steps).astype(np.int64))
