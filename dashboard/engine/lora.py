"""Adding a LoRA to a U-Net's weights: W + (alpha / rank) B A (Hu et al. 2021, LoRA, arXiv:2106.09685).

Fused once, in float32, when the model is loaded; then the model is as fast as before, and no other library is needed.
Both ways of naming are read: kohya's ("lora_unet_..." with lora_down, lora_up, alpha) and diffusers' ("unet. ..." with
lora_A, lora_B, and alpha = rank).
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import torch
from torch import Tensor, nn

from dashboard.engine.errors import ModelUnavailable
from dashboard.engine.safetensors_header import check_safetensors

_DOWN = (".lora_down.weight", ".lora_A.weight")
_UP = (".lora_up.weight", ".lora_B.weight")
_ALPHA = (".alpha",)


def add_lora(unet: nn.Module, file: Path) -> None:
    """Change the weights in place. `ModelUnavailable`, one sentence, if any part of the file does not fit the U-Net."""
    from safetensors.torch import load_file

    check_safetensors(file)
    changes = _by_layer(load_file(file), file.name)
    layers = {_flat(name): module for name, module in unet.named_modules()}
    with torch.no_grad():
        for name, parts in changes.items():
            layer = layers.get(name)
            if not isinstance(layer, (nn.Linear, nn.Conv2d)) or not {"down", "up"} <= set(parts):
                raise ModelUnavailable(f"{file.name} does not fit this model: it changes {name[:60]}.")
            change = _product(parts["down"].float(), parts["up"].float())
            if change.shape != layer.weight.shape:
                raise ModelUnavailable(f"{file.name} does not fit this model: {name[:60]} has another size.")
            rank = len(parts["down"])
            scale = float(parts.get("alpha", torch.tensor(float(rank)))) / rank
            layer.weight.add_(scale * change)  # `+=` would register it anew, which another thread's loading patches


def _by_layer(tensors: dict[str, Tensor], file: str) -> dict[str, dict[str, Tensor]]:
    changes: dict[str, dict[str, Tensor]] = defaultdict(dict)
    for name, tensor in tensors.items():
        for part, endings in (("down", _DOWN), ("up", _UP), ("alpha", _ALPHA)):
            ending = next((end for end in endings if name.endswith(end)), None)
            if ending is None:
                continue
            layer = _flat(name.removesuffix(ending))
            prefix = next((p for p in ("lora_unet_", "unet_") if layer.startswith(p)), None)
            if prefix is None:
                raise ModelUnavailable(f"{file} changes more than the U-Net ({name[:60]}), which is not supported.")
            changes[layer.removeprefix(prefix)][part] = tensor
            break
        else:
            raise ModelUnavailable(f"{file} is not a LoRA: it holds {name[:60]}.")
    return changes


def _product(down: Tensor, up: Tensor) -> Tensor:
    """B A: for a linear layer (out, rank) (rank, in); for a convolution (out, rank, 1, 1) and (rank, in, k, k)."""
    return (up.flatten(1) @ down.flatten(1)).reshape(len(up), *down.shape[1:])


def _flat(name: str) -> str:
    return name.replace(".", "_")
