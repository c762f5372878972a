"""What both phases share: a network in training, its optimisers, learning-rate schedule, average and state."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from dashboard.pocket.train.budgets import Phase
from dashboard.pocket.train.optimizer import build_optimizers
from dashboard.pocket.train.team import Team


class Trainee:
    """Modules trained together, the first at the full rate; `average`, their exponential moving average, ships."""

    def __init__(self, modules: Sequence[nn.Module], phase: Phase, team: Team) -> None:
        self.modules = list(modules)
        self.phase = phase
        self.team = team
        self.step = 0
        self.optimizers = build_optimizers(self.modules[0], self.modules[1:], team)
        self.average = [parameter.detach().clone() for parameter in self._parameters()]

    def _parameters(self) -> list[nn.Parameter]:
        return [parameter for module in self.modules for parameter in module.parameters()]

    def learning_rate(self) -> float:
        """Linear warm-up, a plateau, then a linear fall to a fiftieth over the last `cooldown` of the steps."""
        phase = self.phase
        falling = phase.steps * phase.cooldown
        left = (phase.steps - self.step) / max(falling, 1)
        return phase.learning_rate * min(1.0, (self.step + 1) / phase.warmup_steps, max(0.02, left))

    def update(self, loss: torch.Tensor) -> None:
        """One optimiser step on `loss`, gradients clipped to norm 1."""
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)
        loss.backward()
        parameters = self._parameters()
        self.team.average_gradients(parameters)
        nn.utils.clip_grad_norm_(parameters, 1.0)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = self.learning_rate() * group["share"]
            optimizer.step()
        self.step += 1
        decay = min(self.phase.ema_decay, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(self.average, [p.detach() for p in parameters], 1 - decay)

    def swap_average(self) -> None:
        """Exchange the weights with their average; call again to go on training."""
        with torch.no_grad():
            for parameter, mean in zip(self._parameters(), self.average, strict=True):
                kept = parameter.clone()
                parameter.copy_(mean)
                mean.copy_(kept)

    def state_dict(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "modules": [module.state_dict() for module in self.modules],
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "average": self.average,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.step = state["step"]
        for module, weights in zip(self.modules, state["modules"], strict=True):
            module.load_state_dict(weights)
        for optimizer, kept in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(kept)
        with torch.no_grad():
            for mean, kept in zip(self.average, state["average"], strict=True):
                mean.copy_(kept)
