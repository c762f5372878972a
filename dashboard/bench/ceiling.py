"""What a machine could do at best, measured: one large matrix product, over and over."""

from __future__ import annotations

import time

import torch
from torch.utils.flop_counter import FlopCounterMode

from dashboard.bench.random_model import Shape, networks

SIDE_GPU, SIDE_CPU, REPEATS = 8192, 1024, 10


def matrix_flops(device: str, dtype: str) -> float:
    """Operations a second of a square matrix product: the best of some runs, as a ceiling is."""
    side = SIDE_CPU if device == "cpu" else SIDE_GPU
    left, right = (torch.randn(side, side, device=device).to(getattr(torch, dtype)) for _ in range(2))
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        product = left @ right
        product[0, 0].item()  # waits until a graphics card is done
        seconds.append(time.perf_counter() - start)
    return 2 * side**3 / min(seconds)


def pass_flops(shape: Shape) -> tuple[float, float]:
    """Operations of one U-Net row and of one decoded picture, counted by torch on shapes alone."""
    side, channels = shape.unet["sample_size"], 4
    with torch.device("meta"):
        parts = networks(shape)
        latents = torch.empty(1, channels, side, side)
        text = torch.empty(1, shape.tokens, shape.unet["cross_attention_dim"])
        with torch.no_grad(), FlopCounterMode(display=False) as row:
            parts["unet"](latents, torch.zeros(1), text)
        with torch.no_grad(), FlopCounterMode(display=False) as picture:
            parts["vae"].decode(latents)
    return float(row.get_total_flops()), float(picture.get_total_flops())
