"""Muon for the weight matrices, AdamW for the rest.

Muon (Jordan et al. 2024, kellerjordan.github.io/posts/muon) replaces a momentum matrix by its nearest
semi-orthogonal one, found by five Newton-Schulz iterations; convolutions count as (out, in * k * k).
The 0.2 * sqrt(max(m, n)) factor gives its updates Adam's typical size (Liu et al. 2025, arXiv 2502.16982),
so both halves share one learning rate.
"""

from collections.abc import Iterable, Sequence

import torch
from torch import nn

from dashboard.pocket.train.team import Team


class Muon(torch.optim.Optimizer):
    """Each member of a team orthogonalises its share of the matrices; every member applies all of them."""

    def __init__(self, parameters: Iterable[nn.Parameter], team: Team, momentum: float = 0.95) -> None:
        by_cost = sorted(parameters, key=lambda parameter: -parameter.numel() * min(parameter.flatten(1).shape))
        super().__init__(by_cost, {"lr": 0.0, "share": 1.0, "momentum": momentum})
        self.team = team

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        for group in self.param_groups:
            updates = [self._update(index, p, group["momentum"]) for index, p in enumerate(group["params"])]
            self.team.add_up(updates)
            for parameter, update in zip(group["params"], updates, strict=True):
                scale = 0.2 * max(update.shape) ** 0.5
                parameter.add_(update.view_as(parameter), alpha=-group["lr"] * scale)

    def _update(self, index: int, parameter: nn.Parameter, decay: float) -> torch.Tensor:
        """The orthogonalised Nesterov momentum, or zeros where another member works it out."""
        gradient = parameter.grad if parameter.grad is not None else torch.zeros_like(parameter)
        state = self.state[parameter]
        if not state:
            state["momentum"] = torch.zeros_like(parameter)
        momentum = state["momentum"].lerp_(gradient, 1 - decay)
        if index % self.team.size != self.team.rank:
            return torch.zeros_like(parameter).flatten(1)
        return orthogonalised(gradient.lerp(momentum, decay).flatten(1))


def orthogonalised(matrix: torch.Tensor) -> torch.Tensor:
    """(m, n) -> about the nearest semi-orthogonal matrix: singular values end near 1.

    An iteration multiplies the matrix by a polynomial of its Gram matrix, so all five happen in the small Gram matrix
    and the large one is touched twice, not ten times.
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / (x.norm() + 1e-7)
    gram = x @ x.T
    product = identity = torch.eye(len(gram), device=gram.device, dtype=gram.dtype)
    for _ in range(5):
        factor = a * identity + torch.addmm(gram, gram, gram, beta=b, alpha=c)
        product = factor @ product
        gram = factor @ gram @ factor
    x = product @ x
    return x.T if tall else x


def build_optimizers(network: nn.Module, gentle: Sequence[nn.Module], team: Team) -> list[torch.optim.Optimizer]:
    """The network's matrices to Muon, its biases, norms and thin layers (fewer than 8 rows) to AdamW.

    `gentle` modules go to AdamW whole, at a quarter of the rate: Muon's steps are as long where the gradient is mostly
    chance as where it is not, and a text encoder that wanders so is a moving target for the U-Net.
    """
    matrices: list[nn.Parameter] = []
    rest: list[nn.Parameter] = []
    for parameter in network.parameters():
        (matrices if parameter.ndim >= 2 and parameter.shape[0] >= 8 else rest).append(parameter)
    groups = [{"params": rest, "share": 1.0}]
    if gentle:
        groups.append({"params": [p for module in gentle for p in module.parameters()], "share": 0.25})
    return [Muon(matrices, team), torch.optim.AdamW(groups, betas=(0.9, 0.99), weight_decay=0.0)]
