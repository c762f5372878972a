"""The shipped networks, loaded once: safetensors only."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TypeVar

import torch
from safetensors.torch import load_file
from torch import nn

from dashboard.building import built_once
from dashboard.faces.networks import Detector, Recogniser, Restorer

FOLDER = Path(__file__).parent / "weights"
N = TypeVar("N", bound=nn.Module)


@built_once
def detector() -> Detector:
    return loaded(Detector, FOLDER / "detector.safetensors")


@built_once
def restorer() -> Restorer:
    return loaded(Restorer, FOLDER / "restorer.safetensors")


@built_once
def recogniser() -> Recogniser:
    return loaded(Recogniser, FOLDER / "recogniser.safetensors")


def loaded(kind: type[N], file: Path) -> N:
    """The network with the file's weights, in float32, ready to use. Networks without state: safe for many threads."""
    network = kind()
    network.load_state_dict({name: tensor.to(torch.float32) for name, tensor in load_file(file).items()})
    return network.eval().requires_grad_(False)


def weights_sha256() -> str:
    """One checksum over the three files, by name."""
    digest = hashlib.sha256()
    for file in sorted(FOLDER.glob("*.safetensors")):
        digest.update(file.read_bytes())
    return digest.hexdigest()
