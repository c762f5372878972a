"""What can be measured of a set of weights alone: its size, its hash, its arithmetic, its autoencoder."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import StableDiffusionPipeline
from torch.utils.flop_counter import FlopCounterMode

from dashboard.pocket.train.data import load_world, to_pixels, training_scene
from dashboard.pocket.world.render import render

UNSEEN_SCENES = 500


@dataclass(frozen=True)
class Part:
    name: str
    parameters: int
    megabytes: float


def parts(pipeline: StableDiffusionPipeline, folder: Path) -> list[Part]:
    networks = {"unet": "U-Net", "vae": "Autoencoder (VAE)", "text_encoder": "Text encoder"}
    return [
        Part(
            label,
            sum(parameter.numel() for parameter in getattr(pipeline, name).parameters()),
            sum(path.stat().st_size for path in (folder / name).glob("*.safetensors")) / 1e6,
        )
        for name, label in networks.items()
    ]


def file_sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def weights_sha256(folder: Path) -> str:
    """One hash over every weight file, in the order of their names."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.safetensors")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


@torch.no_grad()
def gflop_per_row(pipeline: StableDiffusionPipeline) -> float:
    """One pass of the U-Net over one latent; a multiplication and an addition count as two operations."""
    unet = pipeline.unet
    side = unet.config.sample_size
    words = torch.zeros(1, pipeline.tokenizer.model_max_length, unet.config.cross_attention_dim)
    with FlopCounterMode(display=False) as counter:
        unet(torch.zeros(1, unet.config.in_channels, side, side), 1, words)
    return counter.get_total_flops() / 1e9


@torch.no_grad()
def reconstruction_psnr(pipeline: StableDiffusionPipeline, trained_on: int) -> tuple[float, float]:
    """Mean PSNR in dB of the autoencoder's round trip over scenes it never saw, and its 95% half interval."""
    world = load_world()
    values = []
    for start in range(trained_on, trained_on + UNSEEN_SCENES, 50):
        scenes = [training_scene(index, world.cast) for index in range(start, start + 50)]
        pixels = to_pixels(np.stack([np.asarray(render(scene, world.cast, world.art).image) for scene in scenes]))
        decoded = pipeline.vae.decode(pipeline.vae.encode(pixels).latent_dist.mode()).sample.clamp(-1, 1)
        errors = (decoded - pixels).square().mean(dim=(1, 2, 3))
        values += (10 * torch.log10(4 / errors)).tolist()
    return float(np.mean(values)), float(1.96 * np.std(values) / len(values) ** 0.5)
