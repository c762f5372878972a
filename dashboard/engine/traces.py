"""What a traced run held at each step: the latents before it and the U-Net's predictions. All else follows from them.

| here            | in the papers                                                                   |
|-----------------|---------------------------------------------------------------------------------|
| `latents`       | x_t (or z_t): signal_scale * x0 + noise_scale * noise                           |
| `conditional`   | epsilon(x_t, c), the noise predicted with the prompt                            |
| `unconditional` | epsilon(x_t), with the empty or the negative prompt                             |
| `noise`         | the guided prediction: Ho and Salimans 2022, arXiv:2207.12598, equation 6       |
| `predicted_original` | x0 as guessed now: Ho et al. 2020, arXiv:2006.11239, equation 4 solved for x0 |

Tensors are float32 on the CPU, (1, C, h, w), and must not be changed.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from dashboard.engine.requests import ImageRequest
from dashboard.engine.schedulers import SCHEDULERS

MAX_TRACED_BYTES = 64_000_000  # a job: at 512 px with guidance, two images of 150 steps or sixteen of 20


@dataclass(frozen=True, kw_only=True, eq=False)
class StepTrace:
    """One scheduler step, as it was before it was taken."""

    step: int  # 0, 1, ...
    timestep: int  # 0 .. 999; counts down from noisy to clean
    latents: Tensor  # as the scheduler holds them
    unconditional: Tensor | None  # None: without guidance (w <= 1) it is not computed
    conditional: Tensor
    guidance_scale: float  # w
    signal_scale: float  # latents = signal_scale * x0 + noise_scale * noise
    noise_scale: float

    @property
    def noise(self) -> Tensor:
        """The noise prediction that the scheduler steps with: unconditional + w * (conditional - unconditional)."""
        if self.unconditional is None:
            return self.conditional
        return self.unconditional + self.guidance_scale * (self.conditional - self.unconditional)

    @property
    def predicted_original(self) -> Tensor:
        """The clean latents that the noise prediction implies."""
        return (self.latents - self.noise_scale * self.noise) / self.signal_scale

    @property
    def unit_latents(self) -> Tensor:
        """The latents as the U-Net reads them, whatever the scheduler: variance about 1."""
        return self.latents / math.hypot(self.signal_scale, self.noise_scale)

    @property
    def alpha_cumprod(self) -> float:
        """Share of the signal in the variance, abar, 0 (noise) to 1 (clean)."""
        return self.signal_scale**2 / (self.signal_scale**2 + self.noise_scale**2)

    def with_guidance(self, guidance_scale: float) -> StepTrace:
        """One-step what-if: the stored pair recombined with another w, without a U-Net call; earlier steps stay.

        w = 0 is the unconditional prediction and w = 1 the conditional one. ValueError if the run had no guidance.
        """
        if self.unconditional is None:
            raise ValueError("This run had no guidance, so there is no unconditional prediction to recombine.")
        return dataclasses.replace(self, guidance_scale=guidance_scale)


@dataclass(frozen=True, kw_only=True, eq=False)
class Trace:
    """All steps of one image, in the order taken, and the latents that were decoded at the end."""

    steps: tuple[StepTrace, ...]
    latents: Tensor

    @property
    def nbytes(self) -> int:
        tensors = [t for s in self.steps for t in (s.latents, s.unconditional, s.conditional) if t is not None]
        return sum(tensor.nbytes for tensor in (*tensors, self.latents))


def kept(tensor: Tensor) -> Tensor:
    """A copy that holds on to nothing else."""
    return tensor.detach().to("cpu", torch.float32, copy=True).contiguous()


def as_noise(prediction: Tensor, latents: Tensor, signal_scale: float, noise_scale: float, kind: str) -> Tensor:
    """The U-Net's prediction as a noise prediction: it is one, or a velocity.

    Velocity: Salimans and Ho 2022, arXiv:2202.00512, v = a * noise - s * x0 with a^2 + s^2 = 1.
    """
    if kind == "epsilon":
        return prediction
    size = math.hypot(signal_scale, noise_scale)
    return signal_scale / size * prediction + noise_scale / size * (latents / size)


def check_traced_bytes(requests: Sequence[ImageRequest], shapes: Sequence[tuple[int, ...]]) -> None:
    """ValueError, one sentence, if these images' traces would take too much memory. `shapes`: of their latents."""
    total = 0
    for request, shape in zip(requests, shapes, strict=True):
        steps = request.num_inference_steps * SCHEDULERS[request.scheduler].evaluations_per_step + 1  # PNDM: one more
        tensors = steps * (3 if request.guided else 2) + 1
        total += 4 * math.prod(shape) * tensors
    if total > MAX_TRACED_BYTES:
        raise ValueError(
            f"Keeping every step of this run would take {total / 1e6:.0f} MB, and {MAX_TRACED_BYTES / 1e6:.0f} MB is "
            "the most; ask for fewer images or steps."
        )
