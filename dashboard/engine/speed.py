"""What an operator may switch on to draw faster, each with its effect on the image. All are off by default.

By default equal requests give equal bytes: float32 products are not shortened (TF32 off, for convolutions too, where
torch has it on), cuDNN takes deterministic kernels, the U-Net always runs a fixed number of rows, the VAE decodes one
image at a time, and attention is torch's fused one (SDPA), as in diffusers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import torch

from dashboard.engine.openvino_unet import is_installed

Effect = Literal["the same up to rounding", "slightly different"]
GPU_ROWS = (8,)  # U-Net rows a call on a graphics card
GPU_BUCKETS = (2, 4, 8, 16)  # the same with "buckets"


@dataclass(frozen=True, kw_only=True)
class Switch:
    """One way to be faster."""

    what: str  # a sentence
    effect: Effect  # on the image, against the same request with all switches off
    where: Literal["gpu", "cpu", "anywhere"] = "gpu"


SWITCHES: Mapping[str, Switch] = MappingProxyType(
    {
        "vector-steps": Switch(
            what="All images' scheduler steps are one tensor operation.",
            effect="the same up to rounding",
            where="anywhere",
        ),
        "openvino": Switch(
            what="On a processor, the U-Net of a model of Stable Diffusion 1.x's shape runs in OpenVINO.",
            effect="the same up to rounding",
            where="cpu",
        ),
        "channels-last": Switch(
            what="Pictures lie in memory place by place, as a graphics card's convolutions like them.",
            effect="the same up to rounding",
        ),
        "buckets": Switch(
            what="The U-Net runs 2, 4, 8 or 16 rows, whichever fits, instead of always 8.",
            effect="the same up to rounding",
        ),
        "compile": Switch(
            what="The U-Net is compiled for each number of rows and replayed as a CUDA graph; the first use is slow.",
            effect="the same up to rounding",
        ),
        "tf32": Switch(
            what="Float32 products keep 10 bits of their fractions instead of 23.", effect="slightly different"
        ),
    }
)


def check(names: Collection[str]) -> frozenset[str]:
    """The switches by name; ValueError for one that there is not, or whose package is missing."""
    unknown = sorted(set(names) - set(SWITCHES))
    if unknown:
        raise ValueError(f"There is no speed switch {unknown[0][:40]!r}; there are {', '.join(SWITCHES)}.")
    if "openvino" in names and not is_installed():
        raise ValueError("The speed switch 'openvino' needs its package: pip install -r requirements-openvino.txt.")
    return frozenset(names)


def usable(names: Collection[str], device: str) -> frozenset[str]:
    """Those that mean something on this device."""
    here = "cpu" if device == "cpu" else "gpu"
    return frozenset(name for name in names if SWITCHES[name].where in (here, "anywhere"))


def set_backends(names: Collection[str]) -> None:
    """Tell torch, for the whole process, how exact products must be."""
    torch.backends.cuda.matmul.allow_tf32 = "tf32" in names
    torch.backends.cudnn.allow_tf32 = "tf32" in names
    torch.backends.cudnn.deterministic = True
