"""What a few-step model learns from: the teacher's guided ways from noise to image, drawn once and kept on disk."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline

from dashboard.pocket.train.data import worded
from dashboard.pocket.world.subjects import Cast

CHUNK = 50  # paths a file
FEW = 4  # steps of the model that learns
GUIDANCE = 5.0  # what it has built in: the lessons' default


def trailing(scheduler_config: dict[str, object]) -> DDIMScheduler:
    """DDIM whose first step is at the noisiest timestep (Lin et al. 2023, arXiv:2305.08891)."""
    return DDIMScheduler.from_config(scheduler_config, timestep_spacing="trailing")


def captions_of(chunk: int, cast: Cast) -> list[str]:
    """The prompts of a chunk's paths: freshly worded captions of training scenes, a few of them empty."""
    indices = np.arange(chunk * CHUNK, (chunk + 1) * CHUNK)
    return worded(indices, cast, np.random.default_rng((7, chunk)), empty_share=0.02)


def draw_paths(folder: Path, count: int, teacher: StableDiffusionPipeline, steps: int, cast: Cast) -> Iterator[int]:
    """Fill `folder` with `count` paths, a file a chunk; files that are there stay. Yields the count after each new one.

    `teacher` holds a trailing scheduler. Its `steps` are a multiple of FEW; each path keeps the latents at FEW + 1
    moments, the noise first: float16 (CHUNK, FEW + 1, 4, 16, 16).
    """
    folder.mkdir(parents=True, exist_ok=True)
    for chunk in range(count // CHUNK):
        file = folder / f"{steps}-{chunk:05d}.npy"
        if not file.exists():
            partial = folder / "partial.npy"
            np.save(partial, _paths(teacher, captions_of(chunk, cast), chunk, steps))
            partial.replace(file)
            yield (chunk + 1) * CHUNK


def load_paths(folder: Path, count: int, steps: int) -> torch.Tensor:
    """float16 (count, FEW + 1, 4, 16, 16)."""
    return torch.from_numpy(
        np.concatenate([np.load(folder / f"{steps}-{chunk:05d}.npy") for chunk in range(count // CHUNK)])
    )


def _paths(teacher: StableDiffusionPipeline, prompts: Sequence[str], chunk: int, steps: int) -> np.ndarray:
    config = teacher.unet.config
    shape = (len(prompts), config.in_channels, config.sample_size, config.sample_size)
    noise = torch.randn(shape, generator=torch.Generator().manual_seed(2_000_000 + chunk))
    moments = [noise]

    def keep(_pipeline: object, step: int, _timestep: int, state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        if (step + 1) % (steps // FEW) == 0:
            moments.append(state["latents"].cpu())
        return {}

    teacher(
        list(prompts),
        latents=noise,
        num_inference_steps=steps,
        guidance_scale=GUIDANCE,
        output_type="latent",
        callback_on_step_end=keep,
    )
    return torch.stack(moments, dim=1).half().numpy()
