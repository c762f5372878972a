"""The code that the first laboratory shows is the code that it runs: its source is printed on the page."""

from __future__ import annotations

import torch

Shape = tuple[int, int, int, int]
Pair = tuple[torch.Tensor, torch.Tensor]


def seeded_twice(seed: int, shape: Shape) -> Pair:
    """Seed the generator before each draw."""
    generator = torch.Generator("cpu")
    tensor1 = torch.randn(shape, generator=generator.manual_seed(seed))
    tensor2 = torch.randn(shape, generator=generator.manual_seed(seed))
    return tensor1, tensor2


def seeded_once(seed: int, shape: Shape) -> Pair:
    """Seed it once, then draw twice."""
    generator = torch.Generator("cpu").manual_seed(seed)
    tensor1 = torch.randn(shape, generator=generator)
    tensor2 = torch.randn(shape, generator=generator)
    return tensor1, tensor2
