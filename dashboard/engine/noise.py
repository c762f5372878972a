"""Initial noise. Each image has its own generator, so its noise never depends on neighbours.

The generator is the CPU's, unless a request asks for the model's device (`noise_device="model"`), as notebooks do with
`torch.Generator(device=device)`: there the same seed gives other noise, and other noise again on another kind of card.
"""

from __future__ import annotations

import torch

from dashboard.engine.requests import ImageRequest


def initial_noise(seed: int, shape: tuple[int, int, int, int]) -> torch.Tensor:
    """Standard normal float32 noise of `shape`, as `torch.Generator("cpu").manual_seed(seed)` draws it first."""
    return torch.randn(shape, generator=_generator(seed), dtype=torch.float32)


def noise_and_generator(
    request: ImageRequest, shape: tuple[int, int, int, int], device: str
) -> tuple[torch.Tensor, torch.Generator]:
    """The request's initial noise (1, C, h, w), and the generator from which its scheduler draws further noise.

    `device`: where the model computes.

    As in plain diffusers with `generator=torch.Generator("cpu").manual_seed(seed)`: the generator that drew the initial
    noise goes on; where the latents were given directly, it starts fresh.
    """
    generator = _generator(request.seed, device if request.noise_device == "model" else "cpu")
    if request.latents is not None:
        return request.latents.tensor(), generator
    return torch.randn(shape, generator=generator, device=generator.device, dtype=torch.float32), generator


def slerp(a: torch.Tensor, b: torch.Tensor, t: float) -> torch.Tensor:
    """Spherical interpolation from `a` (t = 0) to `b` (t = 1), any equal shapes (Shoemake 1985).

    Noise of many dimensions lies near a sphere; a straight line would leave it, and the image would go grey.
    Nearly parallel ends fall back to the straight line.
    """
    cosine = torch.dot(a.flatten(), b.flatten()) / (a.norm() * b.norm())
    angle = torch.arccos(cosine.clamp(-1, 1))
    if torch.isnan(angle) or angle.sin() < 1e-4:
        return (1 - t) * a + t * b
    return (torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b) / angle.sin()


def _generator(seed: int, device: str = "cpu") -> torch.Generator:
    return torch.Generator(device).manual_seed(seed)
