"""The shipped networks, loaded once (safetensors only), and the thread in which they compute."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from dashboard.building import built_once
from dashboard.faces.networks import Detector, Recogniser, Restorer
from dashboard.threads import use_here

FOLDER = Path(__file__).parent / "weights"
N = TypeVar("N", bound=nn.Module)
T = TypeVar("T")


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


def computed(network: Callable[[Tensor], T], pictures: Tensor) -> T:
    """What the network says. On one processor thread, whoever asks: more add up in another order, to other bits.

    Callers wait for one another; a crop takes milliseconds.
    """
    return _alone().submit(_compute, network, pictures).result()


def _compute(network: Callable[[Tensor], T], pictures: Tensor) -> T:
    with torch.inference_mode():
        return network(pictures)


@built_once
def _alone() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "faces", initializer=use_here, initargs=(1,))


def weights_sha256() -> str:
    """One checksum over the three files, by name."""
    digest = hashlib.sha256()
    for file in sorted(FOLDER.glob("*.safetensors")):
        digest.update(file.read_bytes())
    return digest.hexdigest()
