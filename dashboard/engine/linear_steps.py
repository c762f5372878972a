"""Scheduler steps of many images as one tensor operation.

A scheduler without fresh noise and without clipping is linear: the next latents are a weighted sum of the latents and
predictions of the last few steps. The weights depend on the scheduler, the number of steps and the place among them,
and on nothing else. So they are read off diffusers' own scheduler, which is run once over unit vectors: what comes out
are the weights. Images with other schedulers, steps and places then share one weighted sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

LOOK_BACK = 5  # steps: PNDM remembers four predictions, and leaves out that of its second
NEGLIGIBLE = 1e-6  # a weight that rounding left where there is none


@dataclass(frozen=True)
class StepTable:
    """What a scheduler does at each of its S steps."""

    scales: tuple[float, ...]  # (S,): what the latents are multiplied with before the U-Net sees them
    weights: Tensor  # (S, 2 * LOOK_BACK) float32: of latents and prediction at this step, at the one before, ...
    timesteps: tuple[float, ...]  # (S,)


def read_table(scheduler: Any) -> StepTable | None:
    """The table of a fresh scheduler whose timesteps are set, or None if it is not linear or looks back further.

    Uses the scheduler up.
    """
    config = scheduler.config
    if any(config.get(name) for name in ("clip_sample", "thresholding")):
        return None
    count = len(scheduler.timesteps)
    basis = torch.eye(2 * count, dtype=torch.float32)[:, None, :, None, None]  # each (1, 2S, 1, 1)
    weights = torch.zeros(count, 2 * LOOK_BACK)
    scales = []
    for index, timestep in enumerate(scheduler.timesteps):
        latents, prediction = basis[2 * index], basis[2 * index + 1]
        scales.append(float(scheduler.scale_model_input(torch.ones(1, 1, 1, 1), timestep)))
        following = scheduler.step(prediction, timestep, latents, return_dict=False)[0].flatten()
        newest_first = following.view(count, 2).flip(0)[count - 1 - index :]  # (index + 1, 2)
        if (newest_first[LOOK_BACK:].abs() > NEGLIGIBLE).any():
            return None  # UniPC's corrected latents go back to the first step
        kept = newest_first[:LOOK_BACK].flatten()
        weights[index, : len(kept)] = kept
    return StepTable(tuple(scales), weights, tuple(float(t) for t in scheduler.timesteps))


def guide(predictions: Sequence[Tensor], scales: Sequence[float]) -> Tensor:
    """Classifier-free guidance of many images: (1 or 2, C, h, w) each, unconditional first -> (N, C, h, w)."""
    unconditional = torch.stack([rows[0] for rows in predictions])
    conditional = torch.stack([rows[-1] for rows in predictions])
    by = torch.tensor(scales, dtype=torch.float32, device=conditional.device)[:, None, None, None]
    guided = unconditional + by * (conditional - unconditional)
    single = torch.tensor([len(rows) == 1 for rows in predictions], device=conditional.device)[:, None, None, None]
    return torch.where(single, conditional, guided)


def step_together(latents: Tensor, predictions: Tensor, past: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """The next latents (N, C, h, w), and what the step after will look back on.

    `latents` and guided `predictions`: (N, C, h, w); `past`: (N, 2 * LOOK_BACK - 2, C, h, w), newest first, zeros
    before the first step; `weights`: (N, 2 * LOOK_BACK), a row of each image's table.
    """
    seen = torch.cat([latents[:, None], predictions[:, None], past], dim=1)
    following = (weights.to(seen.device)[:, :, None, None, None] * seen).sum(dim=1)
    return following, seen[:, :-2]
