"""One training loop for the three networks: Pocket's own trainee; the average of the weights ships; resumable."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from dashboard.pocket.train.budgets import Phase
from dashboard.pocket.train.team import Team
from dashboard.pocket.train.trainee import Trainee

KEEP_EVERY = 100  # steps between states on disk

Loss = Callable[[nn.Module, np.random.Generator], Tensor]


def train(network: nn.Module, loss: Loss, *, file: Path, work: Path, steps: int) -> None:
    """Train to `steps` and write the averaged weights, float16, to `file`; goes on from the state kept in `work`."""
    state_file = work / f"{file.stem}.pt"
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    phase = Phase(steps=steps, batch_size=16, learning_rate=2e-3, cooldown=0.7)
    trainee = Trainee([network], phase, Team())
    if state_file.exists():
        trainee.load_state_dict(torch.load(state_file, weights_only=True))
    shown: list[float] = []
    while trainee.step < steps:
        with torch.autocast("cpu", dtype=torch.bfloat16):  # twice as fast on one core
            value = loss(network, np.random.default_rng((5, trainee.step)))
        trainee.update(value)
        shown.append(value.item())
        if trainee.step % KEEP_EVERY == 0 or trainee.step == steps:
            print(f"{file.stem} {trainee.step} of {steps}: loss {np.mean(shown):.4f}", flush=True)
            shown.clear()
            torch.save(trainee.state_dict(), state_file.with_suffix(".new"))
            state_file.with_suffix(".new").replace(state_file)
            trainee.swap_average()
            _ship(network, file)
            trainee.swap_average()


def _ship(network: nn.Module, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: weight.detach().half().contiguous() for name, weight in network.named_parameters()}, file)
    file.chmod(0o644)
