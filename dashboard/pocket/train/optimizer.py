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

    def __init__(self, parameters: Iterable[nn.Parameter], lr: float, team: Team, momentum: float = 0.95) -> None:
        by_cost = sorted(parameters, key=lambda parameter: -parameter.numel() * min(parameter.flatten(1).shape))
        super().__init__(by_cost, {"lr": lr, "momentum": momentum})
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
    """(m, n) -> about the nearest semi-orthogonal matrix: singular values end near 1."""
    a, b, c = 3.4445, -4.7750, 2.0315
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / (x.norm() + 1e-7)
    for _ in range(5):
        gram = x @ x.T
        x = a * x + torch.addmm(gram, gram, gram, beta=b, alpha=c) @ x
    return x.T if tall else x


def build_optimizers(modules: Sequence[nn.Module], lr: float, team: Team) -> list[torch.optim.Optimizer]:
    """Hidden matrices to Muon; embeddings, biases, norms and thin layers (fewer than 8 rows) to AdamW."""
    matrices: list[nn.Parameter] = []
    rest: list[nn.Parameter] = []
    for module in modules:
        embedded = {id(p) for m in module.modules() if isinstance(m, nn.Embedding) for p in m.parameters()}
        for parameter in module.parameters():
            is_matrix = parameter.ndim >= 2 and id(parameter) not in embedded and parameter.shape[0] >= 8
            (matrices if is_matrix else rest).append(parameter)
    return [Muon(matrices, lr, team), torch.optim.AdamW(rest, lr, betas=(0.9, 0.99), weight_decay=0.0)]
