"""`python -m dashboard.faces.train detector|restorer|recogniser --work DIR`: stop it at will, it goes on from there."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from dashboard.faces import shipped
from dashboard.faces.networks import Detector, Recogniser, Restorer
from dashboard.faces.train.budget import SCENES, STEPS
from dashboard.faces.train.lessons import FindFaces, RecogniseFaces, RestoreFaces
from dashboard.faces.train.loop import Loss, train
from dashboard.faces.train.scenes import TrainingSet, training_set

LESSONS: dict[str, Callable[[TrainingSet], tuple[nn.Module, Loss]]] = {
    "detector": lambda scenes: (Detector(), FindFaces(scenes)),
    "restorer": lambda scenes: (Restorer(), RestoreFaces(scenes)),
    "recogniser": lambda scenes: (Recogniser(), RecogniseFaces(scenes)),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m dashboard.faces.train", description=__doc__)
    parser.add_argument("network", choices=sorted(STEPS))
    parser.add_argument("--work", type=Path, required=True, help="keeps scenes and states, outside the repository")
    parser.add_argument("--out", type=Path, default=shipped.FOLDER)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    scenes = training_set(arguments.work, **SCENES)
    network, loss = LESSONS[arguments.network](scenes)
    steps = arguments.steps or STEPS[arguments.network]
    file = arguments.out / f"{arguments.network}.safetensors"
    train(network, loss, file=file, work=arguments.work, steps=steps)


if __name__ == "__main__":
    main()
