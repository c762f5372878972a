"""Low-rank changes to a network's weights that train in its place: W + B A (Hu et al. 2021, LoRA, arXiv:2106.09685)."""

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn.utils import parametrize


class LowRank(nn.Module):
    """The change to one weight (out, in) or (out, in, k, k): `up` (out, rank) times `down` (rank, in * k * k).

    It is nothing at first: `up` begins at zero.
    """

    def __init__(self, weight: torch.Tensor, rank: int) -> None:
        super().__init__()
        out, inner = weight.flatten(1).shape
        self.kernel = weight.shape[1:]
        self.down = nn.Parameter(torch.randn(rank, inner) / inner**0.5)
        self.up = nn.Parameter(torch.zeros(out, rank))

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        return weight + (self.up @ self.down).view_as(weight)

    def tensors(self) -> dict[str, torch.Tensor]:
        """`lora_A` and `lora_B` as diffusers names and shapes them: (rank, in, k, k) and (out, rank, 1, 1)."""
        ones = (1,) * (len(self.kernel) - 1)
        return {
            "lora_A": self.down.detach().reshape(-1, *self.kernel),
            "lora_B": self.up.detach().reshape(*self.up.shape, *ones),
        }


def attach(network: nn.Module, rank: int) -> dict[str, LowRank]:
    """Freeze the network and give each matrix and convolution of at least `rank` rows a change, by its name."""
    network.requires_grad_(False)
    changes = {}
    for name, layer in list(network.named_modules()):
        if isinstance(layer, (nn.Linear, nn.Conv2d)) and layer.weight.shape[0] >= rank:
            changes[name] = LowRank(layer.weight, rank)
            parametrize.register_parametrization(layer, "weight", changes[name])
    return changes


def add_changes(network: nn.Module, file: Path) -> None:
    """Add what `save_changes` wrote to the network's weights, in place. ValueError for a change to no layer of it."""
    tensors = load_file(file)
    with torch.no_grad():
        for name, layer in network.named_modules():
            down, up = (tensors.pop(f"unet.{name}.{part}.weight", None) for part in ("lora_A", "lora_B"))
            if down is not None and up is not None:
                layer.weight += (up.float().flatten(1) @ down.float().flatten(1)).view_as(layer.weight)
    if tensors:
        raise ValueError(f"{file.name} changes {next(iter(tensors))}, which this network does not have.")


def save_changes(changes: dict[str, LowRank], file: Path, made_with: Mapping[str, object]) -> None:
    """In half precision, as diffusers' `load_lora_weights` reads it; alpha is the rank. `origin` reads `made_with`."""
    file.parent.mkdir(parents=True, exist_ok=True)
    named = {
        f"unet.{name}.{part}.weight": tensor.half().contiguous()
        for name, change in changes.items()
        for part, tensor in change.tensors().items()
    }
    save_file(named, file, metadata={key: str(value) for key, value in made_with.items()})
    file.chmod(0o644)


def origin(file: Path) -> dict[str, str]:
    """What a file of changes says of its making."""
    with safe_open(file, "pt") as opened:
        return dict(opened.metadata() or {})
